"""Runs one worker in this process."""

from __future__ import annotations

import asyncio
from functools import partial

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
    listener = listen(*parse_address(settings.health)) if settings.health else None
    beside: list[asyncio.Task[None]] = []

    def make_worker() -> Worker:
        if with_upkeep and not is_remote(settings.queue_url):
            beside.append(asyncio.create_task(insist("upkeep", lambda: upkeep_at(settings.queue_url, settings))))
        declaring = insist("declaring schedules", lambda: declare(open_for_worker, loaded.schedules))
        beside.append(asyncio.create_task(declaring))
        worker = Worker(open_for_worker, loaded.registry, options, lambda: supervisor.tell(Report.STARTED))
        if listener is not None:
            beside.append(asyncio.create_task(serve_health(listener, lambda: worker.problem)))
        return worker

    def report(worker: Worker) -> None:
        if worker.was_told_to_drain:
            supervisor.tell(Report.DRAINED)
        elif worker.is_used_up:
            supervisor.tell(Report.USED_UP)

    run_worker(make_worker, report, settings.loop)
