"""Server-sent events from the API, taken up again where a connection breaks off."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

import httpx
import msgspec

from ..model.errors import StoreUnavailable
from .problems import error_of_response
from .transport import CONNECT_TIMEOUT_S, Transport

PATIENCE_S = 10.0
"""For how long a stream that broke off is asked for again before it fails as StoreUnavailable."""
SILENCE_S = 40.0
"""After which a connection counts as dead: the API sends a heartbeat every 15 seconds."""

_PAUSE_S = 0.2


class Event(msgspec.Struct, frozen=True):
    """One event of a stream."""

    name: str
    data: bytes
    id: str


async def follow_stream(transport: Transport, path: str) -> AsyncGenerator[Event]:
    """The events at a path, for ever. Raises what the API refuses with, and StoreUnavailable."""
    last_id = ""
    timeout = httpx.Timeout(CONNECT_TIMEOUT_S, read=SILENCE_S)
    give_up = time.monotonic() + PATIENCE_S
    while True:
        try:
            headers = {"accept": "text/event-stream"} | ({"last-event-id": last_id} if last_id else {})
            async with transport.stream(path, headers, timeout) as response:
                if not response.is_success:
                    await response.aread()
                    raise error_of_response(response)
                async with aclosing(_events(response.aiter_bytes())) as events:
                    async for event in events:
                        last_id = event.id
                        yield event
                        give_up = time.monotonic() + PATIENCE_S
        except (httpx.TransportError, StoreUnavailable) as error:
            if time.monotonic() > give_up:
                raise StoreUnavailable(f"the API at {transport.name} tells no news: {error}") from error
        await asyncio.sleep(_PAUSE_S)


async def _events(pieces: AsyncIterator[bytes]) -> AsyncGenerator[Event]:
    buffer = b""
    async for piece in pieces:
        *blocks, buffer = (buffer + piece).split(b"\n\n")
        for block in blocks:
            event = _event(block)
            if event is not None:
                yield event


def _event(block: bytes) -> Event | None:
    """The event that a block of lines is; None for comments."""
    fields: dict[bytes, list[bytes]] = {}
    for line in block.split(b"\n"):
        field, _, value = line.partition(b":")
        fields.setdefault(field, []).append(value.removeprefix(b" "))
    if b"data" not in fields:
        return None
    name, event_id = (fields.get(field, [b""])[-1].decode() for field in (b"event", b"id"))
    return Event(name, b"\n".join(fields[b"data"]), event_id)
