"""The running job as its task sees it: `current()`."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar, Token
from datetime import UTC, datetime, timedelta
from typing import Any

from ..model.bounded import storable
from ..model.errors import InvalidInput
from ..model.job import Parent, Progress
from ..model.lease import Lease
from ..model.logs import LogLine
from ..model.names import check_name, plain_text
from ..model.schedule import SCHEDULE_HEADER, TICK_HEADER
from .batch import BatchJobs
from .log_buffer import JobLines
from .needs import Need

MAX_PROGRESS_MESSAGE = 500


class _Done(Awaitable[None]):
    """Returns at once when awaited, so that async tasks can write `await` and sync tasks can leave it out."""

    def __await__(self) -> Generator[None, None, None]:
        return
        yield


_DONE = _Done()


class JobContext:
    """The running job. Safe to use from the job's thread."""

    __slots__ = ("_awaited", "_cancelled", "_exits", "_lease", "_lines", "_notify", "_progress", "_timeout_at")

    def __init__(self, lease: Lease, timeout_at: float, notify: Callable[[], None]) -> None:
        """`timeout_at` is on the monotonic clock. `notify` is called after new progress, from any thread."""
        self._lease = lease
        self._timeout_at = timeout_at
        self._notify = notify
        self._cancelled = False
        self._progress: Progress | None = None
        self._lines: JobLines | None = None
        self._awaited = 0
        self._exits: list[asyncio.Task[Any]] | None = None

    @property
    def id(self) -> str:
        """The job's id."""
        return self._lease.job_id

    @property
    def tenant(self) -> str:
        return self._lease.tenant_id

    @property
    def task(self) -> str:
        return self._lease.task

    @property
    def queue(self) -> str:
        return self._lease.queue

    @property
    def attempt(self) -> int:
        """Which try this is, from 1."""
        return self._lease.attempt

    @property
    def max_attempts(self) -> int:
        return self._lease.max_attempts

    @property
    def fence(self) -> int:
        """A fencing token: it rises with every lease. Pass it to systems that must refuse writes of a stale worker."""
        return self._lease.fence

    @property
    def key(self) -> str | None:
        """The business key that the job was submitted with."""
        return self._lease.key

    @property
    def headers(self) -> dict[str, str]:
        return self._lease.headers

    @property
    def needs(self) -> list[Need]:
        """The jobs that this one needs, in the order of the request: their ids, states and results."""
        return [Need(outcome) for outcome in self._lease.needs]

    @property
    def batch(self) -> BatchJobs | None:
        """The batch that the job belongs to. While it runs, it may add to it: `await batch.submit(task.bind(...))`."""
        return None if self._lease.batch_id is None else BatchJobs(self._lease.batch_id, self.tenant)

    @property
    def as_parent(self) -> Parent:
        """For jobs that this job submits: the proof that a running job submits them."""
        return self._lease.as_parent

    @property
    def schedule(self) -> str | None:
        """The schedule that made this job."""
        return self._lease.headers.get(SCHEDULE_HEADER)

    @property
    def scheduled_for(self) -> datetime | None:
        """The tick of the schedule that made this job, in UTC. The job may run later."""
        tick = self._lease.headers.get(TICK_HEADER)
        return None if tick is None else datetime.fromisoformat(tick)

    @property
    def deadline(self) -> datetime:
        """The time at which the timeout ends the job, in UTC by this machine's clock."""
        return datetime.now(UTC) + timedelta(seconds=self.remaining_seconds)

    @property
    def remaining_seconds(self) -> float:
        """Seconds until the timeout ends the job; negative afterwards."""
        return self._timeout_at - time.monotonic()

    @property
    def cancelled(self) -> bool:
        """Whether the job should stop. Long sync tasks should check this and return."""
        return self._cancelled

    @property
    def latest_progress(self) -> Progress | None:
        """The progress that the job reported last."""
        return self._progress

    def begin(self, timeout_at: float) -> None:
        """The task begins now, and times out at `timeout_at`. For the worker."""
        self._timeout_at = timeout_at

    def hear(self, progress: Progress) -> None:
        """Take over progress that the job reported in another process. For the worker."""
        self._progress = progress
        self._notify()

    def log(self, line: LogLine) -> None:
        """Keep a logged line until it is sent. For the worker."""
        if self._lines is None:
            self._lines = JobLines()
        self._lines.add(line)
        self._notify()

    @property
    def unsent_lines(self) -> JobLines | None:
        """The logged lines that were not sent yet, if there are any."""
        return self._lines or None

    def tell_cancelled(self) -> None:
        """Make `cancelled` true. For the worker."""
        self._cancelled = True

    def note_exit(self, helper: asyncio.Task[Any]) -> None:
        """A task that the job started has raised SystemExit or KeyboardInterrupt. For the worker."""
        if self._exits is None:
            self._exits = []
        self._exits.append(helper)

    @property
    def unnoticed_exit(self) -> BaseException | None:
        """The exception of such a task, unless the job awaited the task or asked for its exception."""
        for helper in self._exits or ():
            if helper._log_traceback:  # asyncio's own mark of an exception that was never retrieved
                return helper.exception()
        return None

    @contextmanager
    def awaiting(self) -> Iterator[None]:
        """Within, the job waits for the result of another job. For job handles."""
        self._awaited += 1
        try:
            yield
        finally:
            self._awaited -= 1

    @property
    def awaits_results(self) -> bool:
        """Whether the job waits for the result of another job, keeping its slot. For the worker."""
        return self._awaited > 0

    def progress(self, current: float, total: float | None = None, message: str | None = None) -> Awaitable[None]:
        """Report how far the job is. Cheap to call often: the worker sends about two reports a second.

        Awaiting the returned value is optional. Raises InvalidInput for values that are not finite numbers.
        """
        if message is not None:
            message = plain_text(message, "the message of progress")
            message = storable(message[:MAX_PROGRESS_MESSAGE])[:MAX_PROGRESS_MESSAGE]
        self._progress = Progress(_finite(current), None if total is None else _finite(total), message)
        self._notify()
        return _DONE


