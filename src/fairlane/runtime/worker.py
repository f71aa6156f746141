"""Runs one worker in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any

from ..connect import open_backend
from ..process.exit_report import Report, Supervisor
from ..rest.urls import is_remote
from ..sdk.schedules import declare
from .access_token import take_access_token
from .app_loading import load_app
from .health import serve_health
from .retrying import insist
from .settings import Settings, parse_address
from .sockets import listen
from .upkeep import upkeep_at
from .worker_metrics import serve_worker_metrics

if TYPE_CHECKING:
    from ..worker import Worker

Weighted = tuple[tuple[str, ...], tuple[float, ...]]
"""Names of queues and their weights; no weights if none were given."""


def work(settings: Settings, app: str, queues: Weighted, worker_id: str | None, *, with_upkeep: bool) -> None:
    """Run a worker of these queues (none: all queues), until a stop signal."""
    from ..worker import Worker, WorkerOptions, run_worker
    from ..worker.options import new_worker_id

    supervisor = Supervisor.of_this_process()
    # Before the app is loaded, so that its code does not see the token in the environment.
    token = take_access_token(settings)
    open_for_worker = partial(open_backend, settings.queue_url, durability=settings.durability, token=token)
    loaded = load_app(app)
    options = WorkerOptions(
        worker_id=worker_id or new_worker_id(),
        queues=queues[0],
        weights=queues[1],
        slots=settings.workers,
        lease_ms=settings.lease_ms,
        drain_seconds=settings.drain_seconds,
        hand_back_seconds=settings.hand_back_seconds,
        max_jobs=settings.max_jobs or None,
        max_memory=settings.max_worker_memory_bytes,
    )
    serve_beside = _pages_of(settings)
    beside: list[asyncio.Task[None]] = []

    def make_worker() -> Worker:
        if with_upkeep and not is_remote(settings.queue_url):
            beside.append(asyncio.create_task(insist("upkeep", lambda: upkeep_at(settings.queue_url, settings))))
        declaring = insist("declaring schedules", lambda: declare(open_for_worker, loaded.schedules))
        beside.append(asyncio.create_task(declaring))
        worker = Worker(open_for_worker, loaded.registry, options, lambda: supervisor.tell(Report.STARTED))
        beside.extend(asyncio.create_task(serve(worker)) for serve in serve_beside)
        return worker

    def report(worker: Worker) -> None:
        if worker.was_told_to_drain:
            supervisor.tell(Report.DRAINED)
        elif worker.is_used_up:
            supervisor.tell(Report.USED_UP)

    run_worker(make_worker, report, settings.loop)


def _pages_of(settings: Settings) -> list[Callable[[Worker], Coroutine[Any, Any, None]]]:
    """What serves the worker's health and metrics, where the settings ask for them. Raises CannotListen."""
    pages: list[Callable[[Worker], Coroutine[Any, Any, None]]] = []
    if settings.health:
        health = listen(*parse_address(settings.health))
        pages.append(lambda worker: serve_health(health, lambda: worker.problem))
    if settings.metrics:
        metrics = listen(*parse_address(settings.metrics))
        pages.append(lambda worker: serve_worker_metrics(metrics, worker))
    return pages
