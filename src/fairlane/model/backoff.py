"""The delay before a retry."""

from __future__ import annotations

import msgspec

from .errors import InvalidInput


class Backoff(msgspec.Struct, frozen=True):
    """Exponential backoff: `base_ms` doubling with each failed attempt, up to `cap_ms`.

    The engine multiplies the delay by a random factor between 0.5 and 1, so that jobs that failed
    together do not come back together.
    """

    base_ms: int = 1_000
    cap_ms: int = 300_000

    def __post_init__(self) -> None:
        if not 0 <= self.base_ms <= self.cap_ms <= 30 * 86_400_000:
            raise InvalidInput("backoff must have 0 <= base <= cap <= 30 days")

    def delay_ms(self, attempt: int, jitter: float) -> int:
        """The delay after failed attempt `attempt` (from 1), with `jitter` in [0, 1)."""
        doubled = self.base_ms * 2.0 ** min(attempt - 1, 60)
        return int(min(self.cap_ms, doubled) * (0.5 + jitter / 2))
