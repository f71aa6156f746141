"""A job that this worker runs."""

from __future__ import annotations

import asyncio
import time

from ..job.context import JobContext
from ..model.job import Progress
from ..model.lease import Lease
from ..model.logs import LogPiece
from .processes.pool import JobProcess
from .runnable import Runnable
from .stopping import Stop

PROCESS_START_SECONDS = 60.0
"""How long a process may take to load the task, which the job's timeout does not count."""


class RunningJob:
    """A leased job while it runs. Times are on the monotonic clock."""

    __slots__ = (
        "_sent_progress",
        "abandon_at",
        "began_at",
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

    def __init__(self, lease: Lease, runnable: Runnable, context: JobContext, lease_until: float) -> None:
        self.lease = lease
        self.runnable = runnable
        self.context = context
        self.lease_until = lease_until
        self.began_at: float | None = None
        """When the task began; in a job process, once this has loaded it."""
        self.timeout_at = float("inf")
        """Counts from the start of the task, before which a suspect may wait."""
        self.stop: Stop | None = None
        self.abandon_at: float | None = None
        self.working: asyncio.Task[None] | None = None
        """The asyncio task of an async job; None for one in a thread."""
        self.process: JobProcess | None = None
        """The job process, if the job runs in one."""
        self.is_killed = False
        self._sent_progress: Progress | None = None

    def __str__(self) -> str:
        return f"job {self.lease.job_id} ({self.lease.task}, attempt {self.lease.attempt})"

    @property
    def run_seconds(self) -> float | None:
        """How long the task has run; None if it has not begun."""
        return None if self.began_at is None else time.monotonic() - self.began_at

    @property
    def new_progress(self) -> Progress | None:
        """Progress that was not sent to the store yet."""
        latest = self.context.latest_progress
        return None if latest is self._sent_progress else latest

    @property
    def new_lines(self) -> LogPiece | None:
        """Log lines that were not sent to the store yet."""
        lines = self.context.unsent_lines
        return None if lines is None else lines.piece()

    @property
    def has_news(self) -> bool:
        return self.new_progress is not None or self.context.unsent_lines is not None

    def mark_sent(self, progress: Progress | None, lines: LogPiece | None) -> None:
        """Note what was sent to the store."""
        if progress is not None:
            self._sent_progress = progress
        if lines is not None and (unsent := self.context.unsent_lines) is not None:
            unsent.sent(lines)

    @property
    def due_at(self) -> float:
        """When this job must be stopped or abandoned, unless it ends before."""
        if self.abandon_at is not None:
            return self.abandon_at
        return min(self.timeout_at, self.lease_until)
