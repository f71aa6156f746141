"""The same app and its workers against the API: no access to the store, and nothing else to learn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from fairlane import App, InvalidInput, Job, PartlySubmitted, RateLimited, Retry, State, current
from fairlane.model.tenant import PolicyChange, Rate
from fairlane.server.app import create_app
from tests.support.app_world import World, eventually
from tests.support.serving import served


@pytest.fixture
async def remote(world: World) -> AsyncIterator[World]:
    """A world whose app and workers know the API alone."""
    async with served(create_app(world.engine)) as url:
        world.url, world.app = url, App(url, tenancy="default")
        yield world
        await world.app.close()


async def test_one_and_many_jobs_come_back_with_their_results(remote: World) -> None:
    @remote.app.task
    async def add(a: int, b: int = 0) -> int:
        return a + b

    @remote.app.task
    def double(n: int) -> int:
        return 2 * n

    async with remote.worker(slots=50):
        assert await (await add.using(tenant="acme").submit(1, b=2)).result(timeout=30) == 3
        handles = await add.submit_many([(n,) for n in range(600)])
        sync = await asyncio.to_thread(double.submit_sync, 4)
        assert await asyncio.to_thread(sync.result, timeout=30) == 8
        assert [await handle.result(timeout=60) for handle in (handles[0], handles[-1])] == [0, 599]
    await asyncio.to_thread(remote.app.close_sync)


async def test_refusals_read_the_same(remote: World) -> None:
    @remote.app.task
    async def work(n: int) -> None:
        pass

    await remote.engine.tenants.change("slow", PolicyChange(submit_rate=Rate(2, 60)))
    with pytest.raises(PartlySubmitted, match="1 of 3") as partly:
        await work.using(tenant="slow").submit_many([(n,) for n in range(3)])
    assert [handle is not None for handle in partly.value.jobs] == [True, True, False]
    (refusal,) = partly.value.refusals
    assert isinstance(refusal, RateLimited) and 0 < refusal.retry_after <= 60
    with pytest.raises(RateLimited, match="submission rate of 2 in 60 s"):
        await work.using(tenant="slow").submit(1)
    with pytest.raises(InvalidInput, match="does not fit work"):
        await work.submit("one")  # type: ignore[arg-type]


async def test_a_running_job_is_cancelled_and_a_failed_one_told(remote: World) -> None:
    failed: list[Job] = []

    @remote.app.task
    async def sleep() -> None:
        await asyncio.sleep(60)

    @remote.app.task(retry=Retry(1), on_failure=failed.append)
    async def parent() -> None:
        child = await sleep.using(delay="1h").submit()
        raise ValueError(child.id)

    async with remote.worker(lease_ms=6_000):
        handle = await sleep.submit()

        async def runs() -> bool:
            return (await handle.refresh()).state is State.RUNNING

        await eventually(runs, "the job runs")
        await handle.cancel()
        assert (await remote.finished(handle.id)).state is State.CANCELLED
        job = await remote.finished((await parent.using(tenant="acme").submit()).id)
    assert [each.id for each in failed] == [job.id]
    assert job.error is not None
    assert (await remote.engine.jobs.get(job.error.message)).tenant_id == "acme"
    with pytest.raises(LookupError):
        current()
