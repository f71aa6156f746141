"""Batches of the model: how many of their jobs have ended, and what is made of it."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field

import msgspec

from fairlane.model.job import NewJob, SubmitStatus
from fairlane.model.states import State
from tests.support.clock import Clock

from .model_flows import ModelFlows, Since
from .model_job import ModelJob

DEAD = (State.FAILED, State.CANCELLED)


@dataclass(kw_only=True)
class ModelBatch:
    """One batch."""

    tenant_id: str
    callbacks: dict[str, NewJob]
    created_ms: int
    members: list[str] = field(default_factory=list)
    deleted: Counter[State] = field(default_factory=Counter)
    """Jobs that were deleted, by the state in which they had ended."""
    made: dict[str, str] = field(default_factory=dict)
    sealed: bool = False
    cancelled: bool = False
    over_ms: int = 0
    due_ms: int = 0
    """When it may be deleted."""


class ModelBatches(ModelFlows):
    """What the end of a job means for its batch."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.batches: dict[str, ModelBatch] = {}
        self.settling: Since = {}

    def of_batch(self, batch: ModelBatch) -> Counter[State]:
        """How many jobs are in each state, those that were deleted included."""
        return batch.deleted + Counter(self.jobs[job_id].state for job_id in batch.members)

    def _unfinished(self, batch: ModelBatch) -> int:
        return sum(not self.jobs[job_id].state.is_terminal for job_id in batch.members)

    def create_batch(self, batch_id: str, tenant_id: str, callbacks: dict[str, NewJob]) -> None:
        self.batches[batch_id] = ModelBatch(tenant_id=tenant_id, callbacks=callbacks, created_ms=self._now_ms)
        self.known.add(tenant_id)

    def batch_refusal(self, request: NewJob) -> SubmitStatus | None:
        if request.batch_id is None:
            return None
        batch = self.batches.get(request.batch_id)
        if batch is None or batch.tenant_id != request.tenant_id:
            return SubmitStatus.UNKNOWN_BATCH
        return SubmitStatus.BATCH_SEALED if batch.sealed else None

    def join_batch(self, request: NewJob) -> None:
        if request.batch_id is not None:
            self.batches[request.batch_id].members.append(request.id)

    def seal_batch(self, batch_id: str) -> None:
        self.batches[batch_id].sealed = True
        self._settle_later(batch_id)
        self._settle_first()

    def _settle_first(self) -> None:
        first = self._first(self.settling)
        del self.settling[first]
        self._settle(first)

    def cancel_batch(self, batch_id: str) -> bool:
        """False if all its jobs have ended."""
        batch = self.batches[batch_id]
        if batch.over_ms and not batch.cancelled:
            return False
        if not batch.cancelled:
            batch.sealed = batch.cancelled = True
            self._settle_later(batch_id)
            for job_id in sorted(batch.members):
                self.cancel(job_id)
        self.settle()
        return True

    def cancel(self, job_id: str) -> bool:
        raise NotImplementedError

    def note_end(self, job: ModelJob) -> None:
        super().note_end(job)
        batch = self._batch_of(job)
        if batch is not None:
            is_due = job.state in DEAD and "on_failure" in batch.callbacks
            if is_due or not self._unfinished(batch):
                self._settle_later(job.request.batch_id or "")

    def note_retry(self, job: ModelJob) -> None:
        super().note_retry(job)
        self._reopen(job)

    def _revive(self, job_id: str, need: str) -> bool:
        is_back = super()._revive(job_id, need)
        if is_back:
            self._reopen(self.jobs[job_id])
        return is_back

    def _reopen(self, job: ModelJob) -> None:
        batch = self._batch_of(job)
        if batch is not None:
            batch.over_ms = batch.due_ms = 0

    def _batch_of(self, job: ModelJob) -> ModelBatch | None:
        """Its batch, if that has it as a member: a batch that was deleted is no more."""
        batch = self.batches.get(job.request.batch_id or "")
        return batch if batch is not None and job.request.id in batch.members else None

    def leave_batch(self, job: ModelJob) -> None:
        """The job is deleted."""
        batch = self._batch_of(job)
        if batch is not None:
            batch.members.remove(job.request.id)
            batch.deleted[job.state] += 1

    def settle(self) -> int:
        """How many batches were looked at."""
        count = len(self.settling)
        while self.settling:
            self._settle_first()
        return count

    def _settle_later(self, batch_id: str) -> None:
        self.settling.setdefault(batch_id, self._now_ms)

    def _settle(self, batch_id: str) -> None:
        batch = self.batches.get(batch_id)
        if batch is None:
            return
        has_died = any(self.of_batch(batch)[state] for state in DEAD)
        if has_died and not batch.cancelled:
            self._make(batch_id, batch, "on_failure")
        if not batch.sealed or self._unfinished(batch):
            return
        if not has_died and not batch.cancelled:
            self._make(batch_id, batch, "then")
        self._make(batch_id, batch, "finally")
        if not batch.over_ms:
            policy = self.policy(batch.tenant_id)
            kept_s = max(policy.keep_completed_seconds, policy.keep_failed_seconds)
            batch.over_ms, batch.due_ms = self._now_ms, self._now_ms + round(kept_s * 1000)

    def _make(self, batch_id: str, batch: ModelBatch, name: str) -> None:
        callback = batch.callbacks.pop(name, None)
        if callback is None:
            return
        job_id = "00" + hashlib.sha1(f"{batch_id}{name}0".encode(), usedforsecurity=False).hexdigest()[:24]
        request = msgspec.structs.replace(callback, id=job_id)
        self.jobs[job_id] = made = ModelJob(request=request, state=State.PENDING, created_ms=self._now_ms)
        self._wait(made, 0)
        self.queues.add(request.queue)
        self._count(request.tenant_id, "submitted")
        batch.made[name] = job_id

    def _count(self, tenant: str, name: str) -> None:
        self.counts.setdefault(tenant, Counter())[name] += 1

    def prune_batches(self) -> None:
        for batch_id, batch in list(self.batches.items()):
            if batch.due_ms and batch.due_ms <= self._now_ms:
                del self.batches[batch_id]
