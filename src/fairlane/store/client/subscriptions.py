"""Connections for pub/sub that notice a half-open peer.

The client's own health check sends a PING but never misses the answer, and a read timeout would
end a channel that is merely quiet. So silence is answered with a PING here, and silence after
that ends the connection.
"""

from __future__ import annotations

import asyncio
from typing import Any

from valkey.asyncio.connection import AbstractConnection
from valkey.exceptions import TimeoutError as ValkeyTimeoutError

from .sending import TcpConnection, TlsConnection, UnixConnection

PING_AFTER_S = 4.0
ANSWER_WITHIN_S = 4.0
_PING = b"fairlane-alive"
_PONGS: tuple[object, ...] = ([b"pong", _PING], _PING)


class _Watched(AbstractConnection):
    """Reads of pub/sub messages raise TimeoutError if the peer does not answer a PING."""

    _heard_at: float | None = None
    _asked_at: float | None = None

    async def read_response(
        self,
        disable_decoding: bool = False,
        timeout: float | None = None,
        *,
        disconnect_on_error: bool = True,
        push_request: bool | None = False,
    ) -> Any:
        """The next reply; for pub/sub (`push_request`), None when nothing came within `timeout`."""
        if not push_request:
            self._heard_at = self._asked_at = None
            return await super().read_response(disable_decoding, timeout, disconnect_on_error=disconnect_on_error)
        clock = asyncio.get_running_loop().time
        give_up_at = None if timeout is None else clock() + timeout
        while True:
            if self._heard_at is None:
                self._heard_at = clock()
            alarm_at = self._asked_at + ANSWER_WITHIN_S if self._asked_at else self._heard_at + PING_AFTER_S
            until = alarm_at if give_up_at is None else min(alarm_at, give_up_at)
            wait_s = max(0.0, until - clock())
            reply = await super().read_response(disable_decoding, wait_s, disconnect_on_error=disconnect_on_error)
            if reply is not None:
                self._heard_at, self._asked_at = clock(), None
                if reply not in _PONGS:
                    return reply
            elif clock() >= alarm_at:
                await self._ask_or_end()
            if give_up_at is not None and clock() >= give_up_at:
                return None

    async def _ask_or_end(self) -> None:
        if self._asked_at is None:
            await self.send_command("PING", _PING, check_health=False)
            self._asked_at = asyncio.get_running_loop().time()
            return
        self._heard_at = self._asked_at = None
        await self.disconnect(nowait=True)
        raise ValkeyTimeoutError(f"no answer to a PING from {self._host_error()}")


class WatchedConnection(_Watched, TcpConnection):
    """Over TCP."""


class WatchedSSLConnection(_Watched, TlsConnection):
    """Over TLS."""


class WatchedUnixConnection(_Watched, UnixConnection):
    """Over a unix socket."""
