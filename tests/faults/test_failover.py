"""Failover by Sentinels: service resumes by itself, what was on the replicas is kept, no fence falls."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import cycle

import pytest

from fairlane.connect import open_engine
from fairlane.engine import Engine, leases
from fairlane.model.errors import StoreUnavailable
from fairlane.model.ids import new_claim_id
from fairlane.model.job import NewJob, SubmitStatus
from fairlane.model.lease import ClaimRequest, Lease, LeaseStatus, Outcome, OutcomeKind
from fairlane.model.states import State
from fairlane.store import answers
from fairlane.store.client import exchange, subscriptions
from tests.support.acting import claim, finish, lift_limits, states_of_all, submit
from tests.support.history import Held, History
from tests.support.sentinel_group import SentinelGroup, sentinel_group
from tests.support.store_servers import SAFE, eventually, replicas_follow, tell

TENANTS = ("ant", "bee", "cat")
LEASE_MS = 5_000
PAUSE_S = 0.02


class Load:
    """Submits, claims and finishes jobs through failovers, and writes down the answers."""

    def __init__(self, url: str, durability: str) -> None:
        self._url = url
        self._durability = durability
        self.history = History()
        self.sent: set[str] = set()
        """Jobs that were submitted, acknowledged or not."""
        self.ended: set[str] = set()

    async def submitter(self) -> None:
        engine = await open_engine(self._url, durability=self._durability)
        try:
            for tenant in cycle(TENANTS):
                job = NewJob(id=engine.jobs.new_id(tenant), tenant_id=tenant, payload=b"{}", max_attempts=100)
                self.sent.add(job.id)
                with suppress(StoreUnavailable):
                    (answer,) = await engine.jobs.submit([job])
                    if answer.status is SubmitStatus.CREATED:
                        self.history.acknowledged.add(job.id)
                await asyncio.sleep(PAUSE_S)
        finally:
            await engine.close()

    async def worker(self, name: str) -> None:
        engine = await open_engine(self._url, durability=self._durability)
        try:
            while True:
                with suppress(StoreUnavailable):
                    await self._run(engine, await engine.leases.claim(claim_request(name)))
                await asyncio.sleep(PAUSE_S)
        finally:
            await engine.close()

    async def _run(self, engine: Engine, leases: list[Lease]) -> None:
        began = time.monotonic_ns()
        outcomes = [Outcome(job_id=lease.job_id, token=lease.token, kind=OutcomeKind.COMPLETED) for lease in leases]
        for lease in leases:  # without their ends: a claim that was not replicated is claimed again meanwhile
            self.history.held.append(Held(lease.job_id, lease.tenant_id, lease.fence, began, began))
        for lease, status in zip(leases, await engine.leases.finish(outcomes), strict=True):
            if status is LeaseStatus.OK:
                self.history.accepted.append((lease.job_id, lease.fence, began))
                self.ended.add(lease.job_id)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(job) for job in (self.submitter(), self.worker("w1"), self.worker("w2"))]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            for result in await asyncio.gather(*tasks, return_exceptions=True):
                assert isinstance(result, asyncio.CancelledError), result

    async def goes_on(self, count: int) -> None:
        """Wait until `count` more jobs are acknowledged, and `count` more have ended."""
        acknowledged, ended = len(self.history.acknowledged) + count, len(self.ended) + count

        async def has_gone_on() -> bool:
            return len(self.history.acknowledged) >= acknowledged and len(self.ended) >= ended

        await eventually(has_gone_on, 60)


def claim_request(worker: str) -> ClaimRequest:
    return ClaimRequest(worker_id=worker, claim_id=new_claim_id(), max=4, lease_ms=LEASE_MS, wait_ms=60_000)


async def drained(engine: Engine) -> dict[str, State]:
    """The states of all jobs, once every job has ended."""

    async def has_ended() -> bool:
        await engine.maintenance.reap(1_000)
        while leases := await claim(engine, 100):
            await finish(engine, leases)
        return all(state.is_terminal for state in (await states_of_all(engine)).values())

    await eventually(has_ended, 60)
    return await states_of_all(engine)


@pytest.fixture
async def group() -> AsyncIterator[SentinelGroup]:
    async with sentinel_group(replicas=1) as group:
        yield group


@pytest.mark.parametrize(("fault", "durability"), [("killed", "disk"), ("cut off", "disk"), ("killed", "replicas:1")])
async def test_service_resumes_and_what_was_replicated_is_kept(
    group: SentinelGroup, fault: str, durability: str
) -> None:
    engine = await open_engine(group.url)
    await lift_limits(engine)
    load = Load(group.url, durability)
    history = load.history
    old = group.primary()
    async with load.running():
        await load.goes_on(50)
        kept = set(history.acknowledged)
        await replicas_follow(old, 1)
        (group.kill if fault == "killed" else group.freeze)(old)
        await eventually(group.has_another_primary_than(old), 60)
        if durability == "disk":  # else the new primary has no replica that could confirm jobs
            await load.goes_on(50)
        if fault == "killed":
            group.start(old, *SAFE)  # it still believes that it is the primary
        else:
            group.thaw(old)
        await load.goes_on(50)
    states = await drained(engine)
    history.acknowledged |= load.sent & states.keys()  # the reply to a submission may have been lost
    if durability == "disk":
        history.acknowledged &= kept | states.keys()  # a job may be lost if no replica had it
    assert history.problems(states) == []
    assert (await engine.maintenance.doctor()).problems == []
    await engine.close()


async def test_waiting_claims_and_calls_follow_to_the_new_primary(
    group: SentinelGroup, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, limit in (
        (exchange, "READ_TIMEOUT_S"),
        (subscriptions, "PING_AFTER_S"),
        (leases, "LOOK_AGAIN_S"),
        (answers, "PATIENCE_WHEN_MOVED_S"),
    ):
        monkeypatch.setattr(module, limit, 1_000)  # so that only the Sentinels' word ends the wait
    engine = await open_engine(group.url)
    old = group.primary()
    claiming = asyncio.create_task(engine.leases.claim(claim_request("w")))

    async def is_listening() -> bool:
        return bool(tell(old, "PUBSUB", "CHANNELS"))

    await eventually(is_listening)
    group.freeze(old)
    (made,) = await submit(engine, "ant")
    (lease,) = await claiming
    assert (made.status, lease.job_id) == (SubmitStatus.CREATED, made.job_id)
    assert group.primary() != old
    await engine.close()
