"""The engine in batches, without a worker: speed, store time, memory, and their growth."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

import msgspec

from ..engine import Engine
from ..model.ids import new_claim_id
from ..model.lease import ClaimRequest, Outcome, OutcomeKind
from .figures import Figure
from .fixture import fill, private_engine, store_bytes, store_seconds

BATCH = 100
ROUNDS = 5
"""Single rounds differ when the store rewrites its file or the machine is busy."""
_NULL = msgspec.Raw(b"null")


@dataclass(frozen=True)
class Drained:
    """The cost of claiming and finishing some jobs."""

    jobs: int
    seconds: float
    store_seconds: float

    @property
    def store_us(self) -> float:
        return self.store_seconds / self.jobs * 1e6


async def drain(engine: Engine, most: int) -> Drained:
    """Claim and finish up to `most` jobs, a batch a call."""
    cpu, begin, done = await store_seconds(engine), time.perf_counter(), 0
    outcomes: list[Outcome] = []
    while True:
        request = ClaimRequest(worker_id="bench", claim_id=new_claim_id(), max=BATCH)
        _, leases = await engine.leases.exchange(outcomes, request)
        done += len(outcomes)
        if not leases or done >= most:
            break
        outcomes = [
            Outcome(job_id=lease.job_id, token=lease.token, kind=OutcomeKind.COMPLETED, result=_NULL)
            for lease in leases
        ]
    return Drained(done, time.perf_counter() - begin, await store_seconds(engine) - cpu)


async def batches(jobs: int = 50_000, tenants: int = 50) -> list[Figure]:
    """Submit, then claim and finish, with the store's share of it."""
    async with private_engine() as engine:
        memory, cpu, begin = await store_bytes(engine), await store_seconds(engine), time.perf_counter()
        await fill(engine, jobs, tenants)
        took, cpu = time.perf_counter() - begin, await store_seconds(engine) - cpu
        memory = await store_bytes(engine) - memory
        drained = await drain(engine, jobs)
    return [
        Figure("submit in batches of 500", jobs / took, "jobs/s"),
        Figure("claim + finish in batches of 100", drained.jobs / drained.seconds, "jobs/s"),
        Figure("store time, submit + claim + finish", cpu / jobs * 1e6 + drained.store_us, "us/job", "at most 40"),
        Figure("store memory of a waiting job, 100-byte payload", memory / jobs, "bytes", "at most 375"),
    ]


async def many_tenants() -> list[Figure]:
    """100,000 tenants with one job each against 10 tenants with 10,000 each, in turns."""
    rounds = [(await _drained(10), await _drained(100_000)) for _ in range(ROUNDS)]
    times = statistics.median(many.seconds / few.seconds for few, many in rounds)
    costs = statistics.median(many.store_us / few.store_us for few, many in rounds)
    return [
        Figure("100,000 tenants against 10: time a job", times, "times", "at most 1.5"),
        Figure("100,000 tenants against 10: store time a job", costs, "times", "at most 1.5"),
    ]


async def _drained(tenants: int) -> Drained:
    async with private_engine() as engine:
        await fill(engine, 100_000, tenants)
        return await drain(engine, 100_000)


async def depth(deepest: int = 1_000_000) -> list[Figure]:
    """Claim + finish with 1,000 jobs waiting against a million."""
    costs, times = [], []
    for waiting in (1_000, deepest):
        async with private_engine() as engine:
            measured = Drained(0, 0.0, 0.0)
            rounds = 10 if waiting == 1_000 else 1
            for _ in range(rounds):
                await fill(engine, waiting, 50)
                part = await drain(engine, min(waiting, 10_000))
                measured = Drained(
                    measured.jobs + part.jobs,
                    measured.seconds + part.seconds,
                    measured.store_seconds + part.store_seconds,
                )
            costs.append(measured.store_us)
            times.append(measured.seconds / measured.jobs)
    return [
        Figure(f"{deepest:,} waiting against 1,000: time a job", times[1] / times[0], "times", "under 1.5"),
        Figure(f"{deepest:,} waiting against 1,000: store time a job", costs[1] / costs[0], "times", "under 1.5"),
    ]
