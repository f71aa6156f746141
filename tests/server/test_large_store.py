"""What the dashboard reads is answered fast, however much waits: 100,000 jobs of 5,000 tenants."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import httpx
import pytest

from fairlane.bench.fixture import fill, store_seconds
from fairlane.model.lease import ClaimRequest, Outcome, OutcomeKind
from fairlane.model.tenant import PolicyChange, TenantOrder
from fairlane.server.settings import ServerSettings

from .conftest import Served, serving

JOBS, TENANTS = 100_000, 5_000
SAMPLES = 2 * 360 + 1  # as many as are kept at the shorter step
LIMIT_SECONDS = 0.2
PATHS = [
    "/overview",
    "/history?minutes=60",
    "/history?minutes=1440",
    "/tenants?limit=50",
    "/tenants?limit=50&cursor=tenant-4000",
    "/tenants?limit=50&prefix=tenant-49",
    "/tenants/tenant-17",
    "/jobs?tenantId=tenant-17&limit=8",
    "/jobs?state=pending&limit=100",
    "/jobs?state=completed&limit=100",
    "/jobs?limit=100",
    "/jobs?state=pending&tenantId=tenant-4999&limit=100",
    "/jobs?state=pending&task=unknown&limit=100",
    "/jobs?key=nothing&limit=100",
    "/schedules?limit=50",
    "/queues",
    "/workers",
]


@pytest.fixture(scope="module")
async def large(store_url: str) -> AsyncIterator[Served]:
    """A store full of waiting jobs, with some running, some done, and hours of history."""
    async with serving(store_url, ServerSettings()) as served:
        engine = served.engine
        await engine.tenants.change_defaults(PolicyChange(submit_rate=None, concurrency=5))
        await fill(engine, JOBS + 1_200, TENANTS, batch=1_000)
        for n in range(12):
            leases = await engine.leases.claim(ClaimRequest(worker_id="w1", claim_id=f"large-{n}", max=100))
            if n < 10:
                done = [Outcome(job_id=one.job_id, token=one.token, kind=OutcomeKind.COMPLETED) for one in leases]
                await engine.leases.finish(done)
        for _ in range(SAMPLES):
            await engine.maintenance.sample()
            served.clock.advance(10)
        yield served


async def test_it_is_as_large_as_it_should_be(large: Served) -> None:
    states = (await large.client.get("/overview")).json()["states"]
    assert states["pending"] >= JOBS
    assert (states["running"], states["completed"]) == (200, 1_000)
    assert len((await large.client.get("/history?minutes=120")).json()["points"]) == SAMPLES - 1


@pytest.mark.parametrize("path", PATHS)
async def test_every_reading_of_the_dashboard_is_fast(large: Served, path: str) -> None:
    times = [await _seconds(large.client, path) for _ in range(7)]
    assert min(times) < LIMIT_SECONDS, times  # at other times the machine may be busy


async def _seconds(client: httpx.AsyncClient, path: str) -> float:
    began = time.perf_counter()
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return time.perf_counter() - began


@pytest.mark.parametrize("order", TenantOrder)
async def test_ranking_the_tenants_costs_the_store_little(large: Served, order: TenantOrder) -> None:
    """In CPU time, which other processes of the machine do not take."""
    path = f"/tenants?limit=50&sort={order}"
    await large.client.get(path)
    began = await store_seconds(large.engine)
    answer = await large.client.get(path)
    assert answer.status_code == 200, answer.text
    assert await store_seconds(large.engine) - began < LIMIT_SECONDS
    found = answer.json()["tenants"]
    assert (len(found) == 50) == (order in (TenantOrder.PENDING, TenantOrder.RUNNING, TenantOrder.OLDEST))
