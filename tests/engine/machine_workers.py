"""What workers do."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from fairlane.engine import codec
from fairlane.model.ids import new_claim_id
from fairlane.model.job import JobError
from fairlane.model.lease import (
    ClaimRequest,
    Lease,
    LeaseReport,
    LeaseStatus,
    Outcome,
    OutcomeKind,
    WorkerReport,
)
from fairlane.model.states import State

from .agreement import ms
from .drawn import (
    QUEUES,
    WORKERS,
    endings,
    lease_times,
)
from .machine import LIMIT, LISTENER, Machine
from .model_job import ModelJob


class WorkerRules(Machine):
    """Claim, extend, finish."""

    @rule(
        worker=st.sampled_from(WORKERS),
        chosen=st.sampled_from([(), (), *((q,) for q in QUEUES), QUEUES]),
        most=st.sampled_from([1, 1, 2, 5]),
        lease_ms=lease_times,
    )
    def claim(self, worker: str, chosen: tuple[str, ...], most: int, lease_ms: int) -> None:
        request = ClaimRequest(worker_id=worker, claim_id=new_claim_id(), max=most, queues=chosen, lease_ms=lease_ms)
        blocked = self._blocked()
        leases: list[Lease] = self._do(lambda: self._claimed(request))
        expired = self._expired_by_the_claim()
        self.model.claim(request, leases, expired, blocked)
        if expired and not leases:
            self.last = None  # the same claim again goes on to the next jobs

    async def _claimed(self, request: ClaimRequest) -> list[Lease]:
        """The leases without how long their jobs had waited, which a repeated claim leaves out."""
        leases = await self.engine.leases.claim(request)
        return [msgspec.structs.replace(lease, waited_seconds=None) for lease in leases]

    @rule(number=st.integers(1, 3), chosen=st.sampled_from([(), *((q,) for q in QUEUES), QUEUES]))
    def claim_or_wait(self, number: int, chosen: tuple[str, ...]) -> None:
        """A claim that sleeps in the store while there is nothing to claim. It may be woken and not come."""
        request = ClaimRequest(worker_id="w1", claim_id=new_claim_id(), max=1, queues=chosen, lease_ms=10_000)
        name = f"{LISTENER}/{number}{'+'.join(chosen)}"
        blocked = self._blocked()
        values = codec.claim_values(request, 1, name, 60_000)
        claimed = codec.claimed(self._run(lambda: self.engine.partitions[0].run("claim", **values)), request.lease_ms)
        self.model.claim(request, claimed.leases, self._expired_by_the_claim(), blocked)
        self.last = None

    def _expired_by_the_claim(self) -> list[str]:
        """The jobs that a claim met and cancelled, of those that upkeep has not cancelled yet."""

        async def cancelled() -> list[str]:
            due = [job.request.id for job in self.model.expired()]
            return [job_id for job_id in due if (await self.engine.jobs.get(job_id)).state is State.CANCELLED]

        found: list[str] = self._run(cancelled)
        return found

    def _blocked(self) -> set[str]:
        """Tenants that a claim finds blocked. A claim unblocks those whose start rate has room again."""
        found, _ = self._run(lambda: self.engine.tenants.list(LIMIT))
        return {
            tenant.id
            for tenant in found
            if tenant.blocked_by and not (tenant.blocked_until and ms(tenant.blocked_until) <= self.clock.now_ms)
        }

    @precondition(lambda self: self._running())
    @rule(data=st.data(), lease_ms=lease_times)
    def extend(self, data: st.DataObject, lease_ms: int) -> None:
        job = self._pick(data, self._running())
        reports = [LeaseReport(job.request.id, job.token)]
        worker = WorkerReport(id=job.worker, slots=1)
        (status,) = self._do(lambda: self.engine.leases.extend(worker, reports, lease_ms))
        assert status is self.model.extend(job.request.id, job.token, lease_ms)

    @precondition(lambda self: self._running())
    @rule(data=st.data(), ending=endings)
    def finish(self, data: st.DataObject, ending: dict[str, Any]) -> None:
        job = self._pick(data, self._running())
        error = JobError("ValueError", f"attempt {job.attempt}") if ending["kind"] is OutcomeKind.FAILED else None
        outcome = Outcome(job_id=job.request.id, token=job.token, error=error, **ending)
        (status,) = self._do(lambda: self.engine.leases.finish([outcome]))
        assert status is self.model.finish(outcome) is LeaseStatus.OK
        if ending["delay_ms"] is None and job.state is State.SCHEDULED and job.reason == "retry":
            self._learn_backoff(job)
        elif ending["delay_ms"] is None and job.reason == "retry" and job.request.backoff.base_ms:
            raise AssertionError("a retry comes after its backoff")

    def _learn_backoff(self, job: ModelJob) -> None:
        """The delay is random within bounds; the model goes on with the real one."""
        found = self._run(lambda: self.engine.jobs.get(job.request.id))
        due = round(found.run_at.timestamp() * 1000) if found.run_at else self.clock.now_ms
        tried = job.attempt - job.base
        backoff = job.request.backoff
        assert backoff.delay_ms(tried, 0.0) <= due - self.clock.now_ms <= backoff.delay_ms(tried, 1.0)
        self.model.reschedule(job, due)

    @precondition(lambda self: self.model.old_tokens)
    @rule(data=st.data(), kind=st.sampled_from(OutcomeKind))
    def use_an_older_token(self, data: st.DataObject, kind: OutcomeKind) -> None:
        job_id, token = data.draw(st.sampled_from(self.model.old_tokens))
        worker = WorkerReport(id="w1", slots=1)
        outcome = Outcome(job_id=job_id, token=token, kind=kind)
        stale = [LeaseStatus.STALE_LEASE]
        assert self._do(lambda: self.engine.leases.finish([outcome])) == stale
        self.model.unlock()
        assert self._do(lambda: self.engine.leases.extend(worker, [LeaseReport(job_id, token)], 60_000)) == stale

    @precondition(lambda self: self.last is not None)
    @rule()
    def repeat_the_last_call(self) -> None:
        assert self.last is not None
        call, answer = self.last
        assert self._run(call) == answer
