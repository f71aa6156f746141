"""The options of a worker."""

from __future__ import annotations

import os
import re
import socket

import msgspec

from ..job.control import check_whole
from ..model.errors import InvalidInput
from ..model.job import MAX_DELAY_MS
from ..model.lease import DEFAULT_LEASE_MS, MAX_LEASE_MS, MIN_LEASE_MS, check_queues
from ..model.names import check_name

DEFAULT_SLOTS = 8
MAX_SLOTS = 1_000


def new_worker_id() -> str:
    """A worker id that shows where the worker runs: host, process id, and a random part."""
    host = re.sub(r"[^A-Za-z0-9.-]", "-", socket.gethostname())[:64] or "worker"
    return f"{host}:{os.getpid()}:{os.urandom(3).hex()}"


class WorkerOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a worker works. Raises InvalidInput for values out of range."""

    worker_id: str = msgspec.field(default_factory=new_worker_id)
    queues: tuple[str, ...] = ()
    """The queues to take jobs from; empty means every queue."""
    weights: tuple[float, ...] = ()
    """The ratio in which the queues get starts, one weight each. Empty: tenants take turns over all queues."""
    slots: int = DEFAULT_SLOTS
    """How many jobs may run at once."""
    lease_ms: int = DEFAULT_LEASE_MS
    drain_seconds: float = 10.0
    """How long running jobs may go on after the worker was told to stop."""
    max_jobs: int | None = None
    """The number of jobs after which the worker lets its last ones end, and returns."""
    max_memory: int | None = None
    """The bytes of memory, its job processes included, above which the worker does so too."""

    hand_back_seconds: float = 3600.0
    """How long a job with an unknown task or other arguments is offered to other workers before it fails."""

    def __post_init__(self) -> None:
        check_name(self.worker_id, "worker id")
        check_queues(self.queues)
        if self.weights and len(self.weights) != len(self.queues):
            raise InvalidInput("give each queue a weight, or none")
        if any(not 0.001 <= weight <= 1000 for weight in self.weights):
            raise InvalidInput("a queue's weight must be 0.001 to 1000")
        if self.max_jobs is not None and self.max_jobs < 1:
            raise InvalidInput("max_jobs must be at least 1")
        if self.max_memory is not None and self.max_memory < 1:
            raise InvalidInput("max_memory must be at least 1 byte")
        check_whole(self.slots, 1, MAX_SLOTS, "slots")
        if not MIN_LEASE_MS <= self.lease_ms <= MAX_LEASE_MS:
            raise InvalidInput(f"the lease must be {MIN_LEASE_MS} to {MAX_LEASE_MS} ms")
        if not 0 <= self.hand_back_seconds <= MAX_DELAY_MS / 1000:
            raise InvalidInput("hand_back_seconds must be 0 to 366 days")
        if not 0 <= self.drain_seconds <= 86_400:
            raise InvalidInput("drain_seconds must be 0 to 86400")
