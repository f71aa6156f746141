"""`app.batch(...)`: jobs that belong together, from async and sync code, on a store and over HTTP."""

from __future__ import annotations

import asyncio

import pytest

from fairlane import BatchSealed, InvalidInput, current
from fairlane.model.batch import Batch, BatchState
from tests.support.app_world import World, eventually


async def test_callbacks_run_when_the_jobs_of_the_block_have_ended(connected: World) -> None:
    app, calls = connected.app, list[str]()

    @app.task
    async def fetch(n: int) -> int:
        if n == 3:
            batch = current().batch
            assert batch is not None
            await batch.submit(fetch.bind(4))
        return n * 10

    @app.task
    async def mail(user: int) -> None:
        calls.append(f"mail {user}")

    @app.task
    async def tidy() -> None:
        calls.append("tidy")

    async with connected.worker():
        async with app.batch(then=mail.bind(7), finally_=tidy.bind(), on_failure=mail.bind(8)) as batch:
            handles = [await batch.submit(fetch.bind(n)) for n in range(4)]
        assert [await handle.result(timeout=20) for handle in handles] == [0, 10, 20, 30]

        async def over() -> Batch | None:
            made = await batch.refresh()
            return made if made.finished_at else None

        made = await eventually(over, "the batch is over")
        assert made is not None
        assert (made.state, made.total, made.completed) == (BatchState.COMPLETED, 5, 5)
        for job_id in made.then_job_id, made.finally_job_id:
            await app.job(job_id or "").result(timeout=20)
    assert sorted(calls) == ["mail 7", "tidy"]
    with pytest.raises(BatchSealed):
        await batch.submit(fetch.bind(1))


async def test_a_batch_of_sync_code(connected: World) -> None:
    app = connected.app

    @app.task
    def fetch(n: int) -> int:
        return n

    def submit() -> tuple[int, BatchState]:
        with app.batch(then=fetch.bind(7)) as batch:
            handles = [batch.submit_sync(fetch.bind(n)) for n in range(3)]
        total = sum(handle.result(timeout=20) for handle in handles)
        return total, batch.refresh_sync().state

    async with connected.worker():
        assert await asyncio.to_thread(submit) == (3, BatchState.COMPLETED)


async def test_a_block_that_raises_cancels_its_batch(world: World) -> None:
    app = world.app

    @app.task
    async def fetch(n: int) -> int:
        return n

    with pytest.raises(RuntimeError, match="no more pages"):
        async with app.batch(then=fetch.bind(7)) as batch:
            await batch.submit(fetch.bind(1))
            raise RuntimeError("no more pages")
    made = await batch.refresh()
    assert (made.state, made.cancelled, made.then_job_id) == (BatchState.CANCELLED, 1, None)


async def test_what_is_no_call_of_the_tenant_is_refused(world: World) -> None:
    app = world.app

    @app.task
    async def fetch(n: int) -> int:
        return n

    with pytest.raises(InvalidInput, match=r"then: write the call as `task.bind\(...\)`"):
        app.batch(then=fetch)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="the batch is of the tenant 'acme', the call for 'other'"):
        async with app.batch(tenant="acme") as batch:
            await batch.submit(fetch.using(tenant="other").bind(1))
    with pytest.raises(InvalidInput, match="a callback starts at once"):
        async with app.batch(tenant="acme", then=fetch.using(key="k").bind(1)):
            pass
