"""A job that this worker runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from ..job.context import JobContext
from ..job.parameters import Parameters
from ..model.job import Job, Progress
from ..model.lease import Lease
from ..model.logs import LogPiece

if TYPE_CHECKING:
    from .processes.pool import JobProcess

CANCEL_GRACE_SECONDS = 2.0
"""How long an async job may clean up after it was told to stop, before it is abandoned."""

PROCESS_GRACE_SECONDS = 0.5
"""How long a job in a process of its own may do so, before the process is killed."""
PROCESS_START_SECONDS = 60.0
"""How long a process may take to load the task, which the job's timeout does not count."""


OnFailure = Callable[[Job], object]


class Runnable(Protocol):
    """What a worker needs to know of a task."""

    @property
    def function(self) -> Callable[..., Any]:
        """As it was defined."""

    @property
    def call(self) -> Callable[..., Any]:
        """The function with all that is to happen around it."""

    @property
    def executor(self) -> str:
        """async, thread or process."""

    @property
    def parameters(self) -> Parameters: ...

    @property
    def on_failure(self) -> OnFailure | None:
        """To be called with each job that this worker has sent to the dead letter queue."""


class Stop(Enum):
    """Why a running job was told to stop."""

    TIMED_OUT = "timed out"
    CANCELLED = "cancelled"
    DRAINED = "given back"  # the worker stops; another one is to run the job
    LOST = "lease lost"  # the lease is somebody else's or soon will be; nothing may be reported


class RunningJob:
    """A leased job while it runs. Times are on the monotonic clock."""

    __slots__ = (
        "_told_progress",
        "abandon_at",
        "context",
        "is_killed",
        "lease",
        "lease_until",
        "process",
        "runnable",
        "stop",
        "timeout_at",
        "working",
    )

    def __init__(
        self, lease: Lease, runnable: Runnable, context: JobContext, lease_until: float, timeout_at: float
    ) -> None:
        self.lease = lease
        self.runnable = runnable
        self.context = context
        self.lease_until = lease_until
        self.timeout_at = timeout_at
        self.stop: Stop | None = None
        self.abandon_at: float | None = None
        self.working: asyncio.Task[None] | None = None
        """The asyncio task of an async job; None for one in a thread."""
        self.process: JobProcess | None = None
        """Where the job runs, if that is a process of its own."""
        self.is_killed = False
        self._told_progress: Progress | None = None

    def __str__(self) -> str:
        return f"job {self.lease.job_id} ({self.lease.task}, attempt {self.lease.attempt})"

    @property
    def new_progress(self) -> Progress | None:
        """Progress that the store has not heard of."""
        latest = self.context.latest_progress
        return None if latest is self._told_progress else latest

    @property
    def new_lines(self) -> LogPiece | None:
        """Log lines that the store has not heard of."""
        lines = self.context.unsent_lines
        return None if lines is None else lines.piece()

    @property
    def has_news(self) -> bool:
        return self.new_progress is not None or self.context.unsent_lines is not None

    def told(self, progress: Progress | None, lines: LogPiece | None) -> None:
        """The store has heard of these."""
        if progress is not None:
            self._told_progress = progress
        if lines is not None and (unsent := self.context.unsent_lines) is not None:
            unsent.sent(lines)

    @property
    def due_at(self) -> float:
        """When something has to be done about this job, unless it ends before."""
        if self.abandon_at is not None:
            return self.abandon_at
        return min(self.timeout_at, self.lease_until)
