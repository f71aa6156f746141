"""The limits of a queue, over all tenants."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from .errors import InvalidInput
from .tenant import MAX_CONCURRENCY, Rate

MAX_LIMITED_QUEUES = 100
"""Queues that have limits. Each claim of a worker of all queues looks at all of them."""


class QueueLimits(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """None means unlimited."""

    concurrency: int | None = None
    start_rate: Rate | None = None

    def __post_init__(self) -> None:
        if self.concurrency is not None and not 1 <= self.concurrency <= MAX_CONCURRENCY:
            raise InvalidInput(f"concurrency must be 1 to {MAX_CONCURRENCY}, or null", "/concurrency")


UNLIMITED = QueueLimits()


class QueueLimitsChange(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A change of some of a queue's limits. UNSET leaves a field as it is, None makes it unlimited."""

    concurrency: int | None | UnsetType = UNSET
    start_rate: Rate | None | UnsetType = UNSET

    def apply_to(self, limits: QueueLimits) -> QueueLimits:
        """`limits` with this change. Raises InvalidInput if the result is not allowed."""
        return QueueLimits(
            concurrency=limits.concurrency if self.concurrency is UNSET else self.concurrency,
            start_rate=limits.start_rate if self.start_rate is UNSET else self.start_rate,
        )
