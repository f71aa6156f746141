"""Connections to the store, with explicit timeouts and without hidden retries."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from valkey.asyncio import Valkey
from valkey.asyncio.connection import AbstractConnection, ConnectionPool
from valkey.asyncio.retry import Retry
from valkey.backoff import NoBackoff

from ..urls import ServerUrl
from .sending import CommandConnection, TcpConnection, TlsConnection, UnixConnection
from .subscriptions import WatchedConnection, WatchedSSLConnection, WatchedUnixConnection

CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 5.0
_DEAD_PEER_MS = 10_000


def connector(url: ServerUrl) -> Callable[[], CommandConnection]:
    """Makes connections for commands, not yet connected."""
    options = _options(url, watched=False)
    kind: type[CommandConnection] = options.pop("connection_class")
    return lambda: kind(**options)


def command_client(url: ServerUrl) -> Valkey:
    """A client for single commands. Lost commands raise; nothing is sent twice."""
    return Valkey.from_pool(ConnectionPool(**_options(url, watched=False)))


def subscriber_client(url: ServerUrl) -> Valkey:
    """A client for pub/sub. Its reads wait as long as the store answers pings."""
    return Valkey.from_pool(ConnectionPool(**_options(url, watched=True)))


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
