"""Bounds on what the holder of one token can keep open, so that the server has room for others."""

from __future__ import annotations

from typing import NamedTuple

from ...model.token import Token, TokenKind
from ...rest.problems import TOO_MANY_REQUESTS, HttpError

_RETRY_AFTER = (b"retry-after", b"1")
_CLOSE = (b"connection", b"close")


class Most(NamedTuple):
    """The most requests in progress, the most of them that are streams, and the most open connections."""

    requests: int
    streams: int
    connections: int


MOST = {
    TokenKind.TENANT: Most(requests=100, streams=50, connections=200),
    TokenKind.MONITOR: Most(requests=100, streams=50, connections=200),
    # Two long polls for each process of the workers.
    TokenKind.WORKER: Most(requests=1_000, streams=0, connections=1_500),
    TokenKind.ADMIN: Most(requests=500, streams=200, connections=750),
}


FEWEST = min(min(most.requests, most.streams or most.requests) for most in MOST.values())
"""Below this number no bound is near, and the busiest path does not look at them."""


class Connection:
    """A connection to the server. It belongs to the token of its last request."""

    __slots__ = ("load", "token_name")

    def __init__(self) -> None:
        self.token_name: str | None = None
        self.load: Load | None = None
        """Counts this connection, if it belongs to a token."""

    def closed(self) -> None:
        """The connection has ended."""
        if self.load is not None:
            self.load.release(self)


class Load:
    """Counts the connections of each token, and its requests in progress with long polls and streams."""

    def __init__(self) -> None:
        self._requests: dict[str, int] = {}
        """By the name of the token, as `_streams`."""
        self._streams: dict[str, int] = {}
        self._connections: dict[str, int] = {}

    def hold(self, connection: Connection, token: Token) -> None:
        """Count the connection for the token of its request. Raises HttpError 429 if the token has too many."""
        if connection.token_name == token.name:
            return
        count = self._connections.get(token.name, 0)
        if count >= (most := MOST[token.kind].connections):
            raise _too_many(f"{most} connections", _CLOSE)
        self.release(connection)
        self._connections[token.name] = count + 1
        connection.token_name, connection.load = token.name, self

    def release(self, connection: Connection) -> None:
        """Forget a connection."""
        if connection.token_name is not None:
            _count_down(self._connections, connection.token_name)
            connection.token_name = connection.load = None

    def connections_of(self, name: str) -> int:
        """How many open connections belong to the token with this name."""
        return self._connections.get(name, 0)

    def requests_of(self, name: str) -> int:
        """How many requests of the token with this name are in progress."""
        return self._requests.get(name, 0)

    def begin(self, token: Token, *, streams: bool) -> None:
        """Count a request. Raises HttpError 429 if the token has too many; then do not call `end`."""
        name = token.name
        count = self._requests.get(name, 0)
        if count >= FEWEST and count >= (most := MOST[token.kind].requests):
            raise _too_many(f"{most} requests in progress")
        if streams:
            if (open_ones := self._streams.get(name, 0)) >= (most := MOST[token.kind].streams):
                raise _too_many(f"{most} streams")
            self._streams[name] = open_ones + 1
        self._requests[name] = count + 1

    def end(self, token: Token, *, streams: bool) -> None:
        """Forget a request that `begin` counted."""
        _count_down(self._requests, token.name)
        if streams:
            _count_down(self._streams, token.name)


def _count_down(counts: dict[str, int], name: str) -> None:
    left = counts[name] - 1
    if left:
        counts[name] = left
    else:
        del counts[name]


def _too_many(what: str, *headers: tuple[bytes, bytes]) -> HttpError:
    detail = f"This token has {what}, the most that it may have: wait until one ends."
    return HttpError(TOO_MANY_REQUESTS, detail, (_RETRY_AFTER, *headers))
