"""Crashes, reaps and changed limits in random rounds: never above a limit, and back to full use afterwards."""

from __future__ import annotations

import random

import pytest

from fairlane.engine import Engine
from fairlane.model.ids import new_claim_id
from fairlane.model.lease import ClaimRequest, Lease, LeaseReport, LeaseStatus, Outcome, OutcomeKind, WorkerReport
from tests.support.acting import by_tenant, lift_limits, limit, states_of_all, submit
from tests.support.clock import Clock
from tests.support.history import Held, History

TENANTS = ("ant", "bee", "cat")
WORKERS = 4
SLOTS = 6
LEASE_MS = 10_000
ROUNDS = 50


class Worker:
    """Claims, ends and renews leases; a crash makes it forget them, a thaw remembers what it had."""

    def __init__(self, fleet: Fleet, name: str) -> None:
        self._fleet = fleet
        self.name = name
        self.leases: list[Lease] = []
        self.forgotten: list[Lease] = []

    async def claim(self) -> None:
        free = SLOTS - len(self.leases)
        if free:
            request = ClaimRequest(worker_id=self.name, claim_id=new_claim_id(), max=free, lease_ms=LEASE_MS)
            self.leases += await self._fleet.claim(request)

    async def end(self, leases: list[Lease], kind: OutcomeKind) -> None:
        self.leases = [lease for lease in self.leases if lease not in leases]
        await self._fleet.end(leases, kind)

    async def renew(self) -> None:
        kept = await self._fleet.renew(self.name, self.leases)
        self.leases = [lease for lease in self.leases if lease in kept]

    def crash(self) -> None:
        self.forgotten += self.leases
        self.leases = []


class Fleet:
    """Some workers on one engine, and the history of what they were told."""

    def __init__(self, engine: Engine, clock: Clock, chance: random.Random) -> None:
        self._engine = engine
        self._clock = clock
        self._chance = chance
        self._live: dict[str, tuple[Lease, int, int]] = {}
        """By token: the lease, when it began and when it expires (ms)."""
        self.workers = [Worker(self, f"w{i}") for i in range(WORKERS)]
        self.history = History(limits={tenant: [(0, 5)] for tenant in TENANTS})

    async def claim(self, request: ClaimRequest) -> list[Lease]:
        leases = await self._engine.leases.claim(request)
        now = self._clock.now_ms
        self._live |= {lease.token: (lease, now, now + LEASE_MS) for lease in leases}
        return leases

    async def end(self, leases: list[Lease], kind: OutcomeKind) -> None:
        outcomes = [Outcome(job_id=lease.job_id, token=lease.token, kind=kind, delay_ms=0) for lease in leases]
        for lease, status in zip(leases, await self._engine.leases.finish(outcomes), strict=True):
            is_live = lease.token in self._live
            assert status is (LeaseStatus.OK if is_live else LeaseStatus.STALE_LEASE)
            if is_live:
                self.history.accepted.append((lease.job_id, lease.fence, self._clock.now_ms))
                self._note_end(lease.token)

    async def renew(self, worker: str, leases: list[Lease]) -> list[Lease]:
        """The leases that are still good."""
        reports = [LeaseReport(lease.job_id, lease.token) for lease in leases]
        statuses = await self._engine.leases.extend(WorkerReport(id=worker, slots=SLOTS), reports, LEASE_MS)
        good = [lease for lease, status in zip(leases, statuses, strict=True) if status is LeaseStatus.OK]
        for lease in good:
            self._live[lease.token] = (*self._live[lease.token][:2], self._clock.now_ms + LEASE_MS)
        assert {lease.token for lease in leases} & self._live.keys() == {lease.token for lease in good}
        return good

    async def reap(self) -> None:
        reaped = await self._engine.maintenance.reap(1_000)
        expired = [token for token, (_, _, expires) in self._live.items() if expires <= self._clock.now_ms]
        assert reaped.requeued + reaped.failed == len(expired)
        for token in expired:
            self._note_end(token)

    async def set_limit(self, tenant: str, concurrency: int) -> None:
        await limit(self._engine, tenant, concurrency=concurrency)
        self.history.limits[tenant].append((self._clock.now_ms, concurrency))

    def _note_end(self, token: str) -> None:
        lease, began, _ = self._live.pop(token)
        held = Held(lease.job_id, lease.tenant_id, lease.fence, began, self._clock.now_ms)
        self.history.held.append(held)

    async def one_round(self) -> None:
        """Something happens to each worker, a limit changes, time passes, leases that are over are ended."""
        chance = self._chance
        await self.set_limit(chance.choice(TENANTS), chance.randint(1, 6))
        for worker in chance.sample(self.workers, WORKERS):
            await worker.claim()
            some = [lease for lease in worker.leases if chance.random() < 0.4]
            await worker.end(some, chance.choice(list(OutcomeKind)))
            if chance.random() < 0.2:
                worker.crash()
            if worker.forgotten and chance.random() < 0.2:
                late = [worker.forgotten.pop()]
                await worker.end(late, OutcomeKind.COMPLETED)
        self._clock.advance(ms=chance.choice([1, 100, LEASE_MS // 2, LEASE_MS]))
        for worker in self.workers:
            await worker.renew()
        if chance.random() < 0.7:
            await self.reap()


@pytest.mark.parametrize("seed", range(4))
async def test_nothing_leaks_over_random_rounds(engine: Engine, clock: Clock, seed: int) -> None:
    await lift_limits(engine)
    fleet = Fleet(engine, clock, random.Random(seed))
    for tenant in TENANTS:
        made = await submit(engine, tenant, 500, max_attempts=100)
        fleet.history.acknowledged |= {one.job_id for one in made}
    for tenant in TENANTS:
        await fleet.set_limit(tenant, 5)
    for _ in range(ROUNDS):
        await fleet.one_round()
        assert (await engine.maintenance.doctor()).problems == []
    for worker in fleet.workers:
        worker.crash()
    clock.advance(ms=LEASE_MS)
    await fleet.reap()
    assert [(await engine.tenants.get(tenant)).running for tenant in TENANTS] == [0, 0, 0]
    for tenant in TENANTS:
        await fleet.set_limit(tenant, 4)
    request = ClaimRequest(worker_id="again", claim_id=new_claim_id(), max=100, lease_ms=LEASE_MS)
    leases = await fleet.claim(request)
    assert by_tenant(leases) == dict.fromkeys(TENANTS, 4), "a slot has leaked"
    await fleet.end(leases, OutcomeKind.COMPLETED)
    await drained(engine, fleet)
    assert fleet.history.problems(await states_of_all(engine)) == []
    assert (await engine.maintenance.doctor()).problems == []


async def drained(engine: Engine, fleet: Fleet) -> None:
    """Every job runs to its end."""
    for tenant in TENANTS:
        await fleet.set_limit(tenant, 100)
    while True:
        request = ClaimRequest(worker_id="again", claim_id=new_claim_id(), max=300, lease_ms=LEASE_MS)
        leases = await fleet.claim(request)
        if not leases:
            return
        await fleet.end(leases, OutcomeKind.COMPLETED)
