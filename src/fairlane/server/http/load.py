"""Bounds on what the holder of one token can keep open, so that the server has room for others."""

from __future__ import annotations

from typing import NamedTuple

from ...model.token import Token, TokenKind
from ...rest.problems import TOO_MANY_REQUESTS, HttpError

_RETRY_AFTER = ((b"retry-after", b"1"),)


class Most(NamedTuple):
    """The most requests in progress, and the most of them that are streams."""

    requests: int
    streams: int


MOST = {
    TokenKind.TENANT: Most(requests=100, streams=50),
    TokenKind.MONITOR: Most(requests=100, streams=50),
    TokenKind.WORKER: Most(requests=1_000, streams=0),  # two long polls for each process of the workers
    TokenKind.ADMIN: Most(requests=500, streams=200),
}


FEWEST = min(min(most.requests, most.streams or most.requests) for most in MOST.values())
"""Below this number no bound is near, and the busiest path does not look at them."""


class Load:
    """Counts the requests in progress of each token, with its long polls and streams.

    A connection carries one request at a time, so this bounds connections too, except idle ones, which end after
    a minute.
    """

    def __init__(self) -> None:
        self._requests: dict[str, int] = {}
        """By the name of the token, as `_streams`."""
        self._streams: dict[str, int] = {}

    def requests_of(self, name: str) -> int:
        """How many requests of the token with this name are in progress."""
        return self._requests.get(name, 0)

    def begin(self, token: Token, *, streams: bool) -> None:
        """Count a request. Raises HttpError 429 if the token has too many; then do not call `end`."""
        name = token.name
        count = self._requests.get(name, 0)
        if count >= FEWEST and count >= (most := MOST[token.kind].requests):
            raise _too_many(f"{most} requests")
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


def _too_many(what: str) -> HttpError:
    detail = f"This token has {what} in progress, the most that it may have: wait until one ends."
    return HttpError(TOO_MANY_REQUESTS, detail, _RETRY_AFTER)
