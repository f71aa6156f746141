"""One store, reached in two ways: by the engine itself, and by HTTP through a real server on the same engine."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from fairlane.engine import Engine
from fairlane.remote import RemoteBackend
from fairlane.server.app import create_app
from fairlane.store import Durability, open_store
from tests.support.clock import Clock
from tests.support.serving import closed_in_time, served

from .world import World


@pytest.fixture
def begins_at_us() -> int:
    """What the clock shows at first. It never goes back."""
    return time.time_ns() // 1_000_000 * 1000


@pytest.fixture(params=["engine", "http"])
async def world(request: pytest.FixtureRequest, store_url: str, begins_at_us: int) -> AsyncIterator[World]:
    """An empty store, reached in both ways, with a clock that the test moves."""
    async with AsyncExitStack() as stack:
        store = await open_store(store_url, Durability.MEMORY)
        await store.client.flushall()
        clock = Clock(begins_at_us)
        engine = await Engine.open(store, clock=clock)
        stack.push_async_callback(closed_in_time, engine)
        if request.param == "engine":
            yield World(engine, engine.maintenance, clock)
            return
        url = await stack.enter_async_context(served(create_app(engine)))
        remote = RemoteBackend(url)
        stack.push_async_callback(closed_in_time, remote)
        yield World(remote, engine.maintenance, clock, url)
