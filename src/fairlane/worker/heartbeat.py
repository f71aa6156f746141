"""Extends the worker's leases from a separate thread and connection, so that a busy event loop loses none."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import threading
import time
from collections.abc import Awaitable, Callable, Sequence

from ..backend import Backend
from ..model.errors import InvalidInput
from ..model.lease import LeaseReport, LeaseStatus, WorkerReport
from .admission import REFUSED, Admission
from .running import RunningJob
from .trouble import is_outage, log_trouble

log = logging.getLogger("fairlane.worker")

PROGRESS_SECONDS = 0.5
"""Progress and log lines are sent at most this often."""
HUNG_SECONDS = 5.0
"""Seconds after a job's timeout. An event loop that has not ended the job by then hangs: its lease may expire."""
LONGEST_RETRY_SECONDS = 1.0
JOIN_SECONDS = 2.0
BEATS_PER_LEASE = 3
"""How many times in the length of a lease the heartbeat extends it."""


LONGEST_INTERVAL_SECONDS = 20.0
"""Between two heartbeats, however long the lease is: the store forgets a worker that is silent for a minute."""


class Heartbeat:
    """Extends the leases of all running jobs BEATS_PER_LEASE times a lease or more, and reports the worker.

    Progress and log lines of jobs go to the store in between, twice a second at most.
    """

    def __init__(
        self,
        open_backend: Callable[[], Awaitable[Backend]],
        lease_ms: int,
        admission: Admission,
        running: Callable[[], Sequence[RunningJob]],
        report: Callable[[], WorkerReport],
        on_status: Callable[[RunningJob, LeaseStatus], None],
        on_reported: Callable[[WorkerReport], None],
    ) -> None:
        """`running`, `report`, `on_status` (not for OK) and `on_reported` are called in the heartbeat's thread."""
        self._open_backend = open_backend
        self._lease_ms = lease_ms
        self._admission = admission
        self._interval = min(lease_ms / 1000 / BEATS_PER_LEASE, LONGEST_INTERVAL_SECONDS)
        self._running = running
        self._report = report
        self._on_status = on_status
        self._on_reported = on_reported
        self._thread = threading.Thread(target=self._main, name="fairlane-heartbeat", daemon=True)
        self._owner = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._roused: asyncio.Event | None = None
        self._is_poked = False
        self._is_called = False
        self._is_stopped = False
        self._next_full = 0.0
        self.last_success: float | None = None
        """When the store last answered, on the monotonic clock."""
        self._last = 0.0
        self._failures = 0

    def start(self) -> None:
        self._thread.start()

    def poke(self) -> None:
        """Send new progress and lines soon. Cheap, and safe from any thread."""
        if not self._is_poked:
            self._is_poked = True
            self._rouse()

    def beat_now(self) -> None:
        """Extend all leases at once, since something may have happened to them. Safe from any thread."""
        self._is_called = True
        self._rouse()

    async def stop(self) -> None:
        """Send nothing more, and wait until the connection is closed."""
        self._is_stopped = True
        if self._thread.is_alive():
            self._rouse()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(
                    JOIN_SECONDS
                ):  # not Thread.join: jobs may hold all threads of the loop's pool
                    await self._ended.wait()

    def _rouse(self) -> None:
        loop, roused = self._loop, self._roused
        if loop is not None and roused is not None:
            with contextlib.suppress(RuntimeError):  # the thread has just ended
                loop.call_soon_threadsafe(roused.set)

    def _main(self) -> None:
        try:
            asyncio.run(self._beat_on())
        finally:
            with contextlib.suppress(RuntimeError):  # the worker's loop has closed already
                self._owner.call_soon_threadsafe(self._ended.set)

    async def _beat_on(self) -> None:
        self._roused = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        backend: Backend | None = None
        while not self._is_stopped:
            try:
                if backend is None:
                    backend = await self._open_backend()
                await self._beat(backend)
            except Exception as error:  # without another try, all leases expire
                pause = self._pause_after(error)
            else:
                self._failures = 0
                pause = self._pause()
            await self._sleep(pause)
        if backend is not None:
            await backend.close()

    async def _beat(self, backend: Backend) -> None:
        """Extend all leases if they are due, else those of jobs with new progress."""
        self._is_poked = False
        now = time.monotonic()
        if self._is_called:
            self._is_called = False
            self._next_full = now
        is_full = now >= self._next_full
        jobs = [job for job in self._running() if is_full or job.has_news]
        jobs = [job for job in jobs if now < job.timeout_at + HUNG_SECONDS]
        if jobs or is_full:
            async with asyncio.timeout(max(1.0, self._interval)):
                await self._extend(backend, jobs)
        self._last = now
        if is_full:
            self._next_full = now + self._interval * random.uniform(0.8, 1.0)

    async def _extend(self, backend: Backend, jobs: Sequence[RunningJob]) -> None:
        news = [(job.new_progress, job.new_lines) for job in jobs]
        reports = [
            LeaseReport(job.lease.job_id, job.lease.token, progress, lines)
            for job, (progress, lines) in zip(jobs, news, strict=True)
        ]
        sent_at = time.monotonic()
        about = self._report()
        statuses = await self._extend_at_least(backend, about, reports)
        self._on_reported(about)
        for job, (progress, lines), status in zip(jobs, news, statuses, strict=True):
            if status is not LeaseStatus.STALE_LEASE:
                job.lease_until = sent_at + self._lease_ms / 1000
                job.mark_sent(progress, lines)
            if status is not LeaseStatus.OK:
                self._on_status(job, status)
        self._admission.allowed("heartbeats")
        self.last_success = time.monotonic()

    async def _extend_at_least(
        self, backend: Backend, about: WorkerReport, reports: Sequence[LeaseReport]
    ) -> Sequence[LeaseStatus]:
        """Extend the leases, without progress and lines if these are refused: no lease must be lost over them."""
        try:
            return await backend.leases.extend(about, reports, self._lease_ms)
        except (InvalidInput, TypeError, ValueError) as error:  # a TypeError or ValueError: not JSON
            if all(report.progress is None and report.logs is None for report in reports):
                raise
            log.error("progress and log lines of %d jobs are refused and dropped: %s", len(reports), error)
        bare = [LeaseReport(report.job_id, report.token) for report in reports]
        return await backend.leases.extend(about, bare, self._lease_ms)

    def _pause(self) -> float:
        due_at = 0.0 if self._is_called else self._next_full
        if self._is_poked:
            due_at = min(due_at, self._last + PROGRESS_SECONDS)
        return due_at - time.monotonic()

    def _pause_after(self, error: Exception) -> float:
        if isinstance(error, REFUSED):
            self._failures = 1
            return self._admission.refused("heartbeats", error)
        if self._failures == 0 or not is_outage(error):
            log_trouble("a heartbeat failed; leases expire unless a later one succeeds", error)
        self._failures = min(self._failures + 1, 10)
        return min(LONGEST_RETRY_SECONDS, 0.05 * 2.0**self._failures) * random.uniform(0.5, 1.0)

    async def _sleep(self, seconds: float) -> None:
        """Sleep at most `seconds`; less if new progress is due earlier or the heartbeat is stopped.

        After a failure, progress is no reason to try again earlier.
        """
        assert self._roused is not None  # noqa: S101  made before the loop that sleeps
        until = time.monotonic() + seconds
        while seconds > 0 and not self._is_stopped:
            self._roused.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._roused.wait()
            seconds = self._pause() if self._failures == 0 else until - time.monotonic()
