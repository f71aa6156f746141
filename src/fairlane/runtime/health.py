"""The health of a worker: /livez and /readyz over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable

from .local_pages import Page, json_page, serve_pages
from .settings import parse_address
from .sockets import listen

Problem = Callable[[], str | None]
"""Why the worker is not ready; None if it is."""

_OK = {"status": "ok"}


async def serve_health(listener: socket.socket, problem: Problem) -> None:
    """Answer until cancelled: /livez with 200, /readyz with 200 or the problem."""

    async def livez() -> Page:
        return json_page("200 OK", _OK)

    async def readyz() -> Page:
        trouble = problem()
        if trouble is None:
            return json_page("200 OK", _OK)
        return json_page("503 Service Unavailable", {"detail": trouble})

    await serve_pages(listener, "the health", {"/livez": livez, "/readyz": readyz})


@contextlib.asynccontextmanager
async def served_health(address: str, problem: Problem) -> AsyncIterator[None]:
    """Serve the health at `address` meanwhile, unless it is empty. Raises CannotListen."""
    serving = asyncio.create_task(serve_health(listen(*parse_address(address)), problem)) if address else None
    try:
        yield
    finally:
        if serving is not None:
            serving.cancel()
