"""What all streams of server-sent events send besides events."""

from __future__ import annotations

import asyncio

from ...rest.events import HEARTBEAT_SECONDS

HEARTBEAT_S = HEARTBEAT_SECONDS
RETRY = b"retry: 2000\n\n"
"""Tells clients how long (ms) to wait before they connect again."""

_HEARTBEAT = b":\n\n"


async def beat_until(signal: asyncio.Event) -> bytes:
    """Wait until `signal` is set or a heartbeat is due. Returns the heartbeat, or nothing."""
    try:
        async with asyncio.timeout(HEARTBEAT_S):
            await signal.wait()
    except TimeoutError:
        return _HEARTBEAT
    return b""
