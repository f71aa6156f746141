"""All measurements."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from ..store import Durability
from . import api, client, engine, lone, neighbour, worker
from .figures import Figure


async def _latency() -> list[Figure]:
    return [*await worker.idle_latency(Durability.MEMORY), *await worker.idle_latency(Durability.DISK)]


SUBJECTS: dict[str, Callable[[], Awaitable[list[Figure]]]] = {
    "engine": engine.batches,
    "client": client.submit_rate,
    "lone": lone.lone_submit,
    "worker": worker.drain_rate,
    "latency": _latency,
    "api": api.submit_rate,
    "neighbour": neighbour.quiet_beside_noisy,
    "tenants": engine.many_tenants,
    "depth": engine.depth,
}


async def run_subjects(names: Sequence[str]) -> AsyncIterator[Figure]:
    """Measure one subject after the other."""
    for name in names or SUBJECTS:
        for figure in await SUBJECTS[name]():
            yield figure
