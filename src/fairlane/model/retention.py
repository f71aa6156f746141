"""How long finished jobs are kept."""

from __future__ import annotations

import msgspec


class Retention(msgspec.Struct, frozen=True):
    """Limits of age (ms) and count for finished jobs. They bound the memory of the store.

    Above a count, the oldest jobs are deleted, at the earliest a minute after their end.
    """

    completed_ms: int = 3_600_000
    completed_max: int = 10_000
    failed_ms: int = 14 * 86_400_000
    cancelled_ms: int = 3_600_000
    cancelled_max: int = 10_000
