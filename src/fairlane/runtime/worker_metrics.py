"""The figures of one worker process, for Prometheus."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..metrics.families import Family, Sample
from ..metrics.work import work_families
from .local_pages import serve_metrics
from .settings import parse_address

if TYPE_CHECKING:
    from ..worker import Worker


async def serve_worker_metrics(listener: socket.socket, worker: Worker) -> None:
    """Answer /metrics until cancelled."""

    async def families() -> Iterable[Family]:
        return _families(worker)

    await serve_metrics(listener, families)


def address_of_process(address: str, number: int) -> str:
    """The address of the worker process with this number, from 0: each has its own port, one after the other."""
    if not address:
        return ""
    host, port = parse_address(address)
    shown = f"[{host}]" if ":" in host else host
    return f"{shown}:{port + number if port else 0}"


def _families(worker: Worker) -> Iterator[Family]:
    yield from work_families(worker.meter.totals())
    for name, help_text, value in (
        ("slots", "Jobs that this worker can run at once.", worker.options.slots),
        ("slots_busy", "Jobs that it runs.", worker.running),
        ("jobs_abandoned", "Jobs that did not stop when told to, and still occupy a thread.", worker.abandoned),
    ):
        yield Family(f"fairlane_worker_{name}", "gauge", help_text, [Sample({}, value)])
