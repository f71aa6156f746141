"""A private store for a measurement."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import AsyncIterator

from ..engine import Engine
from ..model.job import NewJob
from ..model.tenant import PolicyChange
from ..store import Durability, open_store

PAYLOAD = b'{"data":"' + b"x" * 89 + b'"}'
"""100 bytes."""


@contextlib.asynccontextmanager
async def private_engine(durability: Durability = Durability.MEMORY) -> AsyncIterator[Engine]:
    """An engine on an empty embedded store without limits; both are removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="fairlane-bench-") as folder:
        engine = await Engine.open(await open_store(f"embedded:{folder}", durability))
        await engine.tenants.change_defaults(PolicyChange(submit_rate=None, concurrency=None))
        try:
            yield engine
        finally:
            await engine.close()


def new_jobs(engine: Engine, count: int, tenants: int, first: int = 0) -> list[NewJob]:
    """Jobs with a payload of 100 bytes, spread over tenants in turn."""
    names = [f"tenant-{i % tenants}" for i in range(first, first + count)]
    return [NewJob(id=engine.jobs.new_id(name), tenant_id=name, payload=PAYLOAD) for name in names]


async def fill(engine: Engine, count: int, tenants: int, batch: int = 500) -> None:
    """Submit `count` jobs."""
    for first in range(0, count, batch):
        await engine.jobs.submit(new_jobs(engine, min(batch, count - first), tenants, first))


async def store_seconds(engine: Engine) -> float:
    """CPU time that the store has used."""
    info = await engine.store.client.info("cpu")
    return float(info["used_cpu_user"]) + float(info["used_cpu_sys"])


async def store_bytes(engine: Engine) -> int:
    """Memory that the store's data takes."""
    return int((await engine.store.client.info("memory"))["used_memory"])
