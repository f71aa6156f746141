"""Puts the parts together: what each kind of process runs."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable

from ..connect import open_engine, open_queue
from ..declared import declare
from ..engine import Engine
from ..model.retention import Retention
from ..queue import Queue, Upkeep
from ..upkeep.run import run_upkeep
from .app_loading import load_app
from .beside import insist
from .child import DRAINED, USED_UP
from .connection import is_remote
from .health import serve_health
from .listening import address_of, listen
from .settings import Settings, parse_address
from .supervisor import StopSignals

Weighted = tuple[tuple[str, ...], tuple[float, ...]]
"""Names of queues, and the weight of each; no weights where they have none."""


async def serve_api(
    settings: Settings, listener: socket.socket, *, with_upkeep: bool, on_ready: Callable[[str], None] | None
) -> None:
    """The API on `listener`, until SIGTERM or SIGINT."""
    from ..server.app import create_app
    from ..server.run import serve_on
    from ..server.settings import ServerSettings, allowed_hosts_for

    async with open_store(settings.store_url, settings, with_upkeep=with_upkeep) as queue:
        server_settings = ServerSettings(allowed_hosts=allowed_hosts_for(settings.host, listener.getsockname()[0]))
        app = create_app(queue, server_settings)
        await serve_on(app, listener, address_of(listener), on_ready=on_ready)


def work(settings: Settings, app: str, queues: Weighted, worker_id: str | None, *, with_upkeep: bool) -> int:
    """A worker of these queues (none: all queues) with their weights, until SIGTERM or SIGINT; its exit code."""
    from ..worker import Worker, WorkerOptions, run_worker
    from ..worker.options import new_worker_id

    loaded = load_app(app)
    options = WorkerOptions(
        worker_id=worker_id or new_worker_id(),
        queues=queues[0],
        weights=queues[1],
        slots=settings.workers,
        lease_ms=settings.lease_ms,
        drain_seconds=settings.drain_seconds,
        max_jobs=settings.max_jobs or None,
        max_memory=settings.max_memory_bytes,
    )
    listener = listen(*parse_address(settings.health)) if settings.health else None
    beside: list[asyncio.Task[None]] = []

    async def open_for_worker() -> Queue:
        return await open_queue(settings.queue_url, durability=settings.durability)

    def make_worker() -> Worker:
        if with_upkeep and not is_remote(settings.queue_url):
            beside.append(asyncio.create_task(insist("upkeep", lambda: _upkeep_at(settings.queue_url, settings))))
        declaring = insist("declaring schedules", lambda: declare(open_for_worker, loaded.schedules))
        beside.append(asyncio.create_task(declaring))
        worker = Worker(open_for_worker, loaded.registry, options)
        if listener is not None:
            beside.append(asyncio.create_task(serve_health(listener, lambda: worker.problem)))
        return worker

    def exit_code(worker: Worker) -> int:
        if worker_id is None:
            return 0
        return DRAINED if worker.was_told_to_drain else USED_UP if worker.is_used_up else 0

    return run_worker(make_worker, exit_code)


async def keep_up(settings: Settings) -> None:
    """Upkeep alone, until a signal asks it to stop."""
    with StopSignals() as signals:
        await signals.unless_asked(_upkeep_at(settings.store_url, settings))


async def _upkeep_at(url: str, settings: Settings) -> None:
    async with open_store(url, settings, with_upkeep=True):
        await asyncio.Event().wait()


@contextlib.asynccontextmanager
async def open_store(url: str, settings: Settings, *, with_upkeep: bool) -> AsyncIterator[Engine]:
    """The queue on a store, with upkeep beside it where asked for."""
    engine = await open_engine(url, durability=settings.durability)
    upkeep = asyncio.create_task(_upkeep(engine)) if with_upkeep else None
    try:
        yield engine
    finally:
        if upkeep is not None:
            upkeep.cancel()
            await asyncio.wait([upkeep])
        await engine.close()


async def _upkeep(upkeep: Upkeep) -> None:
    await run_upkeep(upkeep, Retention())
