"""/metrics of a store with 100,000 tenants and 1,000 queues: small, and cheap for the API and the store."""

from __future__ import annotations

import time

import pytest

from fairlane.metrics.families import text_of
from fairlane.metrics.load import load_families
from fairlane.model.job import NewJob
from fairlane.model.lease import WorkerReport
from fairlane.model.work import BOUNDS_MS, WorkCounts

from .conftest import Site

TENANTS, QUEUES = 100_000, 1_000
BATCH = 1_000
SCRAPES = 5


async def fill(site: Site) -> None:
    jobs = site.engine.jobs
    for first in range(0, TENANTS, BATCH):
        names = [f"tenant-{number:06}" for number in range(first, first + BATCH)]
        await jobs.submit(
            [
                NewJob(id=jobs.new_id(name), tenant_id=name, queue=f"queue-{i % QUEUES:04}", task="fine", payload=b"[]")
                for i, name in enumerate(names, first)
            ]
        )
    for number in range(QUEUES):
        queue = f"queue-{number:04}"
        counts = {f"{kind}/{queue}/{bound}": 1 for kind in ("wait", "run") for bound in (*BOUNDS_MS[:6], "sum")}
        counts[f"ended/{queue}/fine/completed"] = 6
        report = WorkerReport(id=f"worker-{number % 50}", slots=8, work=WorkCounts(number + 1, counts))
        await site.engine.leases.extend(report, [], 30_000)


async def store_seconds(site: Site) -> float:
    """CPU time of the store."""
    cpu = await site.engine.store.client.info("cpu")
    return float(cpu["used_cpu_user"]) + float(cpu["used_cpu_sys"])


@pytest.mark.soak
async def test_the_page_stays_small_and_cheap(site: Site) -> None:
    await fill(site)
    page = (await site.scrape()).text
    began, before = time.process_time(), await store_seconds(site)
    for _ in range(SCRAPES):
        text_of(load_families(await site.engine.measures.load(20)))
    api_ms = (time.process_time() - began) / SCRAPES * 1000
    store_ms = (await store_seconds(site) - before) / SCRAPES * 1000
    figures = f"{len(page)} bytes, {api_ms:.0f} ms of the API, {store_ms:.0f} ms of the store"
    print(figures)  # noqa: T201  the figures are what the test is for
    assert len(page) < 1_000_000, figures
    assert api_ms < 100, figures
    assert store_ms < 100, figures
