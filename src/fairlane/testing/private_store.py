"""Embedded stores in temporary folders. Tests use them one after another; they end with the process."""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import tempfile
import threading
import time
from pathlib import Path

from ..store import Durability, EmbeddedServer

_PREFIX = "fairlane-testing-"
_SURELY_STARTED_S = 60.0


class PrivateStore:
    """A store for one test at a time."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        try:
            self._server = EmbeddedServer(self._folder, Durability.MEMORY)
            self._server.start()
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        self.url = f"embedded:{self._folder}"

    def end(self) -> None:
        """Stop the server and remove its data."""
        self._server.stop()
        shutil.rmtree(self._folder, ignore_errors=True)


_idle: list[PrivateStore] = []
_lock = threading.Lock()


def borrow_store() -> PrivateStore:
    """A running store. The borrower must empty it. Raises StoreUnavailable, StoreRefused."""
    with _lock:
        if _idle:
            return _idle.pop()
    _remove_orphans()
    return PrivateStore()


def give_back(store: PrivateStore) -> None:
    """Keep the store for the next test of this process."""
    with _lock:
        _idle.append(store)


def _remove_orphans() -> None:
    """Remove the folders of killed processes, whose servers have ended too."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            status = (folder / "store.lock").stat()
            if status.st_uid == os.getuid() and time.time() - status.st_mtime > _SURELY_STARTED_S:
                with open(folder / "store.lock") as lock:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(folder, ignore_errors=True)
        except OSError:  # in use, or another process has just removed it
            continue


def _end_idle() -> None:
    while _idle:
        _idle.pop().end()


def _forget_parents_stores() -> None:
    global _lock  # noqa: PLW0603  a lock held by another thread at the fork is never released in the child
    _lock = threading.Lock()
    _idle.clear()


atexit.register(_end_idle)
os.register_at_fork(after_in_child=_forget_parents_stores)
