"""Workers, and the orders that they receive."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from ..model.job import Time
from ..model.lease import MAX_REPORTED_JOBS, WorkerOrders, WorkerReport, check_queues
from ..model.names import check_name
from ..model.times import check_time, utc
from .fields import AnyId, Name, Queues, WaitSeconds, ms_of
from .limits import MAX_WAIT_SECONDS
from .structs import Body, Query, View, same_fields


class WorkerBody(Body, frozen=True):
    """What a worker says of itself."""

    id: Name
    queues: Queues = ()
    slots: Annotated[int, Meta(ge=1, le=100_000)] = 1
    running: Annotated[int, Meta(ge=0, le=100_000)] = 0
    host: Annotated[str, Meta(max_length=255)] = ""
    pid: Annotated[int, Meta(ge=0, le=2**32)] = 0
    started_at: Time | None = None
    draining: bool = False
    jobs: Annotated[tuple[AnyId, ...], Meta(max_length=MAX_REPORTED_JOBS)] = ()
    """Ids of jobs that it runs."""

    @classmethod
    def of(cls, report: WorkerReport) -> WorkerBody:
        return cls(**_said(report), started_at=utc(report.started_at) if report.started_at else None)

    def to_report(self) -> WorkerReport:
        check_name(self.id, "id", "/worker/id")
        check_queues(self.queues, "/worker/queues")
        started_at = 0.0 if self.started_at is None else check_time(self.started_at, "/worker/startedAt").timestamp()
        return WorkerReport(**_heard(self), started_at=started_at)


class WorkerView(View, frozen=True):
    """A worker, as its last heartbeat described it."""

    id: str
    queues: tuple[str, ...]
    """Empty means every queue."""
    slots: int
    running: int
    host: str
    pid: int
    started_at: Time | None
    draining: bool
    jobs: tuple[str, ...]
    """Ids of the jobs that it runs, 100 at most."""
    heartbeat_at: Time | None

    @classmethod
    def of(cls, report: WorkerReport) -> WorkerView:
        return cls(
            **_shown(report),
            started_at=utc(report.started_at) if report.started_at else None,
            heartbeat_at=utc(report.heartbeat_at) if report.heartbeat_at else None,
        )

    def to_report(self) -> WorkerReport:
        return WorkerReport(
            **_read(self),
            started_at=self.started_at.timestamp() if self.started_at else 0.0,
            heartbeat_at=self.heartbeat_at.timestamp() if self.heartbeat_at else 0.0,
        )


class WorkerList(View, frozen=True):
    """Workers whose last heartbeat is recent."""

    workers: list[WorkerView]


class OrdersQuery(Query, frozen=True):
    """The orders that the worker knows already, and how long it waits for others."""

    seen: Annotated[int, Meta(ge=0, le=2**53)] = 0
    wait_seconds: WaitSeconds = 0
    """30 at most, more is taken for 30."""

    @property
    def wait_ms(self) -> int:
        return ms_of(min(self.wait_seconds, MAX_WAIT_SECONDS))


class WorkerOrdersView(View, frozen=True):
    """What a worker was told."""

    number: int
    drain: bool

    @classmethod
    def of(cls, orders: WorkerOrders) -> WorkerOrdersView:
        return cls(number=orders.number, drain=orders.drain)


_TIMES = ("started_at", "heartbeat_at")
_said = same_fields(WorkerReport, WorkerBody, *_TIMES)
_heard = same_fields(WorkerBody, WorkerReport, *_TIMES)
_shown = same_fields(WorkerReport, WorkerView, *_TIMES)
_read = same_fields(WorkerView, WorkerReport, *_TIMES)
