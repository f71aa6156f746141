"""Responses of server-sent events, which last until their source, their client, their token or the server ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from http import HTTPStatus

from ...rest.events import EVENT_STREAM
from ..http.answers import Answer, Message, Send
from ..http.call import Call

_UNBUFFERED = (b"x-accel-buffering", b"no")
"""Keeps nginx from collecting events into larger pieces."""


class EventStream(Answer):
    """A stream of `events`. Each piece of it is whole events, a heartbeat or empty."""

    __slots__ = ("_call", "_events")

    def __init__(self, call: Call, events: AsyncGenerator[bytes]) -> None:
        super().__init__(HTTPStatus.OK, b"", EVENT_STREAM.encode(), (_UNBUFFERED,))
        self._call = call
        self._events = events

    def start(self) -> Message:
        """The ASGI message that opens the response, whose length is not known."""
        headers = [(b"content-type", self.content_type), *self.headers, *self.safety]
        return {"type": "http.response.start", "status": self.status, "headers": headers}

    async def send(self, send: Send, method: str) -> None:
        """Send events until an end; a HEAD request gets the headers alone."""
        await send(self.start())
        if method != "HEAD":
            await self._send_events(send)
        await send({"type": "http.response.body", "body": b""})

    async def _send_events(self, send: Send) -> None:
        forwarding = asyncio.create_task(self._forward(send))
        stopping = asyncio.create_task(self._call.context.stopping.wait())
        tasks = {forwarding, stopping, *self._call.endings()}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        if not forwarding.cancelled():
            forwarding.result()

    async def _forward(self, send: Send) -> None:
        async with aclosing(self._events) as events:
            async for piece in events:
                if piece:
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
