"""Runs several worker processes, under a supervisor in this process."""

from __future__ import annotations

import contextlib

from ..backend import Backend
from ..connect import open_backend
from ..rest.urls import is_remote
from .access_token import access_token
from .health import served_health
from .reaper import Reaper
from .reload import reloading
from .settings import Settings
from .supervisor import StopSignals, supervise
from .upkeep import open_store
from .worker_pool import in_time, worker_children
from .worker_watch import watched


async def run_workers(settings: Settings, app: str, queues: str, *, with_upkeep: bool, reload: bool) -> None:
    """Run worker processes until a stop signal. Raises CannotStart, and the errors of opening a backend."""
    with StopSignals() as signals:
        async with contextlib.AsyncExitStack() as stack:
            if is_remote(settings.queue_url):
                backend: Backend = await open_backend(settings.queue_url, token=access_token(settings))
                stack.push_async_callback(backend.close)
            else:
                opening = stack.enter_async_context(open_store(settings.queue_url, settings, with_upkeep=with_upkeep))
                engine = await signals.unless_asked(opening)
                if engine is None:
                    return
                backend = engine
            reaper = Reaper(backend.workers)
            stack.push_async_callback(reaper.close)
            children = worker_children(settings, app, queues, on_death=reaper.reap)
            async with (
                watched(backend, children) as watch,
                served_health(settings.health, watch.problem),
                reloading(children, wanted=reload),
            ):
                await supervise([children], signals, lambda: in_time(watch.all_ready.wait(), children))
