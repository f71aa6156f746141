"""Workers, and the orders that they receive."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from ..model.job import Time
from ..model.lease import MAX_REPORTED_JOBS, MAX_REPORTED_TASKS, WorkerOrders, WorkerReport, check_queues
from ..model.names import check_name
from ..model.times import check_time, utc
from ..model.work import COUNT_PATTERN, MAX_REPORTED_COUNTS, WorkCounts
from .fields import AnyId, Name, Queues, WaitSeconds, ms_of
from .limits import MAX_WAIT_SECONDS
from .structs import Body, Query, View, same_fields

CountName = Annotated[str, Meta(pattern=COUNT_PATTERN)]


class WorkBody(Body, frozen=True):
    """What a worker has counted since its last report: times in milliseconds, and ends of attempts."""

    number: Annotated[int, Meta(ge=1, le=2**53)]
    """Rises with each report, also when the worker restarts under the same id. A repeated report counts once."""
    counts: Annotated[dict[CountName, Annotated[int, Meta(ge=0, le=2**40)]], Meta(max_length=MAX_REPORTED_COUNTS)]
    """By how much each count has risen.

    `wait/QUEUE/BOUND` and `run/QUEUE/BOUND` count the jobs of a histogram by its bounds in milliseconds, `more` beyond
    the last one, and `sum` adds up their times. `ended/QUEUE/TASK/OUTCOME` counts attempts.
    """


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
    work: WorkBody | None = None
    tasks: Annotated[tuple[Name, ...], Meta(max_length=MAX_REPORTED_TASKS)] = ()
    """Names of the tasks that it knows; empty if they are more than 100."""
    stalled: bool = False
    """Whether each of its slots is held by a job that awaits the result of another job."""
    version: Annotated[str, Meta(max_length=64)] = ""
    """The release of fairlane that it runs."""
    memory_bytes: Annotated[int, Meta(ge=0, le=2**53)] = 0
    """How much memory the worker and its job processes hold."""

    @classmethod
    def of(cls, report: WorkerReport) -> WorkerBody:
        return cls(
            **_said(report),
            started_at=utc(report.started_at) if report.started_at else None,
            work=None if report.work is None else WorkBody(number=report.work.number, counts=report.work.counts),
        )

    def to_report(self) -> WorkerReport:
        check_name(self.id, "id", "/worker/id")
        check_queues(self.queues, "/worker/queues")
        for number, task in enumerate(self.tasks):
            check_name(task, "a task", f"/worker/tasks/{number}")
        started_at = 0.0 if self.started_at is None else check_time(self.started_at, "/worker/startedAt").timestamp()
        work = None if self.work is None else WorkCounts(self.work.number, self.work.counts)
        return WorkerReport(**_heard(self), started_at=started_at, work=work)


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
    stalled: bool
    """Whether each of its slots is held by a job that awaits the result of another job."""
    heartbeat_at: Time | None
    version: str = ""
    """The release of fairlane that it runs; empty if it did not say."""
    memory_bytes: int = 0
    """How much memory the worker and its job processes hold. 0 if the worker did not report it."""

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


class EndedLeases(View, frozen=True):
    """What happened to the jobs of a dead worker."""

    requeued: int
    failed: int
    cancelled: int


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


_OTHERS = ("started_at", "heartbeat_at", "work")
_said = same_fields(WorkerReport, WorkerBody, *_OTHERS)
_heard = same_fields(WorkerBody, WorkerReport, *_OTHERS)
_shown = same_fields(WorkerReport, WorkerView, *_OTHERS)
_read = same_fields(WorkerView, WorkerReport, *_OTHERS)
