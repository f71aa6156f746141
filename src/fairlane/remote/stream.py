"""Server-sent events from the API, resumed when a connection breaks off."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

import httpx

from ..model.errors import StoreUnavailable
from ..rest.events import EVENT_STREAM, Event, parse_event
from ..rest.headers import LAST_EVENT_ID
from .transport import CONNECT_TIMEOUT_S, Transport, error_of_response

PATIENCE_S = 10.0
"""How long a broken stream is requested again before it raises StoreUnavailable."""
SILENCE_S = 40.0
"""After which a connection counts as dead. The API sends heartbeats more often: `rest.events.HEARTBEAT_SECONDS`."""

_PAUSE_S = 0.2


async def follow_stream(transport: Transport, path: str) -> AsyncGenerator[Event]:
    """The events at a path, without end. Raises the error of a refusal, and StoreUnavailable."""
    last_id = ""
    timeout = httpx.Timeout(CONNECT_TIMEOUT_S, read=SILENCE_S)
    give_up = time.monotonic() + PATIENCE_S
    while True:
        try:
            headers = {"accept": EVENT_STREAM} | ({LAST_EVENT_ID: last_id} if last_id else {})
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
                raise StoreUnavailable(f"the API at {transport.name} sends no events: {error}") from error
        await asyncio.sleep(_PAUSE_S)


async def _events(pieces: AsyncIterator[bytes]) -> AsyncGenerator[Event]:
    buffer = b""
    async for piece in pieces:
        *blocks, buffer = (buffer + piece).split(b"\n\n")
        for block in blocks:
            event = parse_event(block)
            if event is not None:
                yield event
