"""Whose a job is: named, or of the block or the job that submits it."""

from __future__ import annotations

import asyncio

import pytest

from fairlane import App, InvalidInput, State, current
from fairlane.model.tenant import PolicyChange, Rate
from tests.support.app_world import World, json_of

from . import process_parent


@pytest.fixture
def app(world: World) -> App:
    """An app whose jobs need a tenant."""
    return App(world.url)


async def test_a_job_without_a_tenant_is_refused_and_told_how_to_have_one(app: App) -> None:
    @app.task
    async def work() -> None:
        pass

    for call in (work.submit(), work.using(priority=1).submit(), work.bind().submit(), work.submit_many([()])):
        with pytest.raises(InvalidInput, match=r'using\(tenant="acme"\), or `with app.tenant'):
            await call


async def test_a_block_gives_its_tenant_to_the_jobs_within(app: App, world: World) -> None:
    @app.task
    async def work() -> None:
        pass

    async def tenant_of(submitted: asyncio.Task[str] | str) -> str:
        return (await world.engine.jobs.get(submitted if isinstance(submitted, str) else await submitted)).tenant_id

    async def submit() -> str:
        return (await work.submit()).id

    bound = work.bind()
    async with app:
        with app.tenant("acme"):
            tasks = [asyncio.create_task(submit())]
            with app.tenant("umbrella"):
                tasks.append(asyncio.create_task(submit()))
                many = await work.submit_many([()])
            named = await work.using(tenant="own").submit()
            later = await bound.submit()
        assert [await tenant_of(task) for task in tasks] == ["acme", "umbrella"]
        assert [await tenant_of(job.id) for job in (*many, named, later)] == ["umbrella", "own", "acme"]
        with pytest.raises(InvalidInput, match="name the tenant"):
            await work.submit()


def test_a_tenant_that_cannot_be_one_is_refused_at_the_block() -> None:
    with pytest.raises(InvalidInput, match="tenant must be"):
        App().tenant("no/slash")


def test_a_block_is_no_decorator_and_is_entered_once_at_a_time() -> None:
    block = App().tenant("acme")
    with pytest.raises(TypeError):

        @block  # type: ignore[operator]  # its tenant would be gone before the function runs
        async def work() -> None:
            pass

    for _ in range(2):
        with block, pytest.raises(RuntimeError, match="make another one"):
            block.__enter__()


async def test_children_belong_to_the_tenant_of_the_job_that_submits_them(app: App, world: World) -> None:
    @app.task
    async def child() -> str:
        return current().tenant

    @app.task
    async def parent() -> list[str]:
        own = await child.submit()
        with app.tenant("block"):
            other = await child.submit()
        return [own.id, other.id]

    async with app:
        with app.tenant("of-the-worker"):
            async with world.worker(app=app):
                ids = await (await parent.using(tenant="acme").submit()).result(timeout=30)
        assert [(await world.engine.jobs.get(job_id)).tenant_id for job_id in ids] == ["acme", "block"]


async def test_a_job_in_a_process_submits_children_of_its_tenant_beyond_its_rate(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAIRLANE_URL", world.url)
    await world.engine.tenants.change("acme", PolicyChange(submit_rate=Rate(1, 3_600)))
    async with process_parent.app, world.worker(app=process_parent.app):
        job = await process_parent.parent.using(tenant="acme").submit(3)
        ended = await world.finished(job.id)
    assert (ended.state, ended.attempt) == (State.COMPLETED, 1)
    children = json_of(ended.result)
    assert isinstance(children, list)
    assert [(await world.engine.jobs.get(child)).tenant_id for child in children] == ["acme"] * 3
