"""The real scripts against the model: after every step both agree and doctor finds nothing."""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from fairlane.engine import Engine, codec
from fairlane.model.bulk import BulkAction
from fairlane.model.errors import Conflict, NotFound
from fairlane.model.ids import new_claim_id
from fairlane.model.job import JobError, NewJob, Submission, SubmitStatus
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
from fairlane.model.tenant import Fairness, PolicyChange
from fairlane.store import Durability, Store, open_store
from tests.support.clock import Clock

from .agreement import check_agreement, ms
from .drawn import (
    QUEUES,
    WORKERS,
    endings,
    lease_times,
    new_jobs,
    policy_changes,
    queues,
    repeatable_jobs,
    tenants,
    waits,
)
from .model import Model
from .model_job import ModelJob

LISTENER = "machine"
"""The process that hears of wakes."""
LIMIT = 100
_QUICK = int(os.environ.get("FAIRLANE_EXAMPLES", "60"))
Call = Callable[[], Awaitable[Any]]


class EngineMachine(RuleBasedStateMachine):
    """Drives engine and model together."""

    runner: asyncio.Runner
    store: Store

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.model = Model(self.clock)
        self.last: tuple[Call, Any] | None = None
        self.made = 0
        self.asked: list[NewJob] = []
        self.engine = self._run(self._open)

    async def _open(self) -> Engine:
        await self.store.client.flushall()
        return await Engine.open(self.store, clock=self.clock, monotonic=self.clock.monotonic)

    def _run(self, call: Call) -> Any:
        async def awaited() -> Any:
            return await call()

        return self.runner.run(awaited())

    def _do(self, call: Call) -> Any:
        """Run a call that can be repeated with the same answer."""
        answer = self._run(call)
        self.last = (call, answer)
        return answer

    def _next_id(self) -> str:
        """Jobs of one instant go in the order of their ids: in any order, but in the same one each time."""
        self.made += 1
        return "00" + hashlib.sha256(str(self.made).encode()).hexdigest()[:24]

    def _pick(self, data: st.DataObject, jobs: list[ModelJob]) -> ModelJob:
        return data.draw(st.sampled_from(jobs))

    def _running(self) -> list[ModelJob]:
        return self.model.of_state(State.RUNNING)

    # Clients

    @rule(requests=st.lists(new_jobs | repeatable_jobs, min_size=1, max_size=4))
    def submit(self, requests: list[dict[str, Any]]) -> None:
        jobs = [NewJob(id=self._next_id(), **request) for request in requests]
        self.asked += jobs

        async def submit() -> list[tuple[Any, ...]]:
            answers.extend(await self.engine.jobs.submit(jobs))
            return [(a.status, a.job_id, a.state) for a in answers[-len(jobs) :]]

        answers: list[Submission] = []
        self._do(submit)
        for job, answer in zip(jobs, answers[: len(jobs)], strict=True):
            status, job_id, rate = self.model.submit(job)
            assert (answer.status, answer.job_id) == (status, job_id)
            got = (answer.rate.remaining, round(answer.rate.reset_seconds * 1000)) if answer.rate else None
            assert got == rate
            if status is SubmitStatus.CREATED:
                assert answer.state is self.model.jobs[job.id].state
                assert answer.created_at_ms == self.clock.now_ms

    @precondition(lambda self: self.model.jobs)
    @rule(data=st.data(), request=new_jobs)
    def submit_another_under_an_id(self, data: st.DataObject, request: dict[str, Any]) -> None:
        """Another tenant or another request must neither get nor replace the job."""
        job = NewJob(id=data.draw(st.sampled_from(sorted(self.model.jobs))), **request)
        (answer,) = self._run(lambda: self.engine.jobs.submit([job]))
        status, job_id, _ = self.model.submit(job)
        assert (answer.status, answer.job_id) == (status, job_id)
        self.last = None

    @precondition(lambda self: self.asked)
    @rule(data=st.data())
    def submit_again(self, data: st.DataObject) -> None:
        """A job that is still there, has ended, was forgotten or was refused."""
        job = data.draw(st.sampled_from(self.asked))
        (answer,) = self._run(lambda: self.engine.jobs.submit([job]))
        status, job_id, _ = self.model.submit(job)
        assert (answer.status, answer.job_id) == (status, job_id)
        self.last = None

    @precondition(lambda self: self.model.jobs)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        job = self._pick(data, list(self.model.jobs.values()))
        job_id = job.request.id
        done = self._do(lambda: self._allowed(self.engine.jobs.cancel(job_id)))
        assert done == self.model.cancel(job_id)

    @precondition(lambda self: self.model.jobs)
    @rule(data=st.data(), failed=st.booleans())
    def retry(self, data: st.DataObject, failed: bool) -> None:
        jobs = self.model.of_state(State.FAILED) if failed else []
        job_id = self._pick(data, jobs or list(self.model.jobs.values())).request.id
        done = self._do(lambda: self._allowed(self.engine.jobs.retry(job_id)))
        assert done == self.model.retry(job_id)

    @precondition(lambda self: self.model.jobs)
    @rule(data=st.data(), action=st.sampled_from(BulkAction))
    def change_many(self, data: st.DataObject, action: BulkAction) -> None:
        ids = data.draw(st.lists(st.sampled_from(list(self.model.jobs)), min_size=1, max_size=5, unique=True))
        result = self._run(lambda: self.engine.jobs.change(action, ids))
        assert (result.count, result.more) == (sum(self.model.change(action, job_id) for job_id in ids), False)
        assert self._run(lambda: self.engine.jobs.change(action, ids)).count == 0
        self.last = None

    @staticmethod
    async def _allowed(call: Awaitable[Any]) -> bool:
        try:
            await call
        except Conflict:
            return False
        return True

    # Workers

    @rule(
        worker=st.sampled_from(WORKERS),
        chosen=st.sampled_from([(), (), *((q,) for q in QUEUES), QUEUES]),
        most=st.sampled_from([1, 1, 2, 5]),
        lease_ms=lease_times,
    )
    def claim(self, worker: str, chosen: tuple[str, ...], most: int, lease_ms: int) -> None:
        request = ClaimRequest(worker_id=worker, claim_id=new_claim_id(), max=most, queues=chosen, lease_ms=lease_ms)
        blocked = self._blocked()
        leases: list[Lease] = self._do(lambda: self.engine.leases.claim(request))
        self.model.claim(request, leases, blocked)

    @rule(number=st.integers(1, 3), chosen=st.sampled_from([(), *((q,) for q in QUEUES), QUEUES]))
    def claim_or_wait(self, number: int, chosen: tuple[str, ...]) -> None:
        """A claim that sleeps in the store while there is nothing to claim. It may be woken and not come."""
        request = ClaimRequest(worker_id="w1", claim_id=new_claim_id(), max=1, queues=chosen, lease_ms=10_000)
        name = f"{LISTENER}/{number}{'+'.join(chosen)}"
        blocked = self._blocked()
        values = codec.claim_values(request, 1, name, 60_000)
        claimed = codec.claimed(self._run(lambda: self.engine.partitions[0].run("claim", **values)), request.lease_ms)
        self.model.claim(request, claimed.leases, blocked)
        self.last = None

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
        assert self._do(lambda: self.engine.leases.extend(worker, [LeaseReport(job_id, token)], 60_000)) == stale

    @precondition(lambda self: self.last is not None)
    @rule()
    def repeat_the_last_call(self) -> None:
        assert self.last is not None
        call, answer = self.last
        assert self._run(call) == answer

    # Upkeep and operators

    @rule()
    def promote(self) -> None:
        step = self._run(lambda: self.engine.maintenance.promote(LIMIT))
        assert step.count == self.model.promote()
        found, _ = self._run(lambda: self.engine.tenants.list(LIMIT))
        ends = [ms(tenant.blocked_until) for tenant in found if tenant.blocked_until]
        dues = [job.due_ms for job in self.model.of_state(State.SCHEDULED)]
        assert step.next_ms == min((time - self.clock.now_ms for time in (*ends, *dues)), default=None)
        assert all(time > self.clock.now_ms for time in ends)
        self.last = (lambda: self._nothing_done(self.engine.maintenance.promote(LIMIT)), True)

    @precondition(lambda self: self._running())
    @rule(data=st.data())
    def lose_a_busy_worker(self, data: st.DataObject) -> None:
        self.reap(self._pick(data, self._running()).worker)

    @rule(lost=st.sampled_from([None, None, *WORKERS]))
    def reap(self, lost: str | None) -> None:
        call = (
            (lambda: self.engine.maintenance.reap_worker(lost))
            if lost
            else (lambda: self.engine.maintenance.reap(LIMIT))
        )
        done = self._run(call)
        assert (done.requeued, done.failed, done.cancelled) == self.model.reap(lost)
        ends = [job.expires_ms for job in self._running()]
        assert done.next_ms == (max(0, min(ends) - self.clock.now_ms) if ends else None)
        again = self._run(call)
        assert (again.requeued, again.failed, again.cancelled) == (0, 0, 0)
        self.last = None

    @rule(limit=st.sampled_from([1, LIMIT]))
    def prune(self, limit: int) -> None:
        while True:
            prunable = self.model.prunable()
            step = self._run(lambda: self.engine.maintenance.prune(limit))
            gone = {job_id for ids in prunable.values() for job_id in ids if self._is_gone(job_id)}
            assert step.count == len(gone)
            for ids in prunable.values():  # the oldest went first
                assert set(ids[: len(gone & set(ids))]) == gone & set(ids)
            for job_id in gone:
                del self.model.jobs[job_id]
            if step.count < limit:
                break
        assert not any(self.model.prunable().values())
        self.last = None

    def _is_gone(self, job_id: str) -> bool:
        async def read() -> bool:
            try:
                await self.engine.jobs.get(job_id)
            except NotFound:
                return True
            return False

        return bool(self._run(read))

    @staticmethod
    async def _nothing_done(step: Awaitable[Any]) -> bool:
        return bool((await step).count == 0)

    @rule(tenant=tenants, change=policy_changes)
    def change_limits(self, tenant: str, change: PolicyChange) -> None:
        found = self._do(lambda: self.engine.tenants.change(tenant, change))
        own = self.model.own_limits.setdefault(tenant, {})
        own |= {name: value for name, value in msgspec.structs.asdict(change).items() if value is not msgspec.UNSET}
        self.model.known.add(tenant)
        assert found.policy == self.model.policy(tenant)

    @rule(tenant=tenants)
    def reset_limits(self, tenant: str) -> None:
        found = self._do(lambda: self.engine.tenants.reset(tenant))
        own = self.model.own_limits.setdefault(tenant, {})
        self.model.own_limits[tenant] = {name: value for name, value in own.items() if name == "paused"}
        self.model.known.add(tenant)
        assert found.policy == msgspec.structs.replace(self.model.default, paused=self.model.policy(tenant).paused)

    @rule(change=policy_changes, fairness=st.sampled_from(Fairness))
    def change_defaults(self, change: PolicyChange, fairness: Fairness) -> None:
        policy = change.apply_to(self.model.default)
        self._do(lambda: self.engine.maintenance.set_defaults(policy, fairness))
        self.model.default = policy

    @rule(queue=queues, paused=st.booleans())
    def pause_queue(self, queue: str, paused: bool) -> None:
        self._do(lambda: self.engine.queues.pause(queue, paused))
        self.model.queues.add(queue)
        (self.model.paused_queues.add if paused else self.model.paused_queues.discard)(queue)

    @rule(us=waits)
    def let_time_pass(self, us: int) -> None:
        self.clock.advance(us=us)
        self.last = None

    @rule(seconds=st.sampled_from([-86_400, -3_600, -3, 3, 3_600, 86_400]))
    def set_the_clock_of_the_store(self, seconds: int) -> None:
        """The model knows nothing of it: the engine's time goes on."""
        self.clock.set_store(seconds)

    @invariant()
    def agree(self) -> None:
        self._run(lambda: check_agreement(self.engine, self.model))


