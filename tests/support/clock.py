"""The store's time, stepped by hand."""

from __future__ import annotations

START_US = 1_700_000_000_000_000


class Clock:
    """Microseconds; stands still unless it is moved."""

    def __init__(self, now_us: int = START_US) -> None:
        self.now_us = now_us

    def __call__(self) -> int:
        return self.now_us

    @property
    def now_ms(self) -> int:
        return self.now_us // 1000

    def advance(self, *, us: int = 0, ms: int = 0) -> None:
        self.now_us += us + ms * 1000

    def travel(self, seconds: float) -> None:
        self.now_us += round(seconds * 1_000_000)
