"""A real store with upkeep, an app on it, and workers that run in the test's own loop."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self, TypeVar

import msgspec

from fairlane import App
from fairlane.backend import Backend
from fairlane.connect import open_backend, open_engine
from fairlane.engine import Engine
from fairlane.model.job import Job, NewJob
from fairlane.model.tenant import PolicyChange
from fairlane.upkeep.run import run_upkeep
from fairlane.worker import Worker, WorkerOptions

T = TypeVar("T")

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 30.0


async def open_emptied(url: str) -> Engine:
    """The engine on a store that is emptied first, and whose tenants have no limits."""
    engine = await open_engine(url)
    await engine.store.client.flushall()
    await engine.close()
    engine = await open_engine(url)
    await engine.tenants.change_defaults(PolicyChange(submit_rate=None, concurrency=None))
    return engine


class World:
    """What a test of the SDK works with. Jobs belong to the tenant "default", which has no limits."""

    def __init__(self, url: str, engine: Engine) -> None:
        self.url = url
        self.engine = engine
        self.app = App(url, tenancy="default")

    async def open_backend(self) -> Backend:
        return await open_backend(self.url)

    @asynccontextmanager
    async def worker(
        self,
        *,
        slots: int = 8,
        lease_ms: int = 30_000,
        drain_seconds: float = 10.0,
        hand_back_seconds: float = 0.0,
        app: App | None = None,
        open_backend: Callable[[], Awaitable[Backend]] | None = None,
    ) -> AsyncIterator[Worker]:
        """A worker of the app's tasks, drained afterwards."""
        options = WorkerOptions(
            slots=slots, lease_ms=lease_ms, drain_seconds=drain_seconds, hand_back_seconds=hand_back_seconds
        )
        worker = Worker(open_backend or self.open_backend, (app or self.app).registry, options)
        running = asyncio.create_task(worker.run())
        try:
            yield worker
        finally:
            worker.stop()
            async with asyncio.timeout(PATIENCE_SECONDS):
                await running

    async def submit_raw(
        self,
        task: str,
        payload: bytes,
        timeout_ms: int = 300_000,
        max_attempts: int = 3,
        headers: dict[str, str] | None = None,
        needs: tuple[str, ...] = (),
    ) -> str:
        """Submit as a client that knows nothing of the app; the job's id."""
        job = NewJob(
            id=self.engine.jobs.new_id("default"),
            tenant_id="default",
            payload=payload,
            task=task,
            timeout_ms=timeout_ms,
            max_attempts=max_attempts,
            headers=headers or {},
            needs=needs,
        )
        await self.engine.jobs.submit([job])
        return job.id

    async def finished(self, job_id: str) -> Job:
        job = await self.engine.jobs.wait_finished(job_id, round(PATIENCE_SECONDS * 1000))
        assert job is not None, await self.engine.jobs.get(job_id)
        return job


class WorkerProcess:
    """A worker in a separate process; see worker_process.py."""

    def __init__(self, world: World, folder: Path, lease_ms: int = 30_000, drain_seconds: float = 10, slots: int = 8):
        self._diary = folder / f"diary-{len(list(folder.iterdir()))}"
        self._diary.touch()
        arguments = [world.url, str(self._diary), str(lease_ms), str(drain_seconds), str(slots)]
        command = [sys.executable, "-m", "tests.worker.worker_process", *arguments]
        self.process = subprocess.Popen(command, cwd=ROOT)

    def diary(self, job_id: str) -> list[str]:
        """What happened to a job here, in order."""
        lines = [line.split() for line in self._diary.read_text().splitlines()]
        return [what for what, found, *_ in lines if found == job_id]

    async def has_begun(self, job_id: str) -> None:
        async def look() -> bool:
            assert self.process.poll() is None, "the worker has ended"
            return "begin" in self.diary(job_id)

        await eventually(look, f"job {job_id} begins")

    async def drains(self, world: World) -> None:
        """Return once it says so of itself."""

        async def look() -> bool:
            return [report.draining for report in await world.engine.workers.list()] == [True]

        await eventually(look, "the worker drains")

    async def has_heard(self, number: signal.Signals) -> None:
        """Return once this signal is no longer on its way: until then, another one would add nothing to it."""

        async def look() -> bool:
            status = Path(f"/proc/{self.process.pid}/status").read_text()  # noqa: ASYNC240  a few bytes
            (on_their_way,) = re.findall(r"^ShdPnd:\s*([0-9a-f]+)$", status, re.MULTILINE)
            return not int(on_their_way, 16) & 1 << number - 1

        await eventually(look, f"{number.name} is heard")

    async def ended(self, within: float = PATIENCE_SECONDS) -> int:
        """Its exit code."""
        return await asyncio.to_thread(self.process.wait, within)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


@asynccontextmanager
async def app_world(url: str) -> AsyncIterator[World]:
    """A world on an emptied store with upkeep running beside it. Its end runs the doctor."""
    engine = await open_emptied(url)
    upkeep = asyncio.create_task(run_upkeep(engine.maintenance))
    world = World(url, engine)
    try:
        yield world
    finally:
        upkeep.cancel()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.wait([upkeep])
            await world.app.close()
            assert (await engine.maintenance.doctor()).problems == []
            await engine.close()


async def eventually(look: Callable[[], Awaitable[T]], what: str, within: float = PATIENCE_SECONDS) -> T:
    """The first truthy answer of `look`."""
    deadline = time.monotonic() + within
    while True:
        answer = await look()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"not in time: {what}"
        await asyncio.sleep(0.02)


def json_of(raw: msgspec.Raw | None) -> object:
    return None if raw is None else msgspec.json.decode(raw)