@pytest.fixture(scope="module")
def machine() -> Iterator[type[EngineMachine]]:
    """The state machine on a separate store, in a separate event loop."""
    with tempfile.TemporaryDirectory(prefix="fl") as folder, asyncio.Runner() as runner:
        store = runner.run(open_store(f"embedded:{folder}", Durability.MEMORY))
        pubsub = store.subscriber().pubsub()
        runner.run(pubsub.subscribe(f"fl:{{0}}:wake/{LISTENER}"))
        try:
            yield type("Machine", (EngineMachine,), {"runner": runner, "store": store})
        finally:
            runner.run(pubsub.aclose())  # type: ignore[no-untyped-call]
            runner.run(store.close())


def run_machine(machine: type[EngineMachine], examples: int, steps: int) -> None:
    shrink = () if "FAIRLANE_EXAMPLES" in os.environ else (Phase.shrink,)
    profile = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        derandomize=True,
        database=None,
        phases=(Phase.explicit, Phase.generate, *shrink),
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=profile)


def test_engine_and_model_agree(machine: type[EngineMachine]) -> None:
    run_machine(machine, _QUICK, 40)


@pytest.mark.soak
def test_engine_and_model_agree_for_long(machine: type[EngineMachine]) -> None:
    run_machine(machine, 1_500, 80)
