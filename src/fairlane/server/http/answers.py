"""Responses, and how they are sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

import msgspec

Header = tuple[bytes, bytes]
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

JSON_TYPE = b"application/json"
_encoder = msgspec.json.Encoder()


class Answer:
    """A whole response."""

    __slots__ = ("body", "content_type", "headers", "status")

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
        await send({"type": "http.response.body", "body": b"" if method == "HEAD" else self.body})

    def start(self) -> Message:
        """The ASGI message that opens the response."""
        headers = [(b"content-length", b"%d" % len(self.body)), *self.headers]
        if self.content_type:
            headers.append((b"content-type", self.content_type))
        return {"type": "http.response.start", "status": self.status, "headers": headers}


def json_answer(value: Any, status: int = 200, headers: Sequence[Header] = ()) -> Answer:
    """`value` as JSON."""
    return Answer(status, _encoder.encode(value), JSON_TYPE, headers)
