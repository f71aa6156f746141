"""Queues."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from ..model.overview import QueueInfo
from ..model.queue_limits import QueueLimitsChange
from ..model.tenant import MAX_CONCURRENCY
from .structs import Body, View
from .tenants import RateBody


class QueueList(View, frozen=True):
    """Every queue that has been used."""

    queues: list[QueueInfo]


class QueueLimitsBody(Body, frozen=True):
    """A queue's limits to change: those left out stay as they are, null is unlimited."""

    concurrency: Annotated[int, Meta(ge=1, le=MAX_CONCURRENCY)] | None | UnsetType = UNSET
    start_rate: RateBody | None | UnsetType = UNSET

    def to_change(self) -> QueueLimitsChange:
        """The change of the model, which has the same fields. Clients send that."""
        return msgspec.convert(msgspec.to_builtins(self), QueueLimitsChange)
