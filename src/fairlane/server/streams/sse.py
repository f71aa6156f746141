"""Server-sent events as text."""

from __future__ import annotations

import asyncio
import re

EVENT_STREAM = "text/event-stream"
HEARTBEAT_S = 15.0
RETRY = b"retry: 2000\n\n"
"""Tells clients how long (ms) to wait before they connect again."""

_HEARTBEAT = b":\n\n"
_LINE_END = re.compile(rb"\r\n|\r|\n")


def event(name: str, data: bytes, event_id: str) -> bytes:
    """One event. `data` is JSON text: line ends, which can only lie between its tokens, may become others."""
    if b"\n" in data or b"\r" in data:
        data = b"\ndata: ".join(_LINE_END.split(data))
    return b"event: %b\nid: %b\ndata: %b\n\n" % (name.encode(), event_id.encode(), data)


async def beat_until(signal: asyncio.Event) -> bytes:
    """What to send when `signal` is set or a heartbeat is due, whichever comes first."""
    try:
        async with asyncio.timeout(HEARTBEAT_S):
            await signal.wait()
    except TimeoutError:
        return _HEARTBEAT
    return b""
