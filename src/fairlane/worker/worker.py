"""A worker: the slots of one process, filled with jobs."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from functools import partial
from importlib.metadata import version
from typing import Any

from ..backend import Backend
from ..model.errors import FairlaneError, InvalidInput
from ..model.lease import MAX_REPORTED_JOBS, MAX_REPORTED_TASKS, LeaseStatus, Outcome, WorkerReport
from .admission import Admission
from .attempt_log import log_start
from .commands import follow_commands
from .execute import Executor
from .failure_hooks import FailureHooks
from .fetch import Fetcher
from .heartbeat import Heartbeat
from .log_capture import captured_logs
from .memory import resident_bytes
from .meter import WorkMeter
from .options import WorkerOptions
from .processes.pool import check_reachable
from .runnable import Runnable
from .running import RunningJob
from .stalls import is_stalled, warn_of_stalls
from .stopping import CANCEL_GRACE_SECONDS, Stop

log = logging.getLogger("fairlane.worker")

FLUSH_SECONDS = 5.0
"""How long a stopping worker tries to send outcomes."""
CLOSE_SECONDS = 2.0
MEMORY_SECONDS = 1.0
"""How often the worker looks at its memory."""


class Worker:
    """Claims jobs, runs them, keeps their leases, and reports how they ended, until `stop`."""

    def __init__(
        self,
        open_backend: Callable[[], Awaitable[Backend]],
        registry: Mapping[str, Runnable],
        options: WorkerOptions | None = None,
        on_start: Callable[[], None] = lambda: None,
    ) -> None:
        """`open_backend` is called twice: once for claims and outcomes, once in the heartbeat's own thread and loop.

        `registry` has the tasks by name. `on_start` is called before the first claim.
        """
        self.options = options or WorkerOptions()
        self._open_backend = open_backend
        self._registry = registry
        self._on_start = on_start
        self._stopping = asyncio.Event()
        self._started_at = time.time()
        self._executor: Executor | None = None
        self.was_told_to_drain = False
        """Whether a drain command came through the store."""
        self.is_used_up = False
        """Whether the worker has run as many jobs, or taken as much memory, as it ever may."""
        self._retiring = asyncio.Event()
        self.meter = WorkMeter()
        """What the worker has counted."""
        self._heartbeat: Heartbeat | None = None
        self._admission = Admission()

    @property
    def abandoned(self) -> int:
        """Jobs that were told to stop and did not; they still occupy a thread or the event loop."""
        return 0 if self._executor is None else self._executor.abandoned

    @property
    def running(self) -> int:
        """Jobs that it runs."""
        return 0 if self._executor is None else len(self._executor.running)

    @property
    def problem(self) -> str | None:
        """Why the worker is not ready for jobs; None if it is."""
        if self._stopping.is_set() or self._retiring.is_set():
            return "the worker drains"
        if (refusal := self._admission.problem) is not None:
            return refusal
        heard = None if self._heartbeat is None else self._heartbeat.last_success
        if heard is None or time.monotonic() - heard > self.options.lease_ms / 1000:
            return "the store does not answer"
        return None

    def stop(self) -> None:
        """Begin to drain: claim no more, let jobs end within `drain_seconds`, give the others back, then return.

        Call this in the event loop's thread.
        """
        self._stopping.set()

    def _drain_as_told(self) -> None:
        if not self._stopping.is_set():
            log.info("draining, as commanded through the store")
            self.was_told_to_drain = True
            self.stop()

    async def run(self) -> None:
        """Work until `stop` is called and everything is drained.

        Raises InvalidInput if `max_memory` is too little to begin with, StoreUnavailable and StoreRefused if the
        backend cannot be opened. Later outages are waited out. If this is
        cancelled, it drops its jobs at once, and their leases expire.
        """
        self._check_tasks()
        self._check_memory()
        with captured_logs():
            await self._work(await self._open_backend())

    async def _work(self, backend: Backend) -> None:
        def deliver(outcome: Outcome | None) -> None:
            fetcher.deliver(outcome)

        def notify_news() -> None:
            heartbeat.poke()

        hooks = FailureHooks(backend)
        self._executor = executor = Executor(self._registry, self.options, deliver, notify_news, hooks, self.meter)
        fetcher = Fetcher(backend, executor, hooks, self.options, self._admission, self._retire)
        self._heartbeat = heartbeat = self._new_heartbeat(executor)
        beside = self._start_beside(backend, executor, heartbeat)
        fetching = asyncio.create_task(fetcher.run())
        try:
            heartbeat.start()
            log_start(self.options, self._registry.keys())
            self._on_start()
            await _either(self._stopping.wait(), self._retiring.wait(), asyncio.wait({fetching}))
            if fetching.done():
                fetching.result()  # it ends only by an error
            if self.is_used_up:  # wait for the last jobs, however long, unless `stop` is called
                fetcher.claim_no_more()
                await _either(self._stopping.wait(), executor.idle())
            heartbeat.beat_now()  # its report says that the worker drains
            await self._drain(executor, fetcher)
            await _within(FLUSH_SECONDS, hooks.settle())
        finally:
            for task in (fetching, *beside):
                task.cancel()
            executor.stop_all(Stop.LOST)
            executor.close()
            fetcher.close()
            hooks.close()
            await heartbeat.stop()
            await _within(CLOSE_SECONDS, self._leave(backend, executor))
            await _within(CLOSE_SECONDS, backend.close())

    def _start_beside(self, backend: Backend, executor: Executor, heartbeat: Heartbeat) -> list[asyncio.Task[None]]:
        """Start what runs beside fetcher and jobs."""
        follow = partial(follow_commands, backend.workers, self.options.worker_id, self._admission)
        steps = [follow(heartbeat.beat_now, self._drain_as_told)]
        steps.append(warn_of_stalls(self.options.slots, executor.running))
        if self.options.max_memory is not None:
            steps.append(self._watch_memory(executor, self.options.max_memory))
        return [asyncio.create_task(step) for step in steps]

    def _retire(self) -> None:
        self.is_used_up = True
        self._retiring.set()

    async def _watch_memory(self, executor: Executor, most: int) -> None:
        while True:
            held = resident_bytes([os.getpid(), *executor.pids])
            if held > most:
                log.info("the worker holds %d MiB, and may hold %d MiB", held >> 20, most >> 20)
                self._retire()
                return
            await asyncio.sleep(MEMORY_SECONDS)

    def _check_tasks(self) -> None:
        """Find tasks that cannot work before their jobs do."""
        for name, task in self._registry.items():
            try:
                task.parameters  # noqa: B018
                if task.executor == "process":
                    check_reachable(name, task)
            except InvalidInput as error:  # its jobs fail for this reason; other tasks work
                log.error("%s", error)

    def _check_memory(self) -> None:
        """A worker over its limit before its first job would be replaced by another one, again and again."""
        held, most = resident_bytes([os.getpid()]), self.options.max_memory
        if most is not None and held > most:
            raise InvalidInput(f"max_memory must be more than the {held >> 20} MiB that the worker holds without a job")

    def _new_heartbeat(self, executor: Executor) -> Heartbeat:
        loop = asyncio.get_running_loop()

        def tell(job: RunningJob, status: LeaseStatus) -> None:
            reason = Stop.CANCELLED if status is LeaseStatus.CANCELLED else Stop.LOST
            loop.call_soon_threadsafe(executor.stop, job, reason)

        return Heartbeat(
            self._open_backend,
            self.options.lease_ms,
            self._admission,
            running=lambda: list(executor.running.copy().values()),
            report=lambda: self._report(executor),
            on_status=tell,
            on_reported=lambda report: self.meter.has_reported(report.work),
        )

    def _report(self, executor: Executor) -> WorkerReport:
        return WorkerReport(
            id=self.options.worker_id,
            queues=self.options.queues,
            slots=self.options.slots,
            running=len(executor.running),
            host=socket.gethostname(),
            pid=os.getpid(),
            started_at=self._started_at,
            draining=self._stopping.is_set() or self._retiring.is_set(),
            tasks=tuple(self._registry) if len(self._registry) <= MAX_REPORTED_TASKS else (),
            stalled=is_stalled(self.options.slots, executor.running.copy()),
            jobs=tuple(job.lease.job_id for job in list(executor.running.copy().values())[:MAX_REPORTED_JOBS]),
            version=version("fairlane"),
            memory_bytes=resident_bytes([os.getpid(), *executor.pids]),
            work=self.meter.report(),
        )

    async def _leave(self, backend: Backend, executor: Executor) -> None:
        """Report the last counts, and remove the worker from the listings. If this fails, it expires there."""
        with contextlib.suppress(FairlaneError):
            while (last := self._report(executor)).work is not None:
                await backend.leases.extend(last, [], self.options.lease_ms)
                self.meter.has_reported(last.work)
            await backend.workers.leave(self.options.worker_id)

    async def _drain(self, executor: Executor, fetcher: Fetcher) -> None:
        fetcher.claim_no_more()
        executor.stop_waiting(Stop.DRAINED)
        if not await _within(self.options.drain_seconds, executor.idle()):
            executor.stop_all(Stop.DRAINED)
            await _within(CANCEL_GRACE_SECONDS + 1.0, executor.idle())
        if not await _within(FLUSH_SECONDS, fetcher.settle()):
            log.error("the store did not take every outcome in time: jobs without one will run again")


async def _either(*steps: Coroutine[Any, Any, object]) -> None:
    """Wait until one of these is done."""
    tasks = [asyncio.create_task(step) for step in steps]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


async def _within(seconds: float, step: Awaitable[None]) -> bool:
    """Whether `step` was done in time."""
    try:
        async with asyncio.timeout(seconds):
            await step
    except TimeoutError:
        return False
    return True
