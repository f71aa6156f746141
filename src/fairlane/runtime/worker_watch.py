"""Watches whether the workers of a supervisor work, for its health and that of its API."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
import time
from collections.abc import AsyncIterator, Sequence

from ..backend import Backend
from ..model.errors import FairlaneError
from .retrying import insist
from .worker_pool import WorkerChild

_LOOK_SECONDS = 0.1
_STORE_SECONDS = 1.0
_HEARTBEAT_SECONDS = 10.0
"""How often it looks for workers that have fallen silent. New workers are looked for each time."""
_MOST_BYTES = 1024


class WorkerWatch:
    """The workers that are missing. The API process reads the answer from `descriptor`, which it inherits."""

    def __init__(self, backend: Backend, children: Sequence[WorkerChild], descriptor: int) -> None:
        self._backend = backend
        self._children = children
        self._store_problem: str | None = None
        self._store_checked_at = 0.0
        self._heartbeats_checked_at = 0.0
        self.descriptor = descriptor
        self.all_ready = asyncio.Event()
        """Set once every worker has sent its first heartbeat, or has drained."""

    def problem(self) -> str | None:
        """Why the supervisor is not ready; None if the store takes writes and every worker sends heartbeats."""
        missing = [child.name for child in self._children if not child.is_drained and not child.works]
        return f"not running: {', '.join(missing)}" if missing else self._store_problem

    async def run(self) -> None:
        """Look for the heartbeats of the processes, and keep the file up to date, until cancelled."""
        while True:
            try:
                await self._look()
                self._store_problem = None
            except FairlaneError as error:
                self._store_problem = str(error)
            text = (self.problem() or "").encode()[:_MOST_BYTES]
            # Always the same length, so that a reader never finds half of it.
            os.pwrite(self.descriptor, text.ljust(_MOST_BYTES, b"\0"), 0)
            await asyncio.sleep(_LOOK_SECONDS)

    async def _look(self) -> None:
        """Raises StoreUnavailable."""
        are_due = time.monotonic() - self._heartbeats_checked_at > _HEARTBEAT_SECONDS
        if are_due or any(child.runs and not child.works for child in self._children):
            self._heartbeats_checked_at = time.monotonic()
            # Read before the answer comes: a process that starts meanwhile cannot be in it.
            running = [(child, child.worker_id) for child in self._children]
            seen = {report.id for report in await self._backend.workers.list()}
            for child, worker_id in running:
                if child.worker_id == worker_id:
                    child.note_heartbeats(seen)
        # A worker can drain between two looks, so that its heartbeat was never seen.
        if all(child.is_ready or child.is_drained for child in self._children):
            self.all_ready.set()
        if time.monotonic() - self._store_checked_at > _STORE_SECONDS:
            await self._backend.monitor.check_ready()
            await self._backend.tenants.own()  # with the access token, which check_ready does not need
            self._store_checked_at = time.monotonic()


@contextlib.asynccontextmanager
async def watched(backend: Backend, children: Sequence[WorkerChild]) -> AsyncIterator[WorkerWatch]:
    """Watch these workers meanwhile."""
    with tempfile.TemporaryFile() as file:
        watch = WorkerWatch(backend, children, file.fileno())
        running = asyncio.create_task(insist("watching the workers", watch.run))
        try:
            yield watch
        finally:
            running.cancel()
            await asyncio.wait([running])


def read_problem(descriptor: int) -> str | None:
    """In the API process: the problem in the file that it inherited."""
    return os.pread(descriptor, _MOST_BYTES, 0).rstrip(b"\0").decode(errors="replace") or None
