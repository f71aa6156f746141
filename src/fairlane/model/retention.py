"""How long finished jobs are remembered."""

from __future__ import annotations

import msgspec


class Retention(msgspec.Struct, frozen=True):
    """Ages in ms, counts of jobs. Bounds the memory of the store.

    Of more jobs than a count, the oldest are forgotten, but none within a minute of its end.
    """

    completed_ms: int = 3_600_000
    completed_max: int = 10_000
    failed_ms: int = 14 * 86_400_000
    cancelled_ms: int = 3_600_000
    cancelled_max: int = 10_000
