"""Connections whose writes can be cancelled.

The client writes within `asyncio.wait_for`, which on Python 3.11 swallows a cancellation that comes
as the write ends: the caller then goes on as if it had not been cancelled.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import libvalkey
from valkey.asyncio.connection import AbstractConnection, Connection, SSLConnection, UnixDomainSocketConnection
from valkey.exceptions import ConnectionError as ValkeyConnectionError
from valkey.exceptions import TimeoutError as ValkeyTimeoutError


class CommandConnection(AbstractConnection):
    """Writes within `asyncio.timeout`, which tells its own end from a cancellation."""

    def pack_command(self, *args: Any) -> list[bytes]:
        """The bytes of a command, whose name may be of two words."""
        return [libvalkey.pack_command((*args[0].split(), *args[1:]))]

    def detach(self) -> asyncio.StreamWriter:
        """The open stream, which the client then forgets."""
        writer, self._reader, self._writer = self._writer, None, None
        if writer is None:
            raise ValkeyConnectionError("the connection was closed")
        return writer

    async def send_packed_command(self, command: bytes | str | Iterable[bytes], check_health: bool = True) -> None:
        """Write a packed command. No health check is made, since none of our connections has an interval for it."""
        if not self.is_connected:
            await self.connect()  # type: ignore[no-untyped-call]
        encoded = command.encode() if isinstance(command, str) else command
        try:
            if self._writer is None:
                raise ValkeyConnectionError("the connection was closed")
            async with asyncio.timeout(self.socket_timeout):
                self._writer.writelines([encoded] if isinstance(encoded, bytes) else encoded)
                await self._writer.drain()
        except BaseException as error:
            # Half a command may have been written, so the connection cannot be used again.
            await self.disconnect(nowait=True)
            if isinstance(error, TimeoutError):
                raise ValkeyTimeoutError(f"the store took no data for {self.socket_timeout} s") from None
            if isinstance(error, OSError):
                raise ValkeyConnectionError(f"writing to the store failed: {error}") from error
            raise


class TcpConnection(CommandConnection, Connection):
    """Over TCP."""


class TlsConnection(CommandConnection, SSLConnection):
    """Over TLS."""


class UnixConnection(CommandConnection, UnixDomainSocketConnection):
    """Over a unix socket."""
