"""The embedded store: one server a data folder, kept by one of the processes that use it.

Who holds `store.lock` is the keeper: a thread of its process starts the server, waits on it and
starts it again. While `fairlane up` holds `up.lock`, nobody else becomes the keeper; who is one
stays it. The server holds `server.lock` itself, so that a new keeper's server begins only when the
old one has ended. All locks are the kernel's, and end with their process however it ends.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from pathlib import Path

from ...model.errors import FairlaneError, StoreRefused, StoreUnavailable
from ..durability import Durability
from .folder import DataFolder, FolderLock, read_pid
from .journal import check_journal
from .launch import ServerProcess
from .probe import Readiness, probe_socket

STOP_LIMIT_S = 20.0
_FIRST_BACKOFF_S = 0.05
_MAX_BACKOFF_S = 5.0
_HEALTHY_AFTER_S = 1.0
_POLL_S = 0.02

_log = logging.getLogger(__name__)


class EmbeddedServer:
    """The server of one data folder: found running, or started and kept by this process.

    An instance is started once; after `stop` it stays stopped.
    """

    def __init__(self, data_dir: Path, durability: Durability, *, is_for_up: bool = False) -> None:
        """`is_for_up`: for `fairlane up`, which holds `up.lock`; all others leave a store that nobody keeps to it."""
        self._folder = DataFolder(data_dir)
        self._up_lock = None if is_for_up else FolderLock(self._folder.up_lock_path)
        self._durability = durability
        self._lock = FolderLock(self._folder.keeper_lock_path)
        self._state = threading.Condition()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._process: ServerProcess | None = None
        self._failure: str | None = None
        self._was_ready = False
        """Until then, `start` raises what is wrong, and nothing is logged."""
        self.restarts = 0
        """How often the server was started again because it had ended."""
        _instances.add(self)

    @property
    def data_dir(self) -> Path:
        return self._folder.path

    @property
    def socket_path(self) -> Path:
        """The server's unix socket. Raises StoreRefused where the folder has no room for one."""
        return self._folder.socket_path()

    @property
    def pid(self) -> int | None:
        """The server's process id: exact while this process keeps it, else the one last recorded."""
        if not self.is_keeper:
            return read_pid(self._folder.server_lock_path)
        process = self._process
        return process.pid if process is not None else None

    @property
    def is_keeper(self) -> bool:
        """Whether this process started the server and starts it again when it dies."""
        return self._thread is not None

    def start(self) -> None:
        """Return once the server answers, whoever keeps it.

        Raises StoreRefused where the folder or its data cannot be used; StoreUnavailable when the
        server does not get ready. Nothing is left running then.
        """
        self._folder.prepare()
        readiness = Readiness(f"the embedded store in {self._folder.path}")
        try:
            while not self._is_ready(readiness):
                with self._state:
                    self._state.wait(_POLL_S)
        except BaseException:
            self.stop()
            raise
        self._was_ready = True
        self._folder.mark_initialized()

    def take_over_if_unkept(self) -> bool:
        """Become the keeper if nobody is; whether this process is now. Does not wait for the server."""
        with self._state:
            if self._thread is not None or self._stopping.is_set():
                return self._thread is not None
            if (self._up_lock is not None and self._up_lock.is_taken()) or not self._lock.acquire():
                return False
            self._thread = threading.Thread(target=self._keep, name="fairlane-store-keeper", daemon=True)
            self._thread.start()
            return True

    def wait_ready(self, within_s: float) -> bool:
        """Whether the server answers within this time, whoever keeps it."""
        readiness = Readiness(f"the embedded store in {self._folder.path}")
        deadline = time.monotonic() + within_s
        while not probe_socket(self.socket_path, readiness):
            if time.monotonic() > deadline or self._stopping.wait(_POLL_S):
                return False
        return True

    def stop(self) -> None:
        """End the server if this process keeps it, and wait for that. May be repeated."""
        with self._state:
            self._stopping.set()
            self._state.notify_all()
            thread = self._thread
        if thread is None:
            return
        give_up_at = time.monotonic() + STOP_LIMIT_S
        while thread.is_alive():
            process = self._process
            if process is not None and time.monotonic() < give_up_at:
                process.terminate()
            elif process is not None:
                _log.error("killing the embedded store, which did not end within %d s", STOP_LIMIT_S)
                process.kill()
            thread.join(_POLL_S)

    def _is_ready(self, readiness: Readiness) -> bool:
        if self._stopping.is_set():
            raise StoreUnavailable(f"the embedded store in {self._folder.path} was stopped")
        if self._failure is not None:
            raise StoreRefused(f"the embedded store in {self._folder.path} did not start: {self._failure}")
        if not self.take_over_if_unkept():
            return probe_socket(self.socket_path, readiness)
        # A server of an earlier keeper may answer with its last breath: only our own child counts.
        pid = self.pid
        return pid is not None and probe_socket(self.socket_path, readiness, pid)

    def _keep(self) -> None:
        """The keeper's thread: run the server, again and again, until told to stop."""
        backoff_s = _FIRST_BACKOFF_S
        try:
            while not self._stopping.is_set():
                began = time.monotonic()
                try:
                    self._run_once()
                except (OSError, FairlaneError) as error:
                    self._note_end(str(error), f"could not be started: {error}")
                if time.monotonic() - began > _HEALTHY_AFTER_S:
                    backoff_s = _FIRST_BACKOFF_S
                if self._stopping.wait(backoff_s):
                    break
                self.restarts += 1
                backoff_s = min(_MAX_BACKOFF_S, backoff_s * 2)
        finally:
            # The lock must not stay with a thread that is gone.
            with self._state:
                self._lock.release()
                self._thread = None
                self._state.notify_all()

    def _run_once(self) -> None:
        socket_path = self.socket_path
        self._check_data()
        self._folder.record_socket_path(socket_path)
        process = ServerProcess(self._folder, self._durability, socket_path)
        with self._state:
            self._process = process
        code = process.wait()
        # Ended by a signal, it may well start again; by itself, it says why it cannot.
        failure = process.last_words() if code > 0 else None
        self._note_end(failure, f"ended with exit code {code}" + (f": {failure}" if failure else ""))

    def _check_data(self) -> None:
        """Raises StoreRefused where the data is damaged. Skipped while the previous server still serves it."""
        lock = FolderLock(self._folder.server_lock_path)
        if not lock.acquire():
            return
        try:
            torn = check_journal(self._folder.path, is_initialized=self._folder.is_initialized)
        finally:
            lock.release()
        if torn is not None:
            _log.warning(
                "the last write to the store was incomplete, as after a crash: dropping the last %d bytes of %s",
                torn.lost_bytes,
                torn.path.name,
            )

    def _note_end(self, failure: str | None, what: str) -> None:
        with self._state:
            self._process = None
            self._failure = failure
            if self._was_ready and not self._stopping.is_set():
                _log.warning("the embedded store %s; restarting it", what)
            self._state.notify_all()

    def _forget_in_child(self) -> None:
        """In a forked child: the server and its lock are the parent's."""
        self._state = threading.Condition()
        self._thread = None
        self._process = None
        self._lock.forget()


_instances: weakref.WeakSet[EmbeddedServer] = weakref.WeakSet()


def _forget_all_in_child() -> None:
    for instance in list(_instances):
        instance._forget_in_child()


os.register_at_fork(after_in_child=_forget_all_in_child)
