"""Connections to the store, with explicit timeouts and without hidden retries."""

from __future__ import annotations

import socket
from collections.abc import AsyncGenerator, Callable
from typing import Any

from valkey.asyncio import Valkey
from valkey.asyncio.connection import AbstractConnection, ConnectionPool
from valkey.asyncio.retry import Retry
from valkey.backoff import NoBackoff

from ..urls import SentinelUrl, ServerUrl
from .sending import CommandConnection, TcpConnection, TlsConnection, UnixConnection
from .sentinels import PrimaryTcp, PrimaryTls, Sentinels, WatchedPrimaryTcp, WatchedPrimaryTls
from .subscriptions import WatchedConnection, WatchedSSLConnection, WatchedUnixConnection

CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 5.0
_DEAD_PEER_MS = 10_000


class Connections:
    """Makes connections to one store."""

    def __init__(self, url: ServerUrl | SentinelUrl) -> None:
        self._url = url
        self._sentinels = Sentinels(url) if isinstance(url, SentinelUrl) else None

    def connector(self) -> Callable[[], CommandConnection]:
        """Makes connections for commands, not yet connected."""
        options = self._options(watched=False)
        kind: type[CommandConnection] = options.pop("connection_class")
        return lambda: kind(**options)

    def command_client(self) -> Valkey:
        """A client for single commands. Lost commands raise; nothing is sent twice."""
        return Valkey.from_pool(ConnectionPool(**self._options(watched=False)))

    def subscriber_client(self) -> Valkey:
        """A client for pub/sub. Its reads wait as long as the store answers pings."""
        return Valkey.from_pool(ConnectionPool(**self._options(watched=True)))

    async def moves(self) -> AsyncGenerator[tuple[str, int]]:
        """The address of each primary that follows another one. None without Sentinels."""
        if self._sentinels is not None:
            async for primary in self._sentinels.moves():
                yield primary

    async def close(self) -> None:
        """Close the connections to Sentinels."""
        if self._sentinels is not None:
            await self._sentinels.close()

    def _options(self, *, watched: bool) -> dict[str, Any]:
        if isinstance(self._url, ServerUrl):
            return _server_options(self._url, watched=watched)
        options = _server_options(self._url.server, watched=watched)
        del options["host"], options["port"]
        if self._url.server.tls:
            kind: type[AbstractConnection] = WatchedPrimaryTls if watched else PrimaryTls
        else:
            kind = WatchedPrimaryTcp if watched else PrimaryTcp
        return options | {"connection_class": kind, "sentinels": self._sentinels}


def _server_options(url: ServerUrl, *, watched: bool) -> dict[str, Any]:
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
