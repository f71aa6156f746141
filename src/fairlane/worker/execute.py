"""Runs leased jobs: async tasks on the event loop, plain functions in threads or processes."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import time
from collections.abc import Callable, Mapping
from functools import partial

import msgspec

from ..job.context import JobContext, enter_job
from ..model.errors import InvalidInput
from ..model.lease import FailureKind, Lease, Outcome, OutcomeKind
from . import outcomes
from .attempt_log import log_end
from .deadlines import Deadlines
from .failure_hooks import FailureHooks
from .forks import end_if_forked
from .invoke import call
from .meter import WorkMeter, outcome_label
from .options import WorkerOptions
from .processes import records
from .processes.frames import Said
from .processes.pool import JobProcess, Processes, check_reachable
from .runnable import Runnable
from .running import PROCESS_START_SECONDS, RunningJob
from .shared_loop import hide
from .stopping import CANCEL_GRACE_SECONDS, PROCESS_GRACE_SECONDS, Stop
from .suspects import Suspects
from .threads import Threads

log = logging.getLogger("fairlane.worker")


MOST_UNFIT_TASKS = 1_000
"""Names that are remembered, so that each is logged once."""


class Executor:
    """The jobs that run now. All methods belong to the event loop's thread."""

    def __init__(
        self,
        registry: Mapping[str, Runnable],
        options: WorkerOptions,
        deliver: Callable[[Outcome | None], None],
        notify_progress: Callable[[], None],
        hooks: FailureHooks,
        meter: WorkMeter,
    ) -> None:
        """`deliver` is called whenever a job frees its slot, with its outcome, if there is one to send.

        `notify_progress` is called from any thread.
        """
        self.running: dict[str, RunningJob] = {}
        """Jobs by lease token, suspects that wait among them. Other threads may copy it."""
        self.abandoned = 0
        """Jobs that did not stop when told to and still occupy a thread or the loop."""
        self._registry = registry
        self._deliver = deliver
        self._notify_progress = notify_progress
        self._hooks = hooks
        self._meter = meter
        self._hand_back_ms = round(options.hand_back_seconds * 1000)
        self._unfit_tasks: set[str] = set()
        self._slots = options.slots
        self._suspects = Suspects(self._run, self.running)
        self._threads = Threads(options.slots)
        self._processes = Processes()
        self._deadlines = Deadlines(self._tick)
        self._loop = asyncio.get_running_loop()
        self._context = contextvars.copy_context()
        """What every job starts from: no job sees context variables of another one."""
        self._idle: asyncio.Event | None = None

    def start(self, lease: Lease, claimed_at: float) -> None:
        """Run a job whose claim was sent at `claimed_at`, on the monotonic clock."""
        self._meter.started(lease)
        runnable = self._registry.get(lease.task)
        if runnable is None:
            self._hand_back(lease, outcomes.unknown_task(lease))
            return
        if lease.suspect and not self._suspects.may_add(lease):
            self._meter.ended(lease, OutcomeKind.RELEASED, None)
            self._let_go(outcomes.released(lease))
            return
        context = JobContext(lease, float("inf"), self._notify_progress)
        job = RunningJob(lease, runnable, context, claimed_at + lease.lease_seconds)
        self.running[lease.token] = job
        if lease.suspect:
            self._deadlines.watch(job.due_at)
            self._suspects.add(job)
        else:
            self._run(job)

    def _run(self, job: RunningJob) -> None:
        executor = job.runnable.executor
        self._time_begins(job, PROCESS_START_SECONDS if executor == "process" else 0.0)
        own = self._context.copy()
        if executor == "async":
            job.working = asyncio.Task(self._run_async(job), loop=self._loop, name=job.lease.job_id, context=own)
            hide(job.working)
        elif executor == "thread":
            self._threads.run(partial(own.run, self._run_in_thread, job))
        else:
            self._start_in_process(job, own)

    async def _run_async(self, job: RunningJob) -> None:
        lease = job.lease
        enter_job(job.context)
        try:
            try:
                arguments, keywords = job.runnable.parameters.decode(bytes(lease.payload))
            except InvalidInput as error:
                self._ended(job, outcomes.misfit(lease, error))
                return
            result = await job.runnable.call(*arguments, **keywords)
        except BaseException as error:  # SystemExit or a stray CancelledError end the job, not the worker
            end_if_forked(error)
            if self._loop.is_closed():  # Python throws GeneratorExit into tasks that it frees
                raise
            self._ended(job, outcomes.raised(lease, error))
            return
        end_if_forked()
        self._ended(job, outcomes.completed(lease, result))

    def _run_in_thread(self, job: RunningJob) -> None:
        if job.lease.token not in self.running:  # it was abandoned while it waited for a thread
            self._hand_over(job, outcomes.released(job.lease))
            return
        self._hand_over(job, call(job.runnable, job.context, job.lease))

    def _start_in_process(self, job: RunningJob, own: contextvars.Context) -> None:
        try:
            check_reachable(job.lease.task, job.runnable)
            job.process = self._processes.take()
        except InvalidInput as error:
            self._ended(job, outcomes.rejected(job.lease, "InvalidTask", error.detail))
        except OSError as error:
            self._ended(job, outcomes.raised(job.lease, error))
        else:
            self._threads.run(partial(own.run, self._run_in_process, job, job.process))

    def _run_in_process(self, job: RunningJob, process: JobProcess) -> None:
        """In a thread: wait for the process."""
        enter_job(job.context)  # for handlers that ask for the job of a record

        def began() -> None:
            self._loop.call_soon_threadsafe(self._time_begins, job)

        outcome = process.run(job.runnable, job.lease, began, partial(_hear, job.context))
        job.process = None  # it may run another job next, which must not be stopped in place of this one
        self._processes.give_back(process)
        self._hand_over(job, outcome)

    def _time_begins(self, job: RunningJob, allowance: float = 0.0) -> None:
        """The task begins, after `allowance` seconds at most. Called again once a job process has loaded the task."""
        job.began_at = time.monotonic()
        job.timeout_at = job.began_at + job.lease.timeout_seconds + allowance
        job.context.begin(job.timeout_at)
        self._deadlines.watch(job.due_at)

    def _hand_over(self, job: RunningJob, outcome: Outcome) -> None:
        """Pass an outcome from a thread to the event loop."""
        try:
            self._loop.call_soon_threadsafe(self._ended, job, outcome)
        except RuntimeError:  # the worker is gone
            log.debug("job %s ended after its worker", job.lease.job_id)

    def _ended(self, job: RunningJob, outcome: Outcome) -> None:
        if self.running.get(job.lease.token) is not job:
            self.abandoned -= 1
            return
        del self.running[job.lease.token]
        if outcome.kind is OutcomeKind.COMPLETED and (exited := job.context.unnoticed_exit) is not None:
            outcome = outcomes.raised(job.lease, exited)
        if job.stop is None and time.monotonic() >= job.lease_until:
            job.stop = Stop.LOST
        self._report(job, outcome if job.stop is None else outcomes.stopped(job.lease, job.stop))

    def _report(self, job: RunningJob, outcome: Outcome | None) -> None:
        if outcome is None:
            self._suspects.settled(job.lease.token)
        elif outcome.failure is FailureKind.UNFIT:
            self._hooks.expect(job, outcome)
            self._hand_back(job.lease, outcome)
            return
        elif outcome.kind is OutcomeKind.FAILED and outcome.error is not None:
            self._hooks.expect(job, outcome)
        self._note_end(job, outcome)
        if outcome is not None and job.has_news:
            outcome = msgspec.structs.replace(outcome, progress=job.new_progress, logs=job.new_lines)
        self._let_go(outcome)

    def _note_end(self, job: RunningJob, outcome: Outcome | None) -> None:
        label, seconds = outcome_label(job.lease, outcome), job.run_seconds
        self._meter.ended(job.lease, label, seconds)
        log_end(job, outcome, label, seconds)

    def _hand_back(self, lease: Lease, outcome: Outcome) -> None:
        """Offer the job to workers of another version. Logged once a task: the job may come again and again."""
        if outcome.error is not None and lease.task not in self._unfit_tasks:
            if len(self._unfit_tasks) < MOST_UNFIT_TASKS:
                self._unfit_tasks.add(lease.task)
            log.warning("job %s is handed back: %s", lease.job_id, outcome.error.message)
        self._meter.ended(lease, outcome_label(lease, outcome), None)
        self._let_go(msgspec.structs.replace(outcome, delay_ms=self._hand_back_ms))

    def _let_go(self, outcome: Outcome | None) -> None:
        """A slot is free again."""
        self._deliver(outcome)
        if self._idle is not None and not self.running:
            self._idle.set()

    def stop(self, job: RunningJob, reason: Stop) -> None:
        """Tell a job to stop, and free its slot when it has, or at once if it cannot be stopped."""
        if self.running.get(job.lease.token) is not job:
            return
        if self._suspects.drop(job):
            job.stop = reason
            self._ended(job, outcomes.released(job.lease))
            return
        first = job.stop is None
        if first or reason is Stop.LOST:
            job.stop = reason
        job.context.tell_cancelled()
        if job.process is not None:
            self._stop_process(job, job.process)
        elif job.working is not None:
            if first:
                self._give_up_in(CANCEL_GRACE_SECONDS, job)
                job.working.cancel()
        elif reason is not Stop.CANCELLED:  # a cancelled thread may still see the flag and return by itself
            self._abandon(job, job.stop or reason)

    def _stop_process(self, job: RunningJob, process: JobProcess) -> None:
        if job.stop is Stop.LOST:
            process.kill()
            job.is_killed = True
            self._give_up_in(CANCEL_GRACE_SECONDS, job)
        elif job.abandon_at is None:
            process.ask_to_stop()
            self._give_up_in(PROCESS_GRACE_SECONDS, job)

    def _give_up_in(self, seconds: float, job: RunningJob) -> None:
        job.abandon_at = time.monotonic() + seconds
        self._deadlines.watch(job.abandon_at)

    def _give_up(self, job: RunningJob, reason: Stop) -> None:
        """The job's grace is over: kill its process, or abandon the job if it has none."""
        if job.process is None or job.is_killed:
            self._abandon(job, reason)
            return
        job.process.kill()
        job.is_killed = True
        self._give_up_in(CANCEL_GRACE_SECONDS, job)

    def _abandon(self, job: RunningJob, reason: Stop) -> None:
        log.warning("%s did not stop when told to (%s); it is abandoned", job, reason.value)
        del self.running[job.lease.token]
        self.abandoned += 1
        self._report(job, outcomes.stopped(job.lease, reason))

    def _tick(self, now: float) -> float:
        """Stop the jobs whose time is over; return when the next one is due."""
        for job in list(self.running.values()):
            if now < job.due_at:
                continue
            if job.abandon_at is not None and job.stop is not None:
                self._give_up(job, job.stop)
            else:
                self.stop(job, Stop.LOST if now >= job.lease_until else Stop.TIMED_OUT)
        return min((job.due_at for job in self.running.values()), default=float("inf"))

    def stop_waiting(self, reason: Stop) -> None:
        """Give up the jobs that have a lease and have not begun."""
        for job in self._suspects.waiting:
            self.stop(job, reason)

    def stop_all(self, reason: Stop) -> None:
        """Tell every job to stop."""
        self.stop_waiting(reason)  # first, so that none begins when another one ends
        for job in list(self.running.values()):
            self.stop(job, reason)

    def settled(self, token: str) -> None:
        """The store has the outcome of this lease, or never will."""
        self._suspects.settled(token)

    @property
    def slots_taken(self) -> int:
        """All suspects together take one slot, up to as many more as there are slots: other jobs run beside them."""
        return len(self.running) - min(max(0, len(self._suspects) - 1), self._slots)

    @property
    def pids(self) -> list[int]:
        """The processes of its jobs, idle ones included. Safe from any thread."""
        running = [job.process.pid for job in self.running.copy().values() if job.process is not None]
        return running + self._processes.idle_pids

    async def idle(self) -> None:
        """Wait until no job runs."""
        self._idle = asyncio.Event()
        if self.running:
            await self._idle.wait()

    def close(self) -> None:
        self._deadlines.close()
        self._threads.close()
        self._processes.close()


def _hear(context: JobContext, said: Said) -> None:
    """Take over the progress and lines of a job process."""
    if said.progress is not None and said.progress != context.latest_progress:
        context.hear(said.progress)
    for line in said.lines:
        context.log(line)
    for record in said.records:
        records.handle(record)
