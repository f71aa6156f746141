"""Heartbeats of streams, so that clients and proxies can tell a quiet stream from a dead one."""

from __future__ import annotations

import asyncio

from ...rest.events import HEARTBEAT, HEARTBEAT_SECONDS


async def beat_until(signal: asyncio.Event) -> bytes:
    """Wait until `signal` is set or a heartbeat is due. Returns the heartbeat, or nothing."""
    try:
        async with asyncio.timeout(HEARTBEAT_SECONDS):
            await signal.wait()
    except TimeoutError:
        return HEARTBEAT
    return b""
