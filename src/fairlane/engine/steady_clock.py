"""Keeps the engine's time steady while the store's clock is set forward or back.

Scripts add an offset to the store's clock. It is kept in the store, with the store's time at which a process last
confirmed it, and a script refuses to write if that was not within two seconds (lua/include/base.lua). The caller then
compares the store's clock with its own monotonic clock, changes the offset by as much as the store's clock was set,
and calls again. Upkeep confirms the offset twice a second, so other callers rarely have to.
"""

from __future__ import annotations

import asyncio
import logging
import struct
import time
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from . import keys
from .scripts import Value

TOLERANCE_US = 500_000
"""Smaller steps are not told from a slow reply; the engine's time takes them over."""
FRESH_US = 2_000_000
"""As MAX_UNCONFIRMED_US in lua/include/base.lua."""
RENEW_US = 400_000
"""Upkeep confirms an offset again after this time."""
ANCHOR_US = 10_000_000
"""A process that makes calls compares its clock with the store's at least this often."""
DRIFT = 0.001
"""The most by which two clocks run apart, also while one of them is slewed."""

_KEPT = struct.Struct(">dd")
_log = logging.getLogger(__name__)


def monotonic_us() -> int:
    """A clock that is never set and that counts the time while the machine is suspended, where there is one."""
    return time.clock_gettime_ns(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)) // 1000


def is_unconfirmed(reply: Any) -> bool:
    """Whether a script refused to run until the store's time is confirmed."""
    return isinstance(reply, Exception) and str(reply).startswith("FLTIME")


def offset_us(kept: bytes | None) -> float:
    """How far the engine's time is ahead of the store's, from what the store keeps."""
    return float(_KEPT.unpack(kept)[0]) if kept else 0.0


class Calls(Protocol):
    """What the clock needs of `calls.Calls`."""

    async def commands(self, commands: list[tuple[Value, ...]]) -> list[Any]: ...

    async def run_unguarded(self, name: str, prefix: str, **values: Value) -> Any: ...


class _Anchor(NamedTuple):
    """The engine's time at a moment of the monotonic clock, and how far it may be off."""

    monotonic_us: int
    engine_us: float
    error_us: float

    def engine_us_at(self, moment_us: int) -> float:
        return self.engine_us + moment_us - self.monotonic_us

    def error_us_at(self, moment_us: int) -> float:
        return self.error_us + DRIFT * (moment_us - self.monotonic_us)


class _Look(NamedTuple):
    """The clocks at one moment, which is known to within `error_us`."""

    monotonic_us: int
    error_us: float
    store_us: int
    kept: bytes | None
    ahead_us: float
    confirmed_us: float

    @property
    def engine_us(self) -> float:
        return self.store_us + self.ahead_us

    @property
    def unconfirmed_us(self) -> float:
        return abs(self.store_us - self.confirmed_us)


class SteadyClock:
    """The engine's time on one store, by partition. `clock` (µs) replaces the store's clock in tests."""

    def __init__(
        self, calls: Calls, clock: Callable[[], int] | None, monotonic: Callable[[], int] = monotonic_us
    ) -> None:
        self._calls = calls
        self._clock = clock
        self._monotonic = monotonic
        self._anchors: dict[str, _Anchor] = {}
        self._lock = asyncio.Lock()

    def is_due(self, prefix: str) -> bool:
        """Whether to call `keep` before scripts: the clocks were not compared lately."""
        anchor = self._anchors.get(prefix)
        return anchor is None or self._monotonic() - anchor.monotonic_us > ANCHOR_US

    async def keep(self, prefix: str) -> None:
        """Compare the clocks, unless another call is doing it."""
        if not self._lock.locked():
            await self.confirm(prefix, FRESH_US)

    async def confirm(self, prefix: str, renew_us: float = 0) -> None:
        """Compare the clocks. Change the offset if the store's clock was set, and note that it is right.

        Does not write if the offset is right and was confirmed within `renew_us`.
        """
        async with self._lock:
            while True:
                look = await self._look(prefix)
                steady_us = _steady_us(look, self._anchors.get(prefix))
                is_right = steady_us == look.engine_us
                written = (is_right and look.unconfirmed_us <= renew_us) or await self._write(prefix, look, steady_us)
                if written:
                    self._anchors[prefix] = _Anchor(look.monotonic_us, steady_us, look.error_us)
                    return

    async def _look(self, prefix: str) -> _Look:
        began = self._monotonic()
        (seconds, micros), kept = await self._calls.commands([("TIME",), ("GET", prefix + keys.TIME)])
        ended = self._monotonic()
        store_us = self._clock() if self._clock else int(seconds) * 1_000_000 + int(micros)
        ahead_us, confirmed_us = _KEPT.unpack(kept) if kept else (0.0, 0.0)
        return _Look((began + ended) // 2, (ended - began) / 2, store_us, kept, ahead_us, confirmed_us)

    async def _write(self, prefix: str, look: _Look, steady_us: float) -> bool:
        """False if another process was first, or the clock was set since the look."""
        ahead_us = steady_us - look.store_us
        written = await self._calls.run_unguarded(
            "confirm_time", prefix, seen=look.kept or b"", looked_at=look.store_us, offset_us=f"{ahead_us:.0f}"
        )
        if written and prefix in self._anchors and ahead_us != look.ahead_us:
            step_s = (look.ahead_us - ahead_us) / 1e6
            _log.warning("the store's clock was set by %+.1f s; fairlane's time goes on without the step", step_s)
        return bool(written)


def _steady_us(look: _Look, anchor: _Anchor | None) -> float:
    """What the engine's time is, as far as this process knows."""
    last_us = look.confirmed_us + look.ahead_us
    if anchor is not None:
        expected_us = anchor.engine_us_at(look.monotonic_us)
        error_us = max(TOLERANCE_US, look.error_us + anchor.error_us_at(look.monotonic_us))
        if abs(look.engine_us - expected_us) <= error_us:
            return look.engine_us
        if expected_us >= last_us - error_us:  # else this process, or its machine, stood still
            return round(expected_us)
    if look.unconfirmed_us <= FRESH_US:
        return look.engine_us
    # No process was there, so nothing has to go on as it was. Time still never goes back.
    return max(look.store_us, last_us)
