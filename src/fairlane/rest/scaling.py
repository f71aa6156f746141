"""How many worker slots a queue needs."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from ..model.load import QueueDemand
from .fields import Name
from .structs import Query, View


class ScalingQuery(Query, frozen=True):
    """The queue, and how long its jobs may wait."""

    queue: Name
    target_wait_seconds: Annotated[float, Meta(ge=1, le=86_400)] = 30


class ScalingView(View, frozen=True):
    """The work of a queue that slots can do, and the slots that it needs."""

    queue: str
    startable: int
    """Pending jobs that could start now if slots were free."""
    blocked: int
    """Pending jobs that a limit or a pause holds back. More slots do not help them."""
    running: int
    slots: int
    """Slots of the workers that serve the queue."""
    desired_slots: int
    """Slots that start every startable job within the target wait."""

    @classmethod
    def of(cls, demand: QueueDemand, target_wait_seconds: float) -> ScalingView:
        return cls(
            queue=demand.queue,
            startable=demand.startable,
            blocked=max(0, demand.pending - demand.startable),
            running=demand.running,
            slots=demand.slots,
            desired_slots=demand.desired_slots(target_wait_seconds),
        )
