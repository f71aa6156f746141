"""A real API server in the test's own event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn

from fairlane.backend import Backend
from fairlane.runtime.sockets import listen
from fairlane.server.app import App
from fairlane.server.http.protocol import BoundedHttpProtocol


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


async def closed_in_time(backend: Backend) -> None:
    """Close the backend; a close that hangs fails its test."""
    async with asyncio.timeout(30):
        await backend.close()
