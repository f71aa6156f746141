"""Worker processes under a supervisor, which gives the jobs of dead ones back."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import random
import re
import socket
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import msgspec

from ..backend import Backend, Maintenance, Workers
from ..connect import is_remote, open_backend
from ..model.backoff import Backoff
from ..model.errors import FairlaneError
from ..upkeep.reap import reap_dead_worker
from .child import Child
from .health import served_health
from .reload import reloading
from .settings import Settings, as_environment
from .supervisor import StopSignals, supervise
from .upkeep import open_store

_SETTLE_SECONDS = 8.0
"""What a worker takes beyond its drain: jobs end when cancelled, and outcomes are sent."""
_READY_SECONDS = 60.0
_POLL_SECONDS = 0.05
_SECOND_LOOK_SECONDS = 0.5
_TROUBLE = Backoff(base_ms=100, cap_ms=2_000)

_log = logging.getLogger(__name__)


class NotReady(FairlaneError):
    """What was started did not get ready in time."""

    code = "not_ready"


class WorkerChild(Child):
    """A worker process. Each start has a worker id of its own, so that a dead one's leases can be told apart."""

    def __init__(self, name: str, command: Sequence[str], settings: Settings, on_death: Callable[[str], None]) -> None:
        """`on_death` is told the worker id of each process that died."""
        stop_seconds = settings.drain_seconds + _SETTLE_SECONDS
        super().__init__(name, command, as_environment(settings), stop_seconds=stop_seconds)
        self.worker_id = ""
        self._on_death = on_death

    def arguments(self) -> Sequence[str]:
        host = re.sub(r"[^A-Za-z0-9.-]", "-", socket.gethostname())[:64]
        self.worker_id = f"{host}:{self.name}:{os.urandom(4).hex()}"
        return [*super().arguments(), "--worker-id", self.worker_id]

    def has_died(self) -> None:
        self._on_death(self.worker_id)


def worker_children(settings: Settings, app: str, queues: str, on_death: Callable[[str], None]) -> list[WorkerChild]:
    """The worker processes that share the slots which the settings give."""
    count = settings.processes
    share, rest = divmod(settings.workers, count)
    command = ["worker", app, "--no-upkeep", *(["--queues", queues] if queues else [])]
    return [
        WorkerChild(
            f"worker-{number + 1}",
            command,
            msgspec.structs.replace(settings, workers=share + (number < rest), processes=1, health=""),
            on_death,
        )
        for number in range(count)
    ]


class Reaper:
    """Removes workers that are known to be dead, and gives their leases back, however long the store is away."""

    def __init__(self, workers: Workers, maintenance: Maintenance | None) -> None:
        """Without `maintenance`, over HTTP, leases are not given back: they expire."""
        self._workers = workers
        self._maintenance = maintenance
        self._tasks: set[asyncio.Task[None]] = set()

    def reap(self, worker_id: str) -> None:
        """Begin to remove a worker; this returns at once."""
        task = asyncio.create_task(self._reap(worker_id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _reap(self, worker_id: str) -> None:
        ended = await self._insist(worker_id)
        # Its last claim or heartbeat may still have been on its way to the store.
        await asyncio.sleep(_SECOND_LOOK_SECONDS)
        ended += await self._insist(worker_id)
        if ended:
            _log.info("%d %s of worker %s given back", ended, "job" if ended == 1 else "jobs", worker_id)

    async def _insist(self, worker_id: str) -> int:
        failures = 0
        while True:
            try:
                await self._workers.leave(worker_id)
                return 0 if self._maintenance is None else await reap_dead_worker(self._maintenance, worker_id)
            except FairlaneError:
                failures += 1
                await asyncio.sleep(_TROUBLE.delay_ms(failures, random.random()) / 1000)


async def workers_ready(backend: Backend, children: Sequence[WorkerChild]) -> None:
    """Wait until each worker has been heard of in the store."""
    while missing := [child for child in children if not child.is_ready]:
        seen = {report.id for report in await backend.workers.list()}
        for child in missing:
            child.is_ready = child.worker_id in seen
        await asyncio.sleep(_POLL_SECONDS)


async def in_time(step: Coroutine[Any, Any, None], children: Sequence[Child]) -> None:
    """Await `step`, by which the children get ready. Raises NotReady where that takes too long."""
    try:
        async with asyncio.timeout(_READY_SECONDS):
            await step
    except TimeoutError:
        names = ", ".join(child.name for child in children if not child.is_ready)
        raise NotReady(f"{names} did not get ready within {_READY_SECONDS:g} s") from None


async def run_workers(settings: Settings, app: str, queues: str, *, with_upkeep: bool, reload: bool) -> None:
    """Worker processes, until a signal asks them to stop. Raises CannotStart, and as opening a queue does."""
    with StopSignals() as signals:
        if is_remote(settings.queue_url):
            await _run_remote_workers(settings, app, queues, signals, reload)
            return
        async with contextlib.AsyncExitStack() as stack:
            opening = stack.enter_async_context(open_store(settings.queue_url, settings, with_upkeep=with_upkeep))
            engine = await signals.unless_asked(opening)
            if engine is None:
                return
            reaper = Reaper(engine.workers, engine.maintenance)
            children = worker_children(settings, app, queues, on_death=reaper.reap)
            await _keep(settings, engine, children, signals, reload)
            reaper.close()


async def _run_remote_workers(settings: Settings, app: str, queues: str, signals: StopSignals, reload: bool) -> None:
    backend = await open_backend(settings.queue_url)
    reaper = Reaper(backend.workers, None)
    try:
        children = worker_children(settings, app, queues, on_death=reaper.reap)
        await _keep(settings, backend, children, signals, reload)
    finally:
        reaper.close()
        await backend.close()


async def _keep(
    settings: Settings, backend: Backend, children: Sequence[WorkerChild], signals: StopSignals, reload: bool
) -> None:
    def problem() -> str | None:
        missing = [child.name for child in children if not (child.is_ready and child.runs)]
        return f"not running: {', '.join(missing)}" if missing else None

    async with served_health(settings.health, problem), reloading(children, wanted=reload):
        await supervise([children], signals, lambda: in_time(workers_ready(backend, children), children))
