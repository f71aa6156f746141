"""`async for job in handle.events()`: a job as it goes, from the store or from the API alike."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest

from fairlane import App, NotFound, State, current
from fairlane.model.job import Job, Progress
from fairlane.runtime.sockets import listen
from fairlane.server.app import create_app
from fairlane.server.run import serve_on
from tests.support.app_world import PATIENCE_SECONDS, World


@asynccontextmanager
async def app_at(world: World, where: str) -> AsyncIterator[App]:
    """An app on the world's store, or on an API of it."""
    if where == "store":
        async with App(world.url, tenancy="default") as app:
            yield app
        return
    listener = listen("127.0.0.1", 0)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    serving = asyncio.create_task(serve_on(create_app(world.engine), listener, url))
    try:
        async with App(url, tenancy="default") as app:
            yield app
    finally:
        serving.cancel()
        await asyncio.wait([serving])


@pytest.mark.parametrize("where", ["store", "api"])
async def test_a_job_is_followed_to_its_end(world: World, where: str) -> None:
    seen: list[Job] = []
    async with app_at(world, where) as app:
        go_on = asyncio.Event()

        @app.task
        async def build(steps: int) -> str:
            for step in range(1, steps + 1):
                await current().progress(step, steps, f"step {step} <b>")
            await go_on.wait()
            return "done"

        job = await build.submit(3)
        async with asyncio.timeout(PATIENCE_SECONDS):
            events = job.events()
            seen.append(await anext(events))
            async with world.worker(lease_ms=6_000, app=app):
                async for event in events:
                    seen.append(event)
                    if event.progress == Progress(3, 3, "step 3 <b>"):
                        go_on.set()
    assert [seen[0].state, seen[1].state, seen[-1].state] == [State.PENDING, State.RUNNING, State.COMPLETED]
    assert {event.id for event in seen} == {job.id}
    assert bytes(seen[-1].result or b"") == b'"done"'
    assert all(before != after for before, after in pairwise(seen))


@pytest.mark.parametrize("where", ["store", "api"])
async def test_one_that_stops_listening_leaves_nothing_behind(world: World, where: str) -> None:
    async with app_at(world, where) as app:

        @app.task
        async def never() -> None: ...

        job = await never.submit()
        async with asyncio.timeout(PATIENCE_SECONDS):
            async for event in job.events():
                assert event.state is State.PENDING
                break
            while True:
                ((_, listeners),) = await world.engine.store.client.pubsub_numsub("fl:{0}:news")
                if listeners == 0:
                    return
                await asyncio.sleep(0.02)


@pytest.mark.parametrize("where", ["store", "api"])
async def test_an_unknown_job_has_no_events(world: World, where: str) -> None:
    async with app_at(world, where) as app:
        with pytest.raises(NotFound):
            async for _ in app.job("00" + "a" * 24).events():
                pass
