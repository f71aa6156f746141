"""Figures, their history and health."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from ..model.job import Counters, Time
from ..model.monitor import MAX_HISTORY_MINUTES, Overview
from ..model.overview import QueueInfo, StoreMemory
from ..model.states import State
from .structs import Query, View, same_fields
from .workers import WorkerView


class OverviewView(View, frozen=True):
    """The whole store at a glance."""

    at: Time
    counters: Counters
    """Totals since the store was made."""
    states: dict[State, int]
    """How many jobs the store now holds in each state."""
    queues: list[QueueInfo]
    workers: list[WorkerView]
    memory: StoreMemory | None = None
    """Null if the store does not say."""

    @classmethod
    def of(cls, overview: Overview) -> OverviewView:
        return cls(**_shown(overview), workers=[WorkerView.of(worker) for worker in overview.workers])

    def to_overview(self) -> Overview:
        return Overview(**_read(self), workers=[worker.to_report() for worker in self.workers])


class HistoryQuery(Query, frozen=True):
    """How far back to look."""

    minutes: Annotated[int, Meta(ge=1, le=MAX_HISTORY_MINUTES)] = 60


class Health(View, frozen=True):
    """All is well."""

    status: str = "ok"


_shown = same_fields(Overview, OverviewView, "workers")
_read = same_fields(OverviewView, Overview, "workers")
