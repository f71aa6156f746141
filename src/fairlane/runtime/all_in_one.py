"""Runs store, API, workers and upkeep on one machine: the order of starting, readiness, the order of stopping."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from ..backend import Backend
from ..engine import Engine
from ..model.durability import Durability
from ..store import EmbeddedUrl, parse_store_url
from .child import Child
from .defaults import store_defaults
from .own_store import own_store, refuse_if_taken
from .reaper import Reaper
from .reload import reloading
from .settings import Settings, as_environment
from .sockets import CannotListen, address_of, listen_for_api
from .supervisor import StopSignals, supervise
from .upkeep import open_store
from .worker_pool import WorkerChild, in_time, worker_children
from .worker_watch import WorkerWatch, watched

_API_STOP_SECONDS = 12.0
_UPKEEP_STOP_SECONDS = 5.0
_POLL_SECONDS = 0.05
_PROBE_SECONDS = 2.0


async def run_everything(settings: Settings, app: str, *, reload: bool) -> None:
    """Run store, API, workers and upkeep until a stop signal.

    Raises CannotListen, StoreUnavailable, CannotStart, NotReady or CutShort; all processes have ended then.
    """
    settings = msgspec.structs.replace(settings, url=settings.store_url)
    target = parse_store_url(settings.store_url)
    folder = target.data_dir if isinstance(target, EmbeddedUrl) else None
    with StopSignals() as signals, contextlib.closing(_listen(settings, folder)) as listener:
        async with contextlib.AsyncExitStack() as stack:
            opened = await signals.unless_asked(_open(settings, folder, stack))
            if opened is None:
                return
            engine, reaper = opened
            workers = worker_children(settings, app, "", on_death=reaper.reap)
            async with watched(engine, workers) as watch, reloading(workers, wanted=reload):
                await _supervise(settings, listener, workers, watch, signals)


async def _open(settings: Settings, folder: Path | None, stack: contextlib.AsyncExitStack) -> tuple[Engine, Reaper]:
    """Open the store, which is started first if it is embedded. `stack` closes everything."""
    if folder is not None:
        await stack.enter_async_context(own_store(folder, Durability(settings.durability), settings.max_memory_bytes))
    engine = await stack.enter_async_context(open_store(settings.store_url, settings, with_upkeep=False))
    await store_defaults(engine, settings)
    await engine.maintenance.set_fairness(settings.fairness)
    await engine.maintenance.set_idempotency(settings.idempotency_ms)
    reaper = Reaper(engine.workers)
    stack.push_async_callback(reaper.close)
    if folder is not None:
        await _reap_last_run(engine, reaper)
    return engine, reaper


async def _supervise(
    settings: Settings,
    listener: socket.socket,
    workers: Sequence[WorkerChild],
    watch: WorkerWatch,
    signals: StopSignals,
) -> None:
    environment = as_environment(settings)
    descriptor = listener.fileno()
    api = Child(
        "api",
        ["serve", "--no-upkeep", "--fd", str(descriptor), "--workers-fd", str(watch.descriptor)],
        environment,
        stop_seconds=_API_STOP_SECONDS,
        pass_fds=[descriptor, watch.descriptor],
    )
    upkeep = Child("upkeep", ["upkeep"], environment, stop_seconds=_UPKEEP_STOP_SECONDS)

    async def get_ready() -> None:
        await watch.all_ready.wait()
        await _api_ready(listener)
        api.is_ready = upkeep.is_ready = True

    async def tell_when_ready() -> None:
        await in_time(get_ready(), [*workers, api])
        click.echo(f"fairlane ready on {address_of(listener)}")

    await supervise([workers, [api], [upkeep]], signals, tell_when_ready)


def _listen(settings: Settings, folder: Path | None) -> socket.socket:
    try:
        return listen_for_api(settings.host, settings.port, with_tokens=settings.asks_for_tokens)
    except CannotListen:
        # If another fairlane uses the folder, that is the better explanation.
        if folder is not None:
            refuse_if_taken(folder)
        raise


async def _reap_last_run(backend: Backend, reaper: Reaper) -> None:
    """Clean up after workers that were killed together with their supervisor."""
    for report in await backend.workers.list():
        if report.host == socket.gethostname() and not _lives(report.pid):
            reaper.reap(report.id)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        # A zombie is dead, too. The state follows the name, which is in parentheses.
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return True
    return state not in ("Z", "X")


async def _api_ready(listener: socket.socket) -> None:
    """Wait until /readyz of the API answers 200."""
    while True:
        if await _answers(listener):
            return
        await asyncio.sleep(_POLL_SECONDS)


async def _answers(listener: socket.socket) -> bool:
    host, port = listener.getsockname()[:2]
    writer = None
    try:
        async with asyncio.timeout(_PROBE_SECONDS):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return (await reader.readline()).split()[1:2] == [b"200"]
    except (OSError, TimeoutError):
        return False
    finally:
        if writer is not None:
            writer.close()
