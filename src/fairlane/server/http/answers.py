"""Responses, and how they are sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

import msgspec

from ...model.errors import FairlaneError, Unauthorized
from ...rest.problems import INTERNAL, PROBLEM_TYPE, HttpError, problem_of

Header = tuple[bytes, bytes]
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

CONNECTION = "fairlane.connection"
"""The key of a scope under which the protocol puts the request's `load.Connection`."""
JSON_TYPE = b"application/json"
_VARY: Header = (b"vary", b"authorization, cookie")
NOSNIFF: Header = (b"x-content-type-options", b"nosniff")
_NO_STORE: Header = (b"cache-control", b"no-store")
_BEARER: Header = (b"www-authenticate", b"Bearer")
_PROBLEM_TYPE = PROBLEM_TYPE.encode()
PIECE_BYTES = 64 * 1024
"""A larger body is written in pieces of this size, each when the client has read enough, so that a connection never
holds a copy of the whole."""
_encoder = msgspec.json.Encoder()


class Answer:
    """A whole response, which browsers and proxies must not store."""

    __slots__ = ("__weakref__", "body", "content_type", "headers", "status")
    safety: tuple[Header, ...] = (_NO_STORE, NOSNIFF, _VARY)
    """Headers of every answer of this kind."""

    def __init__(
        self, status: int, body: bytes, content_type: bytes = JSON_TYPE, headers: Sequence[Header] = ()
    ) -> None:
        self.status = status
        self.body = body
        self.content_type = content_type
        self.headers = headers

    async def send(self, send: Send, method: str) -> None:
        """Send it; a HEAD request gets the headers alone."""
        await send(self.start())
        if method == "HEAD" or len(self.body) <= PIECE_BYTES:
            await send({"type": "http.response.body", "body": b"" if method == "HEAD" else self.body})
            return
        for first in range(0, len(self.body), PIECE_BYTES):
            piece = self.body[first : first + PIECE_BYTES]
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    def start(self) -> Message:
        """The ASGI message that opens the response."""
        headers = [(b"content-length", b"%d" % len(self.body)), *self.headers, *self.safety]
        if self.content_type:
            headers.append((b"content-type", self.content_type))
        return {"type": "http.response.start", "status": self.status, "headers": headers}


class FileAnswer(Answer):
    """A file, whose own headers say how long it may be stored."""

    __slots__ = ()
    safety = (NOSNIFF,)


def json_answer(value: Any, status: int = 200, headers: Sequence[Header] = ()) -> Answer:
    """`value` as JSON."""
    return Answer(status, _encoder.encode(value), JSON_TYPE, headers)


def problem_answer(error: FairlaneError) -> Answer:
    """The response for an error."""
    problem = problem_of(error)
    headers: list[Header] = list(error.headers) if isinstance(error, HttpError) else []
    if isinstance(error, Unauthorized):
        headers.append(_BEARER)
    if problem.retry_after is not None:
        headers.append((b"retry-after", b"%d" % problem.retry_after))
    return Answer(problem.status, _encoder.encode(problem), _PROBLEM_TYPE, headers)


def internal_problem() -> Answer:
    """The response to a request that met a bug in the server. Reveals nothing of the inside."""
    return problem_answer(HttpError(INTERNAL, "The server met an error; its log has the details."))
