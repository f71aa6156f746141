"""The embedded store of `fairlane up`. One `up` uses a folder, and keeps its store unless a client does already."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator
from pathlib import Path

from ..model.durability import Durability
from ..model.errors import FairlaneError, StoreRefused
from ..store import EmbeddedServer
from ..store.embedded.folder import DataFolder, FolderLock, read_pid

_LAST_BREATH_SECONDS = 2.0
"""How long to wait for the end of an `up` that was killed."""
_POLL_SECONDS = 0.05
_TROUBLE_SECONDS = 2.0

_log = logging.getLogger(__name__)


def refuse_if_taken(path: Path) -> None:
    """Raises StoreRefused if another `fairlane up` uses this folder. Creates nothing."""
    lock_path = DataFolder(path).up_lock_path
    if FolderLock(lock_path).is_taken():
        pid = read_pid(lock_path)
        owner = "another fairlane" + (f", process {pid}" if pid else "")
        raise StoreRefused(f"data folder {path} is in use by {owner}: stop that, or choose another folder (--data-dir)")


@contextlib.asynccontextmanager
async def own_store(path: Path, durability: Durability, max_memory: int | None) -> AsyncIterator[None]:
    """Run the store of a folder with this memory limit, or use the running one until no other process keeps it.

    Raises StoreUnavailable, and StoreRefused if another `fairlane up` uses the folder.
    """
    async with _alone_on(DataFolder(path)):
        server = EmbeddedServer(path, durability, max_memory=max_memory, is_for_up=True)
        try:
            await asyncio.to_thread(server.start)
            keeper = "" if server.is_keeper else "; another process keeps it for now"
            _log.info("store %s (pid %s)%s", "found" if keeper else "started", server.pid, keeper)
            keeping = asyncio.create_task(_take_over_when_unkept(server))
            try:
                yield
            finally:
                keeping.cancel()
        finally:
            was_kept = server.is_keeper
            await asyncio.to_thread(server.stop)
            if was_kept:
                _log.info("store stopped")


@contextlib.asynccontextmanager
async def _alone_on(folder: DataFolder) -> AsyncIterator[None]:
    folder.prepare()
    lock = FolderLock(folder.up_lock_path)
    patient_until = time.monotonic() + _LAST_BREATH_SECONDS
    while not lock.acquire():
        if time.monotonic() > patient_until:
            refuse_if_taken(folder.path)
        await asyncio.sleep(_POLL_SECONDS)
    try:
        yield
    finally:
        lock.release()


async def _take_over_when_unkept(server: EmbeddedServer) -> None:
    """Keep the store as soon as the client that kept it has ended."""
    while not server.is_keeper:
        pause = _POLL_SECONDS
        try:
            if server.take_over_if_unkept():
                _log.warning("the process that kept the store has ended; this process keeps it now")
        except FairlaneError as error:
            _log.warning("the store cannot be kept: %s", error)
            pause = _TROUBLE_SECONDS
        await asyncio.sleep(pause)
