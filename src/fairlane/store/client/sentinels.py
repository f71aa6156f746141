"""Finds the primary of a service by asking its Sentinels: for each connection, and once a second."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any

from valkey.asyncio.connection import AbstractConnection
from valkey.asyncio.retry import Retry
from valkey.asyncio.sentinel import MasterNotFoundError, Sentinel
from valkey.backoff import NoBackoff
from valkey.exceptions import ConnectionError as ValkeyConnectionError
from valkey.exceptions import ReadOnlyError, ResponseError

from ..urls import SentinelUrl
from .sending import TcpConnection, TlsConnection
from .subscriptions import WatchedConnection, WatchedSSLConnection

ANSWER_WITHIN_S = 1.0
"""How long one Sentinel may take. The next one is asked then."""
ASK_EVERY_S = 1.0

Address = tuple[str, int]

_CLIENT = re.compile(r"<[^,]*host=([^,]*),port=(\d+)[^-]*> - ")
"""How the client names a Sentinel in its errors."""


class Sentinels:
    """The Sentinels of one service."""

    def __init__(self, url: SentinelUrl) -> None:
        self._service = url.service
        options: dict[str, Any] = {
            "socket_timeout": ANSWER_WITHIN_S,
            "socket_connect_timeout": ANSWER_WITHIN_S,
            "username": url.sentinel_username,
            "password": url.sentinel_password,
            "retry": Retry(NoBackoff(), 0),
        }
        if url.server.tls:
            options |= url.server.tls_files | {"ssl": True, "ssl_check_hostname": True}
        self._client = Sentinel(list(url.sentinels), sentinel_kwargs=options)  # type: ignore[no-untyped-call]

    async def primary(self) -> Address:
        """The address of the primary. Raises the client's ConnectionError if no Sentinel names one."""
        try:
            host, port = await self._client.discover_master(self._service)
        except MasterNotFoundError as error:
            reasons = _CLIENT.sub(r"\1:\2 - ", str(error).partition(" : ")[2])
            raise ValkeyConnectionError(
                f"no Sentinel names a primary of {self._service!r} that is up" + (f": {reasons}" if reasons else "")
            ) from None
        except ResponseError as error:
            raise ValkeyConnectionError(f"a Sentinel answered: {error}") from None
        return host, port

    async def moves(self) -> AsyncGenerator[Address]:
        """The address of each primary that follows another one, within about a second."""
        last: Address | None = None
        while True:
            before = last
            with suppress(ValkeyConnectionError, OSError):
                last = await self.primary()
            if last is not None and before not in (None, last):
                yield last
            await asyncio.sleep(ASK_EVERY_S)

    async def close(self) -> None:
        """Close the connections to the Sentinels."""
        for client in self._client.sentinels:
            await client.aclose()


class _ToPrimary(AbstractConnection):
    """Asks the Sentinels for the primary when it connects, and asks the server whether it is one."""

    host: str
    port: int

    def __init__(self, *, sentinels: Sentinels, **options: Any) -> None:
        super().__init__(**options)
        self._sentinels = sentinels

    async def connect(self) -> None:
        """Connect to the primary. Raises ReadOnlyError if the server that the Sentinels name is a replica."""
        if self.is_connected:
            return
        self.host, self.port = await self._sentinels.primary()
        await super().connect()  # type: ignore[no-untyped-call]

    async def on_connect(self) -> None:
        await super().on_connect()
        await self.send_command("HELLO", check_health=False)
        fields = await self.read_response()
        if dict(zip(fields[::2], fields[1::2], strict=True)).get(b"role") != b"master":
            raise ReadOnlyError(f"{self.host}:{self.port} is a replica")


class PrimaryTcp(_ToPrimary, TcpConnection):
    """For commands, over TCP."""


class PrimaryTls(_ToPrimary, TlsConnection):
    """For commands, over TLS."""


class WatchedPrimaryTcp(_ToPrimary, WatchedConnection):
    """For pub/sub, over TCP."""


class WatchedPrimaryTls(_ToPrimary, WatchedSSLConnection):
    """For pub/sub, over TLS."""
