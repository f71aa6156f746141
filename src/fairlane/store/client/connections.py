"""Connections to the store, with explicit timeouts and without hidden retries."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from typing import Any

from valkey.asyncio import Valkey
from valkey.asyncio.connection import AbstractConnection, ConnectionPool
from valkey.asyncio.retry import Retry
from valkey.backoff import NoBackoff
from valkey.exceptions import ResponseError
from valkey.exceptions import TimeoutError as ValkeyTimeoutError

from ..urls import ServerUrl
from .sending import TcpConnection, TlsConnection, UnixConnection
from .subscriptions import WatchedConnection, WatchedSSLConnection, WatchedUnixConnection

CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 5.0
MAX_CONNECTIONS = 64
_DEAD_PEER_MS = 10_000

Command = tuple[str | bytes | int | float, ...]
"""A command's name and its arguments."""


def command_pool(url: ServerUrl) -> BoundedPool:
    """Connections for commands. Lost commands raise; nothing is sent twice."""
    return BoundedPool(max_connections=MAX_CONNECTIONS, **_options(url, watched=False))


def subscriber_client(url: ServerUrl) -> Valkey:
    """A client for pub/sub. Its reads wait as long as the store answers pings."""
    return Valkey.from_pool(ConnectionPool(**_options(url, watched=True)))


class BoundedPool(ConnectionPool):
    """A pool whose callers wait for a free connection once `max_connections` are in use.

    Releasing a connection never suspends, so that a cancelled caller cannot leak one.
    """

    def __init__(self, max_connections: int, **options: Any) -> None:
        super().__init__(**options)
        self._free = asyncio.Semaphore(max_connections)

    async def get_connection(self, command_name: object, *keys: object, **options: object) -> AbstractConnection:
        """A connected connection. Raises the client's TimeoutError if none gets free in time."""
        try:
            async with asyncio.timeout(READ_TIMEOUT_S):
                await self._free.acquire()
        except TimeoutError:
            raise ValkeyTimeoutError("no free connection to the store") from None
        connection: AbstractConnection = self.get_available_connection()  # type: ignore[no-untyped-call]
        try:
            await self.ensure_connection(connection)
        except BaseException:
            await self.release(connection)
            raise
        return connection

    async def exchange(self, commands: Sequence[Command]) -> list[Any]:
        """The replies to commands sent in one write, as they came; the errors of single commands are among them.

        What the client's pipeline does, in far fewer steps. Raises valkey's ConnectionError and TimeoutError.
        """
        connection = await self.get_connection("")
        try:
            await connection.send_packed_command([part for c in commands for part in connection.pack_command(*c)])
            return [await _reply(connection) for _ in commands]
        finally:
            await self.release(connection)

    async def release(self, connection: AbstractConnection) -> None:
        """Return a connection to the pool."""
        await super().release(connection)
        self._free.release()


async def _reply(connection: AbstractConnection) -> Any:
    try:
        return await connection.read_response()
    except ResponseError as error:
        return error


def _options(url: ServerUrl, *, watched: bool) -> dict[str, Any]:
    kind: type[AbstractConnection]
    options: dict[str, Any] = {
        "db": url.database,
        "username": url.username,
        "password": url.password,
        "socket_timeout": READ_TIMEOUT_S,
        "socket_connect_timeout": CONNECT_TIMEOUT_S,
        "retry": Retry(NoBackoff(), 0),
        "decode_responses": False,
        "lib_name": None,
        "lib_version": None,
    }
    if url.path is not None:
        kind = WatchedUnixConnection if watched else UnixConnection
        return options | {"connection_class": kind, "path": url.path}
    options |= {
        "host": url.host,
        "port": url.port,
        "socket_keepalive": True,
        "socket_keepalive_options": _keepalive_options(),
    }
    if url.tls:
        kind = WatchedSSLConnection if watched else TlsConnection
        return options | url.tls_files | {"connection_class": kind, "ssl_check_hostname": True}
    return options | {"connection_class": WatchedConnection if watched else TcpConnection}


def _keepalive_options() -> dict[int, int]:
    """Have the kernel give up on a peer that has been silent, or has acknowledged nothing, for about 10 s."""
    wanted = {"TCP_KEEPIDLE": 4, "TCP_KEEPINTVL": 2, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": _DEAD_PEER_MS}
    return {getattr(socket, name): value for name, value in wanted.items() if hasattr(socket, name)}
