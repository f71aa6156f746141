"""The whole of fairlane on one machine: who is started when, what "ready" means, and who is stopped when."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import click
import msgspec

from ..model.errors import StoreRefused
from ..queue import Queue
from ..store import EmbeddedServer, EmbeddedUrl, parse_store_url
from ..store.durability import Durability
from ..store.folder import DataFolder, KeeperLock, read_pid
from .child import Child
from .listening import CannotListen, address_of, listen
from .reloading import reloading
from .runtime import open_store
from .settings import Settings, as_environment
from .supervisor import StopSignals, supervise
from .workers import Reaper, WorkerChild, in_time, worker_children, workers_ready

_API_STOP_SECONDS = 12.0
_UPKEEP_STOP_SECONDS = 5.0
_POLL_SECONDS = 0.05
_PROBE_SECONDS = 2.0

_log = logging.getLogger(__name__)


async def run_everything(settings: Settings, app: str, *, reload: bool) -> None:
    """Store, API, workers and upkeep, until a signal asks them to stop.

    Raises CannotListen, StoreRefused, StoreUnavailable, CannotStart, NotReady or CutShort; nothing is left
    running then.
    """
    settings = msgspec.structs.replace(settings, url=settings.store_url)
    target = parse_store_url(settings.store_url)
    folder = target.data_dir if isinstance(target, EmbeddedUrl) else None
    with StopSignals() as signals, contextlib.closing(_listen(settings, folder)) as listener:
        async with (
            _embedded_server(folder, settings, signals),
            open_store(settings.store_url, settings, with_upkeep=False) as engine,
        ):
            await engine.set_defaults(settings.default_policy, settings.fairness)
            reaper = Reaper(engine)
            if folder is not None:
                await _reap_last_run(engine, reaper)
            workers = worker_children(settings, app, "", on_death=reaper.reap)
            async with reloading(workers, wanted=reload):
                await _supervise(settings, listener, workers, engine, signals)
            reaper.close()


async def _supervise(
    settings: Settings, listener: socket.socket, workers: Sequence[WorkerChild], queue: Queue, signals: StopSignals
) -> None:
    environment = as_environment(settings)
    descriptor = listener.fileno()
    api = Child(
        "api",
        ["serve", "--no-upkeep", "--fd", str(descriptor)],
        environment,
        stop_seconds=_API_STOP_SECONDS,
        pass_fds=[descriptor],
    )
    upkeep = Child("upkeep", ["upkeep"], environment, stop_seconds=_UPKEEP_STOP_SECONDS)

    async def get_ready() -> None:
        await workers_ready(queue, workers)
        await _api_ready(listener)
        api.is_ready = upkeep.is_ready = True

    async def tell_when_ready() -> None:
        await in_time(get_ready(), [*workers, api])
        click.echo(f"fairlane ready on {address_of(listener)}")

    await supervise([workers, [api], [upkeep]], signals, tell_when_ready)


def _listen(settings: Settings, folder: Path | None) -> socket.socket:
    try:
        return listen(settings.host, settings.port)
    except CannotListen:
        # Mostly because fairlane runs here already, which tells more than a port that is taken.
        if folder is not None and (holder := _holder(DataFolder(folder))):
            raise StoreRefused(f"data folder {folder} is in use by another fairlane, process {holder}") from None
        raise


def _holder(folder: DataFolder) -> int | None:
    """The process that keeps the folder's store, if one does."""
    if not folder.keeper_lock_path.exists():
        return None
    lock = KeeperLock(folder.keeper_lock_path)
    pid = read_pid(folder.keeper_lock_path)
    if lock.acquire():
        lock.release()
        return None
    return pid


@contextlib.asynccontextmanager
async def _embedded_server(folder: Path | None, settings: Settings, signals: StopSignals) -> AsyncIterator[None]:
    """The embedded store of a folder, kept by this process alone; nothing where the store is another."""
    if folder is None:
        yield
        return
    server = EmbeddedServer(folder, Durability(settings.durability))
    await _start(server, signals)
    _log.info("store started (pid %s)", server.pid)
    try:
        yield
    finally:
        await asyncio.to_thread(server.stop)
        _log.info("store stopped")


async def _start(server: EmbeddedServer, signals: StopSignals) -> None:
    """Start the server, unless a signal asks to stop before it is ready. Raises StoreRefused, StoreUnavailable."""
    starting = asyncio.create_task(asyncio.to_thread(server.start, exclusive=True))
    asked = asyncio.create_task(signals.asked.wait())
    await asyncio.wait([starting, asked], return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    if not starting.done():
        await asyncio.to_thread(server.stop)
    await starting


async def _reap_last_run(queue: Queue, reaper: Reaper) -> None:
    """Give back what workers held that ended with their supervisor: nobody else saw them die."""
    for report in await queue.workers():
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
        # A process that nobody has buried yet is dead all the same. The state follows the name in parentheses.
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return True
    return state not in ("Z", "X")


async def _api_ready(listener: socket.socket) -> None:
    """Wait until the API says that it is ready."""
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
