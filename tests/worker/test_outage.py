"""A worker waits out a store that is gone for a while, and loses nothing of what its jobs came to."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from fairlane import StoreUnavailable
from fairlane.connect import open_engine
from fairlane.model.tenant import PolicyChange
from fairlane.store import Durability, EmbeddedServer
from tests.support.app_world import PATIENCE_SECONDS, World, eventually, json_of


@asynccontextmanager
async def private_world() -> AsyncIterator[tuple[World, int]]:
    """A separate store, and the id of its process."""
    with tempfile.TemporaryDirectory(prefix="fl-") as folder:
        server = EmbeddedServer(Path(folder), Durability.MEMORY)
        server.start()
        try:
            engine = await open_engine(f"embedded:{folder}")
            await engine.tenants.change_defaults(PolicyChange(submit_rate=None, concurrency=None))
            pid = int((await engine.store.client.info("server"))["process_id"])
            world = World(f"embedded:{folder}", engine)
            yield world, pid
            await world.app.close()
            assert (await engine.maintenance.doctor()).problems == []
            await engine.close()
        finally:
            server.stop()


@contextmanager
def halted(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


async def _is(condition: bool) -> bool:
    return condition


async def test_outcomes_outlive_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRLANE_DURABILITY", "memory")
    release = asyncio.Event()
    runs: list[int] = []
    async with private_world() as (world, pid):

        @world.app.task
        async def work(n: int) -> int:
            runs.append(n)
            await release.wait()
            return n

        async with world.worker(slots=5):
            handles = await work.submit_many([(n,) for n in range(20)])
            await eventually(lambda: _is(len(runs) == 5), "the slots are full")
            with halted(pid):
                release.set()
                with pytest.raises(StoreUnavailable):
                    await world.engine.jobs.get(handles[0].id)
                assert len(runs) == 5
            jobs = [await world.finished(handle.id) for handle in handles]
    assert [json_of(job.result) for job in jobs] == list(range(20))
    assert {job.attempt for job in jobs} == {1}
    assert sorted(runs) == list(range(20))


async def test_jobs_stop_when_their_lease_cannot_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRLANE_DURABILITY", "memory")
    started, stopped = asyncio.Event(), asyncio.Event()
    async with private_world() as (world, pid):

        @world.app.task
        async def work() -> str:
            started.set()
            try:
                await asyncio.sleep(60)
            finally:
                stopped.set()
            return "never"

        async with world.worker(slots=1, lease_ms=1_000):
            handle = await work.submit()
            async with asyncio.timeout(PATIENCE_SECONDS):
                await started.wait()
            with halted(pid):
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await stopped.wait()

            async def is_given_back() -> bool:
                return (await world.engine.maintenance.reap(10)).requeued == 1

            await eventually(is_given_back, "its lease ends, unfinished")
            await handle.cancel()
