"""Time that tests move by hand."""

from __future__ import annotations

START_US = 1_700_000_000_000_000


class Clock:
    """Microseconds; stands still unless it is moved. A call returns what the store's clock shows."""

    def __init__(self, now_us: int = START_US) -> None:
        self.now_us = now_us
        self.store_is_ahead_us = 0

    def __call__(self) -> int:
        return self.now_us + self.store_is_ahead_us

    def monotonic(self) -> int:
        """The clock of a process."""
        return self.now_us

    def set_store(self, seconds: float) -> None:
        """Set the store's clock forward or back, while no time passes."""
        self.store_is_ahead_us += round(seconds * 1_000_000)

    @property
    def now_ms(self) -> int:
        return self.now_us // 1000

    def advance(self, *, us: int = 0, ms: int = 0) -> None:
        self.now_us += us + ms * 1000

    def travel(self, seconds: float) -> None:
        self.now_us += round(seconds * 1_000_000)
