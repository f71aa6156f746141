"""The worker processes of a supervisor."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import socket
import time
from collections.abc import Callable, Coroutine, Sequence, Set
from typing import Any

import msgspec

from ..model.errors import FairlaneError
from .child import Child
from .settings import Settings, as_environment
from .worker_metrics import address_of_process

_SETTLE_SECONDS = 8.0
"""Time that a worker needs after its drain, to cancel jobs and to send outcomes."""
_READY_SECONDS = 60.0

_log = logging.getLogger(__name__)


class NotReady(FairlaneError):
    """A process did not get ready in time."""

    code = "not_ready"


class WorkerChild(Child):
    """A worker process. Each start has a new worker id, which tells its leases from those of a dead process."""

    def __init__(self, name: str, command: Sequence[str], settings: Settings, on_death: Callable[[str], None]) -> None:
        """`on_death` is called with the worker id of each process that died."""
        stop_seconds = settings.drain_seconds + _SETTLE_SECONDS
        super().__init__(name, command, as_environment(settings), stop_seconds=stop_seconds)
        self.worker_id = ""
        self._heard_of = ""
        """The last worker id that has sent a heartbeat."""
        self._silent_since: float | None = None
        """When the store began to count the process as silent, on the monotonic clock."""
        self._lease_seconds = settings.lease_ms / 1000
        self._on_death = on_death

    @property
    def works(self) -> bool:
        """Whether there is a process now, and it sends heartbeats."""
        return self.runs and self._heard_of == self.worker_id and self._silent_since is None

    def note_heartbeats(self, worker_ids: Set[str]) -> None:
        """Note the workers that send heartbeats. Kill a process that has stopped sending them for a lease.

        Its leases have ended by then. A task that blocks the interpreter, such as a regular expression that takes
        forever, also blocks the heartbeat's thread.
        """
        if self.worker_id in worker_ids:
            self._heard_of, self._silent_since = self.worker_id, None
            self.is_ready = True
        elif self.runs and self._heard_of == self.worker_id:
            now = time.monotonic()
            if self._silent_since is None:
                self._silent_since = now
            elif now - self._silent_since > self._lease_seconds:
                _log.error("%s sends no heartbeats: killing it", self.name)
                self._silent_since = None
                self._heard_of = ""
                self.kill()

    def arguments(self) -> Sequence[str]:
        host = re.sub(r"[^A-Za-z0-9.-]", "-", socket.gethostname())[:64]
        self._silent_since = None
        self.worker_id = f"{host}:{self.name}:{os.urandom(4).hex()}"
        return [*super().arguments(), "--worker-id", self.worker_id]

    def has_died(self) -> None:
        self._on_death(self.worker_id)


def worker_children(settings: Settings, app: str, queues: str, on_death: Callable[[str], None]) -> list[WorkerChild]:
    """The worker processes that share the slots of the settings."""
    count = settings.processes
    share, rest = divmod(settings.workers, count)
    command = ["worker", app, "--no-upkeep", *(["--queues", queues] if queues else [])]
    return [
        WorkerChild(
            f"worker-{number + 1}",
            command,
            msgspec.structs.replace(
                settings,
                workers=share + (number < rest),
                processes=1,
                health="",
                metrics=address_of_process(settings.metrics, number),
            ),
            on_death,
        )
        for number in range(count)
    ]


async def in_time(step: Coroutine[Any, Any, object], children: Sequence[Child]) -> None:
    """Await `step`, after which the children are ready. Raises NotReady after _READY_SECONDS."""
    try:
        async with asyncio.timeout(_READY_SECONDS):
            await step
    except TimeoutError:
        names = ", ".join(child.name for child in children if not child.is_ready)
        raise NotReady(f"{names} did not get ready within {_READY_SECONDS:g} s") from None
