"""What the engine should do, in plain Python: one object a job, lists of times for rates, no indexes.

It does not foretell which tenant is served next; it checks that what was claimed could be claimed.
"""

from __future__ import annotations

from collections import Counter

import msgspec

from fairlane.engine.retention import SPARED_MS
from fairlane.model.bulk import BulkAction
from fairlane.model.idempotency import fingerprint
from fairlane.model.job import NewJob, OnConflict, SubmitStatus
from fairlane.model.lease import ClaimRequest, FailureKind, Lease, LeaseStatus, Outcome, OutcomeKind
from fairlane.model.states import Reason, State

from .model_batches import ModelBatches
from .model_claim import check_claim
from .model_job import ModelJob

LOST = "the worker stopped, or did not renew its lease in time"


class Model(ModelBatches):
    """All jobs and limits, and what changes them."""

    # Clients

    def submit(self, job: NewJob) -> tuple[SubmitStatus, str, tuple[int, int] | None]:
        """Status, job id, and (remaining, reset in ms) of the rate where it was counted."""
        if job.id in self.jobs:
            there = self.jobs[job.id]
            same = _as_stored(job) in (_as_stored(there.request), _as_stored(there.first_request or there.request))
            return SubmitStatus.CREATED if same else SubmitStatus.ID_TAKEN, job.id, None
        first = self.idempotent.get((job.tenant_id, job.idempotency_key)) if job.idempotency_key else None
        if first is not None:
            same = fingerprint(first) == fingerprint(job)
            return SubmitStatus.REPLAYED if same else SubmitStatus.KEY_REUSED, first.id, None
        holder = self._holder(job)
        if holder is not None:
            return self._meet(job, self.jobs[holder]), holder, None
        if self.has_unknown_need(job):
            return SubmitStatus.UNKNOWN_NEED, job.id, None
        if (refusal := self.batch_refusal(job)) is not None:
            return refusal, job.id, None
        most = self.policy(job.tenant_id).max_waiting
        waiting = self.of_state(State.PENDING, job.tenant_id) + self.of_state(State.SCHEDULED, job.tenant_id)
        if most is not None and len(waiting) >= most:
            return SubmitStatus.BACKLOG_FULL, job.id, None
        taken = self._take_submission(job.tenant_id)
        if not taken:
            return SubmitStatus.RATE_LIMITED, job.id, self._rate_left(job.tenant_id)
        if job.idempotency_key:
            self.idempotent[job.tenant_id, job.idempotency_key] = job
        made = ModelJob(request=job, state=State.PENDING, created_ms=self._clock.now_ms)
        made.start_by_ms = self._clock.now_ms + job.expires_in_ms if job.expires_in_ms else 0
        self.await_needs(made, self._clock.now_ms + job.delay_ms)
        self.jobs[job.id] = made
        self.join_batch(job)
        self.known.add(job.tenant_id)
        self.queues.add(job.queue)
        self._count(job.tenant_id, "submitted")
        return SubmitStatus.CREATED, job.id, self._rate_left(job.tenant_id)

    def _meet(self, asked: NewJob, held: ModelJob) -> SubmitStatus:
        """A request meets an unfinished job with its business key."""
        if asked.on_conflict is OnConflict.RETURN or held.ran:
            return SubmitStatus.DEDUPLICATED
        old, now = held.request, self._clock.now_ms
        if asked.idempotency_key:
            self.idempotent[asked.tenant_id, asked.idempotency_key] = msgspec.structs.replace(asked, id=old.id)
        held.first_request = held.first_request or old
        held.start_by_ms = now + asked.expires_in_ms if asked.expires_in_ms else 0
        expires_in_ms = held.start_by_ms - held.created_ms if held.start_by_ms else None
        held.request = msgspec.structs.replace(
            asked,
            id=old.id,
            queue=old.queue,
            priority=old.priority,
            expires_in_ms=expires_in_ms,
            needs=old.needs,
            on_need_failed=old.on_need_failed,
            batch_id=old.batch_id,
        )
        if asked.on_conflict is OnConflict.DEBOUNCE and held.state is State.SCHEDULED and not held.open:
            held.due_ms = min(now + asked.delay_ms, held.created_ms + (asked.max_delay_ms or 0))
        return SubmitStatus.REPLACED

    def cancel(self, job_id: str) -> bool:
        """False where the job's state forbids it."""
        job = self.jobs[job_id]
        if job.state is State.RUNNING:
            job.cancel_asked = True
        elif not job.state.is_terminal:
            self._end(job, State.CANCELLED, Reason.CANCELLED_BY_USER, "cancelled", None)
        return job.state in (State.RUNNING, State.CANCELLED)

    def retry(self, job_id: str) -> bool:
        """False where the job's state or another job with its key forbids it."""
        job = self.jobs[job_id]
        if job.state is not State.FAILED:
            return not job.state.is_terminal and job.base > 0
        if self._holder(job.request) is not None:
            return False
        job.past = job.attempts()
        job.base, job.reason, job.ended_ms, job.rank = job.attempt, Reason.RETRIED, 0, (0, 0)
        job.cancel_asked = job.suspect = False
        job.unfit_since_ms = 0
        self._count(job.request.tenant_id, "retried")
        self._wait(job, 0)
        self.note_retry(job)
        return True

    def change(self, action: BulkAction, job_id: str) -> bool:
        """Whether the job was changed by a bulk call."""
        job = self.jobs[job_id]
        if job.state not in action.states or (job.state is State.RUNNING and job.cancel_asked):
            return False
        match action:
            case BulkAction.RETRY:
                return self.retry(job_id)
            case BulkAction.CANCEL:
                return self.cancel(job_id)
            case BulkAction.DELETE:
                if self.is_needed(job_id):
                    return False
                self.forget(job_id)
                return True

    def forget(self, job_id: str) -> None:
        """The store has deleted the job."""
        self.leave_batch(self.jobs[job_id])
        del self.jobs[job_id]
        self.dropped.pop(job_id, None)

    # Workers

    def claim(self, request: ClaimRequest, leases: list[Lease], expired: list[str], blocked: set[str]) -> None:
        """Check what was claimed while the store had the tenants of `blocked` outside its run indexes.

        `expired`: the jobs that the claim took from their lanes and cancelled.
        """
        check_claim(self, request, leases, expired, blocked)
        for job_id in expired:
            self._expire(self.jobs[job_id])
        for lease in leases:
            self._start(request, lease)

    def _start(self, request: ClaimRequest, lease: Lease) -> None:
        job = self.jobs[lease.job_id]
        assert (lease.tenant_id, lease.queue) == (job.request.tenant_id, job.request.queue)
        assert (lease.attempt, lease.max_attempts) == (job.attempt + 1, job.max_attempts)
        assert lease.attempt <= lease.max_attempts
        assert job.ran or not job.start_by_ms or job.start_by_ms > self._clock.now_ms
        job.ran = True
        assert bytes(lease.payload) == job.request.payload
        assert [(need.id, need.state) for need in lease.needs] == [(i, self._end_of(i)) for i in job.request.needs]
        assert lease.fence > self.fence
        assert lease.suspect == job.suspect
        self.fence = lease.fence
        if job.token:
            self.old_tokens.append((lease.job_id, job.token))
        job.state, job.attempt, job.token, job.worker = State.RUNNING, lease.attempt, lease.token, request.worker_id
        job.claimed_ms, job.expires_ms, job.reason = self._clock.now_ms, self._clock.now_ms + request.lease_ms, ""
        self._count(lease.tenant_id, "started")
        if self.policy(lease.tenant_id).start_rate is not None:
            self.starts.setdefault(lease.tenant_id, []).append(self._clock.now_us)
        limits = self.queue_limits.get(lease.queue)
        if limits is not None and limits.start_rate is not None:
            self.queue_starts.setdefault(lease.queue, []).append(self._clock.now_us)

    def extend(self, job_id: str, token: str, lease_ms: int) -> LeaseStatus:
        job = self.jobs.get(job_id)
        if job is None or job.state is not State.RUNNING or job.token != token:
            return LeaseStatus.STALE_LEASE
        job.expires_ms = self._clock.now_ms + lease_ms
        return LeaseStatus.CANCELLED if job.cancel_asked else LeaseStatus.OK

    def _end_of(self, job_id: str) -> State | None:
        job = self.jobs.get(job_id)
        return job.state if job is not None and job.state.is_terminal else None

    def finish(self, outcome: Outcome) -> LeaseStatus:
        """Whatever a call reports, it unlocks the jobs whose needs have ended, and settles batches."""
        status = self._finish(outcome)
        self.unlock()
        self.settle()
        return status

    def _finish(self, outcome: Outcome) -> LeaseStatus:
        job = self.jobs.get(outcome.job_id)
        if job is None or job.token != outcome.token:
            return LeaseStatus.STALE_LEASE
        if job.state is not State.RUNNING:
            return LeaseStatus.OK
        message = outcome.error.message if outcome.error else None
        if outcome.kind is OutcomeKind.COMPLETED:
            self._end(job, State.COMPLETED, "", "completed", None)
        elif outcome.kind is OutcomeKind.CANCELLED or job.cancel_asked:
            reason = Reason.CANCELLED_BY_USER if job.cancel_asked else Reason.CANCELLED_BY_TASK
            self._end(job, State.CANCELLED, reason, "cancelled", message)
        elif outcome.kind is OutcomeKind.FAILED:
            self._fail(job, outcome, message)
        else:
            job.attempt -= 1
            job.reason = outcome.kind.value
            if outcome.kind is OutcomeKind.SNOOZED:
                job.unfit_since_ms, job.suspect = 0, False
            self._wait(job, self._clock.now_ms + (outcome.delay_ms or 0) if outcome.kind is OutcomeKind.SNOOZED else 0)
        return LeaseStatus.OK

    def _fail(self, job: ModelJob, outcome: Outcome, message: str | None) -> None:
        kind = outcome.failure.value
        if outcome.failure is FailureKind.UNFIT:
            if self._hand_back(job, outcome.delay_ms if outcome.delay_ms is not None else -1):
                return
            kind = FailureKind.REJECTED.value
        seen = "failed" if kind == "error" else kind
        self._count(job.request.tenant_id, "failed")
        if kind == "rejected" or job.attempt >= job.max_attempts:
            reason = Reason.ATTEMPTS_EXHAUSTED if kind == "error" else kind
            self._end(job, State.FAILED, reason, seen, message)
            return
        job.past.append((job.attempt, seen, message))
        job.reason, job.unfit_since_ms, job.suspect = Reason.RETRY, 0, False
        self._count(job.request.tenant_id, "retried")
        # With a backoff the state machine corrects the due time by what it finds, within bounds.
        self._wait(job, self._clock.now_ms + (outcome.delay_ms if outcome.delay_ms is not None else 1))

    def _hand_back(self, job: ModelJob, patience_ms: int) -> bool:
        """The worker cannot run the job, but one of another version may, until patience is over."""
        job.unfit_since_ms = job.unfit_since_ms or self._clock.now_ms
        waited = self._clock.now_ms - job.unfit_since_ms
        if waited >= patience_ms:
            return False
        job.attempt -= 1
        job.reason = Reason.UNFIT
        self._wait(job, self._clock.now_ms + min(max(waited, 1_000), 30_000, patience_ms - waited))
        return True

    def reschedule(self, job: ModelJob, due_ms: int) -> None:
        """Go on with the due time that the store has chosen for a retry."""
        self._wait(job, due_ms)

    # Upkeep

    def expire(self) -> int:
        due = self.expired()
        for job in due:
            self._expire(job)
        return len(due)

    def expiring(self) -> list[ModelJob]:
        """Jobs that have never started and may expire."""
        waiting = self.of_state(State.PENDING) + self.of_state(State.SCHEDULED)
        return [job for job in waiting if job.start_by_ms and not job.ran]

    def expired(self) -> list[ModelJob]:
        return [job for job in self.expiring() if job.start_by_ms <= self._clock.now_ms]

    def _expire(self, job: ModelJob) -> None:
        assert job in self.expired()
        self._end(job, State.CANCELLED, Reason.EXPIRED, "cancelled", None)

    def promote(self) -> int:
        due = [job for job in self.of_state(State.SCHEDULED) if not job.open and job.due_ms <= self._clock.now_ms]
        for job in sorted(due, key=lambda job: (job.due_ms, job.request.id)):
            self._wait(job, 0)
        return len(due)

    def reap(self, worker: str | None = None) -> tuple[int, int, int]:
        """Requeued, failed, cancelled."""
        done = Counter[State]()
        running = self.of_state(State.RUNNING)
        if worker is None:
            lost = guilty = [job for job in running if job.expires_ms <= self._clock.now_ms]
        else:
            lost = [job for job in running if job.worker == worker]
            guilty = self._guilty(lost)
        for job in lost:
            is_guilty = any(job is each for each in guilty)
            self._lose(job, burns=is_guilty)
            job.suspect |= worker is not None and (is_guilty or not guilty)
            done[job.state] += 1
        return done[State.PENDING], done[State.FAILED], done[State.CANCELLED]

    @staticmethod
    def _guilty(lost: list[ModelJob]) -> list[ModelJob]:
        """The job that ended its worker, if that is known: a worker runs the first of its suspects alone."""
        suspects = sorted((job for job in lost if job.suspect), key=lambda job: int(job.token.rpartition(".")[2]))
        return suspects[:1] if suspects or len(lost) > 1 else lost

    def _lose(self, job: ModelJob, *, burns: bool) -> None:
        self.old_tokens.append((job.request.id, job.token))
        job.token = ""
        if job.cancel_asked:
            self._end(job, State.CANCELLED, Reason.CANCELLED_BY_USER, "worker_lost", LOST)
            return
        if not burns:
            job.attempt -= 1
            job.reason = Reason.WORKER_LOST
            self._wait(job, 0)
            return
        self._count(job.request.tenant_id, "failed")
        if job.attempt >= job.max_attempts:
            self._end(job, State.FAILED, Reason.WORKER_LOST, "worker_lost", LOST)
            return
        job.past.append((job.attempt, "worker_lost", LOST))
        job.reason = Reason.WORKER_LOST
        self._count(job.request.tenant_id, "retried")
        self._wait(job, 0)

    def prunable(self) -> dict[tuple[str, State], list[str]]:
        """The jobs that may be deleted, by tenant and state, in order."""
        found = {}
        for tenant in self.known:
            policy = self.policy(tenant)
            completed = (policy.keep_completed_seconds, policy.keep_completed_max)
            failed = (policy.keep_failed_seconds, policy.keep_failed_max)
            for state in (State.COMPLETED, State.CANCELLED, State.FAILED):
                seconds, most = failed if state is State.FAILED else completed
                jobs = sorted(self.of_state(state, tenant), key=lambda job: (job.indexed_ms, job.request.id))
                surplus = max(0, len(jobs) - most)
                spared = [min(seconds * 1000, SPARED_MS)] * surplus + [seconds * 1000] * (len(jobs) - surplus)
                found[tenant, state] = [
                    job.request.id
                    for job, kept_ms in zip(jobs, spared, strict=True)
                    if job.indexed_ms <= self._clock.now_ms - kept_ms and not self.is_kept(job)
                ]
        return found

    # Within

    def _take_submission(self, tenant: str) -> bool:
        rate = self.policy(tenant).submit_rate
        if rate is None:
            return True
        if self.submissions_used(tenant) >= rate.limit:
            return False
        self.submissions.setdefault(tenant, []).append(self._clock.now_us)
        return True

    def _rate_left(self, tenant: str) -> tuple[int, int] | None:
        rate = self.policy(tenant).submit_rate
        if rate is None:
            return None
        events = sorted(self.within(self.submissions[tenant], rate.window_us), reverse=True)
        if len(events) < rate.limit:
            return rate.limit - len(events), 0
        return 0, -(-(events[rate.limit - 1] + rate.window_us - self._clock.now_us) // 1000)

    def _holder(self, request: NewJob) -> str | None:
        for job in self.jobs.values():
            same = (job.request.tenant_id, job.request.key) == (request.tenant_id, request.key)
            if request.key and same and not job.state.is_terminal:
                return job.request.id
        return None

    def _wait(self, job: ModelJob, due_ms: int) -> None:
        job.due_ms, job.expires_ms = 0, 0
        if due_ms > self._clock.now_ms:
            job.state, job.due_ms = State.SCHEDULED, due_ms
            return
        job.state, job.pending_ms = State.PENDING, self._clock.now_ms
        if job.rank == (0, 0):
            self._sequence += 1
            job.rank = (9 - job.request.priority, self._sequence)

    def _end(self, job: ModelJob, state: State, reason: str, outcome: str, error: str | None) -> None:
        if state is State.COMPLETED:
            self._count(job.request.tenant_id, "completed")
        job.state, job.reason, job.ended_ms = state, reason, self._clock.now_ms
        job.indexed_ms, job.last = job.ended_ms, (outcome, error)
        job.due_ms = job.expires_ms = 0
        self.note_end(job)


def _as_stored(job: NewJob) -> NewJob:
    """The part of a request that makes it the same one when it is repeated under its id."""
    return msgspec.structs.replace(
        job,
        delay_ms=0,
        max_delay_ms=None,
        run_at_ms=None,
        headers=None,
        idempotency_key=None,
        on_conflict=OnConflict.RETURN,
    )
