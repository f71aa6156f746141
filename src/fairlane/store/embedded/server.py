"""The embedded store: one server for each data folder, kept by one of the processes that use it.

The keeper is the process that holds `store.lock`. One of its threads starts the server and restarts it when it ends.
While `fairlane up` holds `up.lock`, no other process becomes the keeper, but an existing keeper stays one. The server
itself holds `server.lock`, so that the server of a new keeper starts only after the old one has ended. The kernel
releases all locks when their process ends.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from pathlib import Path

from ...model.durability import Durability
from ...model.errors import FairlaneError, InvalidInput, StoreRefused, StoreUnavailable
from .folder import DataFolder, FolderLock, read_pid
from .journal import check_journal
from .launch import ServerProcess
from .memory import default_memory_limit
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

    def __init__(
        self, data_dir: Path, durability: Durability, *, max_memory: int | None = None, is_for_up: bool = False
    ) -> None:
        """`max_memory`: bytes of data after which it takes no new jobs [default: half of the machine's memory].

        `is_for_up`: for `fairlane up`, which holds `up.lock`. Other processes do not take over meanwhile.

        Raises InvalidInput if the durability needs replicas.
        """
        if durability.replicas:
            raise InvalidInput(f"durability {durability.value} needs a store with replicas; an embedded store has none")
        self._folder = DataFolder(data_dir)
        self._up_lock = None if is_for_up else FolderLock(self._folder.up_lock_path)
        self._durability = durability
        self._max_memory = max_memory or default_memory_limit()
        self._lock = FolderLock(self._folder.keeper_lock_path)
        self._state = threading.Condition()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._process: ServerProcess | None = None
        self._failure: str | None = None
        self._was_ready = False
        """Until this is set, `start` raises errors, and nothing is logged."""
        self.restarts = 0
        """How often the server was restarted because it had ended."""
        _instances.add(self)

    @property
    def data_dir(self) -> Path:
        return self._folder.path

    @property
    def socket_path(self) -> Path:
        """The server's unix socket. Raises StoreRefused if the path is too long for one."""
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
        """Whether this process started the server and restarts it."""
        return self._thread is not None

    def start(self) -> None:
        """Return once the server answers, in this process or another one.

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
        """Become the keeper if no process is. Returns whether this process is it. Does not wait for the server."""
        with self._state:
            if self._thread is not None or self._stopping.is_set():
                return self._thread is not None
            if (self._up_lock is not None and self._up_lock.is_taken()) or not self._lock.acquire():
                return False
            self._thread = threading.Thread(target=self._keep, name="fairlane-store-keeper", daemon=True)
            self._thread.start()
            return True

    def wait_ready(self, within_s: float) -> bool:
        """Whether the server answers within this time."""
        readiness = Readiness(f"the embedded store in {self._folder.path}")
        deadline = time.monotonic() + within_s
        while not probe_socket(self.socket_path, readiness):
            if time.monotonic() > deadline or self._stopping.wait(_POLL_S):
                return False
        return True

    def stop(self) -> None:
        """Stop the server if this process keeps it, and wait for its end. May be repeated."""
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
        # The server of an earlier keeper may still answer for a moment, so check the process id.
        pid = self.pid
        return pid is not None and probe_socket(self.socket_path, readiness, pid)

    def _keep(self) -> None:
        """The keeper's thread: run the server and restart it, until `stop`."""
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
            # Release the lock, or no other process could take over.
            with self._state:
                self._lock.release()
                self._thread = None
                self._state.notify_all()

    def _run_once(self) -> None:
        socket_path = self.socket_path
        self._check_data()
        self._folder.record_socket_path(socket_path)
        process = ServerProcess(self._folder, self._durability, socket_path, self._max_memory)
        with self._state:
            self._process = process
        code = process.wait()
        # After a signal, a restart may succeed. With an exit code, the server has logged why it cannot start.
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
        """In a forked child, leave the server and its lock to the parent."""
        self._state = threading.Condition()
        self._thread = None
        self._process = None
        self._lock.forget()


_instances: weakref.WeakSet[EmbeddedServer] = weakref.WeakSet()


def _forget_all_in_child() -> None:
    for instance in list(_instances):
        instance._forget_in_child()


os.register_at_fork(after_in_child=_forget_all_in_child)