def _finite(number: float) -> float:
    """The number as a float. A value that cannot be sent would break the heartbeat, which renews all leases."""
    try:
        value = float(number)
    except (TypeError, ValueError, OverflowError):
        value = math.nan
    if not math.isfinite(value):
        raise InvalidInput(f"progress must be a finite number, not {number!r:.100}")
    return value


running_job: ContextVar[JobContext] = ContextVar("fairlane_job")
ambient_tenant: ContextVar[str | None] = ContextVar("fairlane_tenant", default=None)
"""The tenant of jobs that name none: from the running job, or from a `with app.tenant(...)` block."""


def enter_job(job: JobContext) -> None:
    """Make this context run for `job`: jobs that it submits belong to its tenant. For the worker."""
    running_job.set(job)
    ambient_tenant.set(job.tenant)


def current() -> JobContext:
    """The running job. Raises LookupError outside of a job."""
    try:
        return running_job.get()
    except LookupError:
        raise LookupError("current() was called outside of a running job") from None


def awaiting_result() -> AbstractContextManager[None]:
    """A block in which the running job, if there is one, waits for the result of another job."""
    job = running_job.get(None)
    return nullcontext() if job is None else job.awaiting()


class TenantBlock:
    """A `with` block whose jobs belong to a tenant. Not a decorator, which would leave async functions too early."""

    __slots__ = ("_before", "_tenant")

    def __init__(self, tenant: str) -> None:
        """Raises InvalidInput for a bad name."""
        self._tenant = check_name(tenant, "tenant", "/tenantId")
        self._before: Token[str | None] | None = None

    def __enter__(self) -> None:
        if self._before is not None:
            raise RuntimeError("this block is entered already; make another one")
        self._before = ambient_tenant.set(self._tenant)

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            ambient_tenant.reset(self._before)
            self._before = None
