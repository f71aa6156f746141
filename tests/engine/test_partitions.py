"""Calls that visit several partitions: beside each other, and for listings that come from all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from fairlane.engine import Engine, listing
from fairlane.model.job import JobQuery, ListedJob, NewJob
from fairlane.model.states import State
from fairlane.store import Store
from tests.support.acting import claim, finish, lift_limits, submit
from tests.support.clock import Clock

PARTITIONS = 4
JOBS = 60
TENANTS = 25

Order = Callable[[ListedJob], Any]
ORDERS: dict[State | None, Order] = {
    None: lambda job: -job.created_at.timestamp(),
    State.SCHEDULED: lambda job: job.run_at,
    State.PENDING: lambda job: job.tenant_id,
    State.RUNNING: lambda job: (job.tenant_id, job.id),
    State.COMPLETED: lambda job: -job.finished_at.timestamp() if job.finished_at else None,
}


async def partitioned(store: Store, clock: Clock) -> Engine:
    """An engine on an empty store with several partitions, all of which have tenants."""
    await store.client.flushall()
    engine = await Engine.open(store, partitions=PARTITIONS, clock=clock, monotonic=clock.monotonic)
    assert len({engine.jobs.new_id(f"tenant-{n}")[:2] for n in range(TENANTS)}) == PARTITIONS
    await lift_limits(engine)
    return engine


async def test_claims_beside_each_other_lease_each_job_once(store: Store, clock: Clock) -> None:
    engine = await partitioned(store, clock)
    tenants = {engine.jobs.new_id(f"tenant-{i}")[:2]: f"tenant-{i}" for i in range(TENANTS)}
    jobs = [NewJob(id=engine.jobs.new_id(tenant), tenant_id=tenant, payload=b"{}") for tenant in tenants.values()]
    await engine.jobs.submit(jobs)
    claims = await asyncio.gather(*(claim(engine, 10, worker=f"worker-{i}") for i in range(PARTITIONS)))
    assert sorted(lease.job_id for leases in claims for lease in leases) == sorted(job.id for job in jobs)


async def fill(engine: Engine, clock: Clock, state: State | None) -> set[str]:
    """Jobs of many tenants in one state, or in three for None. Returns the ids of those in the queue `a`."""
    ours = set[str]()
    for n in range(JOBS):
        clock.advance(ms=1)
        queue = "a" if n % 3 else "b"
        delay_ms = 1_000 * (7 * n % JOBS + 1) if state is State.SCHEDULED else 0
        (made,) = await submit(engine, f"tenant-{7 * n % TENANTS}", queue=queue, delay_ms=delay_ms)
        if queue == "a":
            ours.add(made.job_id)
    while state in (State.RUNNING, State.COMPLETED) and (leases := await claim(engine, 4)):
        clock.advance(ms=1)
        if state is State.COMPLETED:
            await finish(engine, leases)
    if state is None:
        await finish(engine, (await claim(engine, 20))[:10])
    return ours


@pytest.mark.parametrize("places", [2, 300])
@pytest.mark.parametrize("state", ORDERS)
async def test_pages_of_all_partitions_show_each_job_once_and_in_order(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch, state: State | None, places: int
) -> None:
    """With few places a partition stops before it has filled the page, and the others wait for it."""
    monkeypatch.setattr(listing, "MAX_PLACES", places)
    engine = await partitioned(store, clock)
    ours = await fill(engine, clock, state)
    query, shown = JobQuery(state=state, queue="a", limit=7), list[ListedJob]()
    while True:
        page = await engine.jobs.list(query)
        assert len(page.jobs) <= query.limit
        shown += page.jobs
        if page.next_cursor is None:
            break
        query = msgspec.structs.replace(query, cursor=page.next_cursor)
    assert len(shown) == len(ours)
    assert {job.id for job in shown} == ours
    places_in_order = [ORDERS[state](job) for job in shown]
    assert places_in_order == sorted(places_in_order)
