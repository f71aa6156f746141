"""One store, reached in two ways: by the engine itself, and by HTTP through a real server on the same engine."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
import uvicorn

from fairlane.backend import Backend
from fairlane.engine import Engine
from fairlane.remote import RemoteBackend
from fairlane.runtime.sockets import listen
from fairlane.server.app import App, create_app
from fairlane.server.http.protocol import BoundedHttpProtocol
from fairlane.store import Durability, open_store

from .world import Clock, World


@asynccontextmanager
async def served(app: App) -> AsyncIterator[str]:
    """The URL of a server of `app` on a free port of this machine."""
    listener = listen("127.0.0.1", 0)
    config = uvicorn.Config(app, http=BoundedHttpProtocol, ws="none", lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        app.stop_waiting()
        server.should_exit = True
        await serving


async def closed_in_time(queue: Backend) -> None:
    """Close it; a close that hangs fails its test."""
    async with asyncio.timeout(30):
        await queue.close()


@pytest.fixture(params=["engine", "http"])
async def world(request: pytest.FixtureRequest, store_url: str) -> AsyncIterator[World]:
    """An empty queue, reached in both ways, with a clock that the test moves."""
    async with AsyncExitStack() as stack:
        store = await open_store(store_url, Durability.MEMORY)
        await store.client.flushall()
        clock = Clock(time.time_ns() // 1_000_000 * 1000)
        engine = await Engine.open(store, clock=clock)
        stack.push_async_callback(closed_in_time, engine)
        if request.param == "engine":
            yield World(engine, engine.maintenance, clock)
            return
        url = await stack.enter_async_context(served(create_app(engine)))
        remote = RemoteBackend(url)
        stack.push_async_callback(closed_in_time, remote)
        yield World(remote, engine.maintenance, clock, url)
