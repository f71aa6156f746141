"""Calls that visit several partitions, while other calls of the same process do too."""

from __future__ import annotations

import asyncio

from fairlane.engine import Engine
from fairlane.model.job import NewJob
from fairlane.store import Store
from tests.support.acting import claim, lift_limits

PARTITIONS = 4


async def test_claims_beside_each_other_lease_each_job_once(store: Store) -> None:
    await store.client.flushall()
    engine = await Engine.open(store, partitions=PARTITIONS)
    await lift_limits(engine)
    tenants = {engine.jobs.new_id(f"tenant-{i}")[:2]: f"tenant-{i}" for i in range(50)}
    assert len(tenants) == PARTITIONS
    jobs = [NewJob(id=engine.jobs.new_id(tenant), tenant_id=tenant, payload=b"{}") for tenant in tenants.values()]
    await engine.jobs.submit(jobs)
    claims = await asyncio.gather(*(claim(engine, 10, worker=f"worker-{i}") for i in range(PARTITIONS)))
    assert sorted(lease.job_id for leases in claims for lease in leases) == sorted(job.id for job in jobs)
