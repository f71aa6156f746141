"""An app with the access token of a tenant: its jobs belong to that tenant, which the app learns from the API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from fairlane import App, Forbidden, InvalidInput
from fairlane.model.token import TokenKind, TokenSpec
from fairlane.server.app import create_app
from tests.support.app_world import World
from tests.support.serving import served


@pytest.fixture
async def url(world: World) -> AsyncIterator[str]:
    """An API that asks for tokens."""
    async with served(create_app(world.engine, access=world.engine.tokens)) as url:
        yield url


async def secret_of(world: World, kind: TokenKind, tenant: str | None = None) -> str:
    """The secret of a new token."""
    return (await world.engine.tokens.create(TokenSpec(name="app", kind=kind, tenant_id=tenant)))[1]


async def tenant_of(world: World, job_id: str) -> str:
    return (await world.engine.jobs.get(job_id)).tenant_id


@pytest.mark.parametrize("tenancy", ["required", "default"])
async def test_jobs_without_a_tenant_belong_to_the_tenant_of_the_token(world: World, url: str, tenancy: str) -> None:
    app = App(url, token=await secret_of(world, TokenKind.TENANT, "acme"), tenancy=tenancy)  # type: ignore[arg-type]

    @app.task
    async def work() -> None:
        pass

    async with app:
        alone, bound = await work.submit(), await work.bind().submit()
        sync = await asyncio.to_thread(work.submit_sync)
        many = await work.submit_many([(), ()])
        named = await work.using(tenant="acme").submit()
        await asyncio.to_thread(app.close_sync)
    for job_id in (alone.id, bound.id, sync.id, named.id, *(job.id for job in many)):
        assert await tenant_of(world, job_id) == "acme"


async def test_the_token_of_the_environment_counts_too(world: World, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRLANE_URL", url)
    monkeypatch.setenv("FAIRLANE_TOKEN", await secret_of(world, TokenKind.TENANT, "acme"))
    app = App()

    @app.task
    async def work() -> None:
        pass

    async with app:
        assert await tenant_of(world, (await work.submit()).id) == "acme"


async def test_another_tenant_than_that_of_the_token_is_refused(world: World, url: str) -> None:
    app = App(url, token=await secret_of(world, TokenKind.TENANT, "acme"))

    @app.task
    async def work() -> None:
        pass

    async with app:
        said = "this token is for the tenant acme; leave tenantId out, or give that tenant"
        with pytest.raises(Forbidden, match=said):
            await work.using(tenant="globex").submit()
        with pytest.raises(Forbidden, match=said), app.tenant("globex"):
            await work.submit()
    assert await world.engine.tenants.list(10) == ([], None)


async def test_a_token_for_all_tenants_names_none(world: World, url: str) -> None:
    app = App(url, token=await secret_of(world, TokenKind.ADMIN))

    @app.task
    async def work() -> None:
        pass

    async with app:
        with pytest.raises(InvalidInput, match="name the tenant"):
            await work.submit()
        assert await tenant_of(world, (await work.using(tenant="acme").submit()).id) == "acme"


async def test_under_test_no_api_is_asked() -> None:
    app = App("http://127.0.0.1:1", token="fl_" + "A" * 43 + "AAAAAA", tenancy="default")

    @app.task
    async def work() -> None:
        pass

    async with app.testing():
        job = await work.submit()
        assert (await job.refresh()).tenant_id == "default"
