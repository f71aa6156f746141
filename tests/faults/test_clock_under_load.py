"""The store's clock is set forward and back by an hour under 200 jobs a second: no time is off by it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest

from fairlane.connect import open_engine
from fairlane.engine import Engine
from fairlane.model.job import JobQuery, ListedJob, NewJob
from fairlane.model.states import State
from fairlane.model.tenant import PolicyChange, Rate
from tests.support.running import fairlane
from tools.proof.store import ALWAYS, FAKETIME, FakeClock, StoreServer

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(not FAKETIME.exists(), reason="the store's clock cannot be set: apt-get install libfaketime"),
]

HOUR = 3_600
SECONDS = 30
RATE = 200
LONGEST_WAIT_S = 5.0
"""A sweep takes 0.25 s. The rest is for a machine that others use too: an hour would show anyway."""
STARTS = Rate(20, 1.0)
SHOP = """
import asyncio
from fairlane import App
app = App()

@app.task
async def short(n: int) -> None:
    await asyncio.sleep(0.05)

@app.task
async def longer_than_a_lease(n: int) -> None:
    await asyncio.sleep(8)
"""


class Place:
    """A store whose clock can be set, and its engine."""

    def __init__(self, server: StoreServer, engine: Engine) -> None:
        self.server = server
        self.engine = engine

    async def submit(self, tenant: str, task: str, count: int, delay_ms: int = 0) -> None:
        new_id = self.engine.jobs.new_id
        jobs = [
            NewJob(id=new_id(tenant), tenant_id=tenant, task=task, payload=b"[1]", delay_ms=delay_ms)
            for _ in range(count)
        ]
        await self.engine.jobs.submit(jobs)

    async def load(self) -> int:
        """Submit RATE jobs a second, some of them long and some with a delay, and set the clock meanwhile."""
        steps = iter([(0.2, HOUR), (0.4, 0), (0.6, -HOUR), (0.8, 0)])
        at, offset = next(steps)
        began, sent = time.monotonic(), 0
        while (elapsed := time.monotonic() - began) < SECONDS:
            if elapsed > at * SECONDS:
                self.server.set_clock(offset)
                at, offset = next(steps, (2.0, 0))
            while sent < RATE * elapsed:
                await self.submit("acme", "short", 17)
                await self.submit("acme", "short", 2, delay_ms=2_000)
                await self.submit("acme", "longer_than_a_lease", 1)
                sent += 20
            await asyncio.sleep(0.01)
        return sent

    async def ended(self) -> None:
        async with asyncio.timeout(120):
            while True:
                found = await self.engine.monitor.jobs_by_state()
                if found.pending + found.running + found.scheduled == 0:
                    return
                await asyncio.sleep(0.5)

    async def completed(self, tenant: str) -> list[ListedJob]:
        found: list[ListedJob] = []
        cursor: str | None = None
        while True:
            query = JobQuery(state=State.COMPLETED, tenant_id=tenant, limit=100, cursor=cursor)
            page = await self.engine.jobs.list(query)
            found += page.jobs
            cursor = page.next_cursor
            if cursor is None:
                return found


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    server = StoreServer(tmp_path / "store", ALWAYS, FakeClock(tmp_path))
    await server.start()
    engine = await open_engine(server.url)
    unlimited = PolicyChange(submit_rate=None, concurrency=None, max_waiting=None, keep_completed_max=100_000)
    await engine.tenants.change_defaults(unlimited)
    yield Place(server, engine)
    await engine.close()
    await server.stop()


async def test_leases_delays_rates_and_retention_keep_their_times(place: Place, tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(SHOP)
    await place.engine.tenants.change("slow", PolicyChange(start_rate=STARTS))
    await place.submit("slow", "short", round(STARTS.limit * SECONDS))
    options = ("--url", place.server.url, "--slots", "200", "--processes", "2", "--lease", "5s")
    with fairlane(tmp_path, "worker", "shop:app", *options):
        sent = await place.load()
        await place.ended()
    jobs = await place.completed("acme")
    assert len(jobs) == sent >= 0.9 * RATE * SECONDS  # none is lost, and none was forgotten early
    assert {job.attempt for job in jobs} == {1}  # no lease ended early
    for job in jobs:
        assert job.started_at is not None
        assert (job.started_at - (job.run_at or job.created_at)).total_seconds() < LONGEST_WAIT_S, job
    limited = await place.completed("slow")
    assert len(limited) == STARTS.limit * SECONDS
    starts = sorted(job.started_at.timestamp() for job in limited if job.started_at is not None)
    for first, after in zip(starts, starts[STARTS.limit :], strict=False):
        assert after - first > STARTS.window_seconds - 0.0015  # times are shown in whole milliseconds
    assert max(after - first for first, after in pairwise(starts)) < LONGEST_WAIT_S
    assert starts[-1] - starts[0] < SECONDS / 0.97 + LONGEST_WAIT_S
    assert (await place.engine.maintenance.doctor()).problems == []
