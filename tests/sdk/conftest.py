"""One embedded store for all tests of the SDK, emptied before each, with upkeep running beside it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from fairlane import App
from fairlane.server.app import create_app
from tests.support.app_world import World, app_world
from tests.support.serving import served


@pytest.fixture
async def world(store_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setenv("FAIRLANE_DURABILITY", "memory")
    async with app_world(store_url) as world:
        yield world


@pytest.fixture(params=["store", "http"])
async def connected(request: pytest.FixtureRequest, world: World) -> AsyncIterator[World]:
    """A world whose app reaches the store directly, and one whose app knows the API alone."""
    async with AsyncExitStack() as stack:
        if request.param == "http":
            world.url = await stack.enter_async_context(served(create_app(world.engine)))
            world.app = App(world.url, tenancy="default")
        yield world
        await world.app.close()
        await asyncio.to_thread(world.app.close_sync)
