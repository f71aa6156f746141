"""Threads for sync jobs."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from queue import SimpleQueue

log = logging.getLogger("fairlane.worker")


class Threads:
    """Runs functions in daemon threads, each at once.

    A pool with a fixed size would be blocked by abandoned jobs, and one with joinable threads would
    keep the process from ending. `keep` idle threads stay for the next jobs.
    """

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self._work: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0
        self._busy = 0

    def run(self, function: Callable[[], None]) -> None:
        """Call `function`, which must not raise, in a thread, at once.

        If the system gives no more threads, it waits for a busy one.
        """
        with self._lock:
            self._busy += 1
            is_short = self._busy > self._threads
            self._threads += is_short
        self._work.put(function)
        if is_short:
            self._start()

    def _start(self) -> None:
        try:
            threading.Thread(target=self._serve, name="fairlane-job", daemon=True).start()
        except RuntimeError as error:
            log.warning("no thread for a job: %s; it waits for another one", error)
            with self._lock:
                self._threads -= 1

    def close(self) -> None:
        """Let idle threads end. Busy ones end with their job."""
        with self._lock:
            self._keep = 0
            idle = self._threads - self._busy
        for _ in range(idle):
            self.run(lambda: None)

    def _serve(self) -> None:
        while True:
            self._work.get()()
            with self._lock:
                self._busy -= 1
                if self._threads > self._keep:
                    self._threads -= 1
                    return
