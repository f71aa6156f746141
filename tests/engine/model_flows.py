"""Jobs of the model that wait for others."""

from __future__ import annotations

from abc import abstractmethod

from fairlane.model.job import NewJob, OnNeedFailed
from fairlane.model.states import Reason, State
from tests.support.clock import Clock

from .model_job import ModelJob
from .model_state import ModelState

Since = dict[str, int]
"""Jobs, and the time (ms) since when each is in this list."""


class ModelFlows(ModelState):
    """What ends a wait for needs, what their failure cancels, and what brings it back."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.unlocking: Since = {}
        self.reviving: Since = {}
        self.dropped: dict[str, Since] = {}

    @abstractmethod
    def _end(self, job: ModelJob, state: State, reason: str, outcome: str, error: str | None) -> None: ...

    @abstractmethod
    def _wait(self, job: ModelJob, due_ms: int) -> None: ...

    @abstractmethod
    def _holder(self, request: NewJob) -> str | None: ...

    @property
    def _now_ms(self) -> int:
        return self._clock.now_ms

    def has_unknown_need(self, request: NewJob) -> bool:
        known = (self.jobs.get(need) for need in request.needs)
        return any(job is None or job.request.tenant_id != request.tenant_id for job in known)

    def await_needs(self, job: ModelJob, due_ms: int) -> None:
        """Have a job wait for its needs, then for its time."""
        job.needs = tuple(need for need in job.request.needs if need in self.jobs)
        dead = [need for need in job.needs if self._is_dead(self.jobs[need], job)]
        job.open = {need for need in job.needs if not self.jobs[need].state.is_terminal} | set(dead)
        job.locked_ms, job.held_until_ms = self._now_ms, due_ms
        for need in dead:
            self.unlocking.setdefault(need, self._now_ms)
        if job.open:
            job.state, job.reason, job.due_ms = State.SCHEDULED, Reason.NEEDS, 0
        else:
            self._wait(job, due_ms)

    def is_needed(self, job_id: str) -> bool:
        return any(job_id in job.needs for job in self.jobs.values())

    def is_kept(self, job: ModelJob) -> bool:
        """Whether the job is kept for others when its time is over."""
        return self.is_needed(job.request.id) or job.dropped_by in self.jobs

    def note_end(self, job: ModelJob) -> None:
        job.needs, job.open = (), set()
        if self.is_needed(job.request.id):
            self.unlocking.setdefault(job.request.id, self._now_ms)

    def note_retry(self, job: ModelJob) -> None:
        job.needs = tuple(need for need in job.request.needs if need in self.jobs)
        if self.dropped.get(job.request.id):
            self.reviving.setdefault(job.request.id, self._now_ms)

    def unlock(self) -> int:
        """How many jobs stopped waiting."""
        count = 0
        while self.unlocking:
            need = self._first(self.unlocking)
            ended = self.jobs.get(need)
            if ended is not None and ended.state.is_terminal:
                locked = {i: job.locked_ms for i, job in self.jobs.items() if need in job.open}
                count += sum(self._unlock(self.jobs[i], ended) for i in sorted(locked, key=lambda i: (locked[i], i)))
            del self.unlocking[need]
        return count

    def _unlock(self, job: ModelJob, need: ModelJob) -> bool:
        job.open.discard(need.request.id)
        if self._is_dead(need, job):
            job.needs, job.start_by_ms, job.dropped_by = (), 0, need.request.id
            self.dropped.setdefault(need.request.id, {})[job.request.id] = self._now_ms
            self._end(job, State.CANCELLED, Reason.NEED_FAILED, "cancelled", None)
            return True
        if job.open:
            return False
        job.reason = ""
        self._wait(job, job.held_until_ms)
        return True

    def revive(self) -> int:
        """How many jobs wait again."""
        count = 0
        while self.reviving:
            need = self._first(self.reviving)
            back = self.jobs.get(need)
            if back is None or back.state not in (State.FAILED, State.CANCELLED):
                dropped = self.dropped.pop(need, {})
                count += sum(self._revive(i, need) for i in sorted(dropped, key=lambda i: (dropped[i], i)))
            del self.reviving[need]
        return count

    def _revive(self, job_id: str, need: str) -> bool:
        job = self.jobs.get(job_id)
        if job is None or job.reason != Reason.NEED_FAILED:
            return False
        job.dropped_by = ""
        others = [i for i in job.request.needs if i != need and i in self.jobs and self._is_dead(self.jobs[i], job)]
        if others:
            job.dropped_by = others[0]
            self.dropped.setdefault(others[0], {}).setdefault(job_id, self._now_ms)
            return False
        if self._holder(job.request) is not None:
            return False
        job.ended_ms, job.last, job.reason = 0, ("", None), ""
        self.await_needs(job, 0)
        if self.dropped.get(job_id):
            self.reviving.setdefault(job_id, self._now_ms)
        return True

    @staticmethod
    def _is_dead(need: ModelJob, job: ModelJob) -> bool:
        cancels = job.request.on_need_failed is OnNeedFailed.CANCEL
        return cancels and need.state in (State.FAILED, State.CANCELLED)

    @staticmethod
    def _first(jobs: Since) -> str:
        return min(jobs, key=lambda job_id: (jobs[job_id], job_id))
