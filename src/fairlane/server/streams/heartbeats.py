"""Heartbeats of streams, so that clients and proxies can tell a quiet stream from a dead one."""

from __future__ import annotations

import asyncio

from ...rest.events import HEARTBEAT, HEARTBEAT_SECONDS


async def beat_until(signal: asyncio.Event) -> bytes:
    """Wait until `signal` is set or a heartbeat is due. Returns the heartbeat, or nothing."""
    return b"" if await until(signal, HEARTBEAT_SECONDS) else HEARTBEAT


async def until(signal: asyncio.Event, seconds: float) -> bool:
    """Wait for the signal, `seconds` at most. Returns whether it came."""
    try:
        async with asyncio.timeout(seconds):
            await signal.wait()
    except TimeoutError:
        return False
    return True
