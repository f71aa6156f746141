"""Slows down clients that send wrong tokens."""

from __future__ import annotations

import asyncio
import ipaddress
import time
from functools import lru_cache

FREE = 5
"""Refusals that an address gets without delay."""
FORGIVEN_EVERY_S = 10.0
"""After this time, one refusal of an address is forgotten."""
STEP_S = 0.2
MOST_S = 2.0
"""The delay of a refusal rises by STEP_S with each, up to this."""
MOST_ADDRESSES = 10_000
MOST_WAITING = 1_000
"""Refusals that wait at the same time. Others go out at once, so that they hold no memory."""


class WrongTokens:
    """Delays refusals, the more an address has got lately. Requests with a valid token are never delayed."""

    def __init__(self) -> None:
        self._refused: dict[str, tuple[float, float]] = {}
        """By address: the refusals that are not forgiven, and when that was counted."""
        self._waiting = 0

    async def slow(self, client: tuple[str, int] | None) -> None:
        """Wait before a request from this address is refused."""
        delay = self.delay(_network("" if client is None else client[0]), time.monotonic())
        if delay == 0 or self._waiting >= MOST_WAITING:
            return
        self._waiting += 1
        try:
            await asyncio.sleep(delay)
        finally:
            self._waiting -= 1

    def delay(self, address: str, now: float) -> float:
        """Count a refusal at `now` (seconds). Returns how long to delay it."""
        count, at = self._refused.pop(address, (0.0, now))
        count = max(0.0, count - (now - at) / FORGIVEN_EVERY_S) + 1
        while len(self._refused) >= MOST_ADDRESSES:
            del self._refused[next(iter(self._refused))]
        self._refused[address] = (count, now)
        return min(MOST_S, max(0.0, STEP_S * (count - FREE)))


@lru_cache(maxsize=1024)
def _network(address: str) -> str:
    """The address, or the /64 network of an IPv6 address, all of which one client can use."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else address
