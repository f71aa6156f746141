"""A server on a store whose time the tests move, and workers on the same time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest

from fairlane import App
from fairlane.backend import Backend
from fairlane.engine import Engine
from fairlane.model.job import NewJob
from fairlane.model.states import State
from fairlane.model.tenant import PolicyChange
from fairlane.server.app import create_app
from fairlane.store import Durability, open_store
from fairlane.worker import Worker, WorkerOptions
from tests.support.app_world import eventually
from tests.support.clock import Clock
from tests.support.scrape import Scrape
from tests.support.serving import served


@dataclass
class Site:
    """An installation: its API, its store, and the app of its workers."""

    client: httpx.AsyncClient
    engine: Engine
    clock: Clock
    store_url: str
    app: App

    async def scrape(self) -> Scrape:
        answer = await self.client.get("/metrics")
        assert answer.status_code == 200, answer.text
        return Scrape(answer.text)

    async def submit(self, task: str, count: int = 1, *, tenant: str = "acme", queue: str = "mail") -> list[str]:
        jobs = [
            NewJob(id=self.engine.jobs.new_id(tenant), tenant_id=tenant, queue=queue, task=task, payload=b"[]",
                   max_attempts=1)
            for _ in range(count)
        ]  # fmt: skip
        await self.engine.jobs.submit(jobs)
        return [job.id for job in jobs]

    async def ended(self, job_id: str) -> bool:
        return (await self.engine.jobs.get(job_id)).state in (State.COMPLETED, State.FAILED, State.CANCELLED)

    @asynccontextmanager
    async def worker(self, *queues: str, slots: int = 8) -> AsyncIterator[Worker]:
        """A worker, which reports its last counts when it leaves."""

        async def open_backend() -> Backend:
            return await Engine.open(await open_store(self.store_url, Durability.MEMORY), clock=self.clock)

        worker = Worker(open_backend, self.app.registry, WorkerOptions(slots=slots, queues=queues))
        running = asyncio.create_task(worker.run())
        try:
            yield worker
        finally:
            worker.stop()
            await running

    async def work_off(self, *job_ids: str) -> None:
        """Run a worker until these jobs have ended."""
        async with self.worker():
            for job_id in job_ids:
                await eventually(lambda job_id=job_id: self.ended(job_id), "the job ends")  # type: ignore[misc]


@pytest.fixture
async def site(store_url: str) -> AsyncIterator[Site]:
    app = App(store_url)

    @app.task
    async def fine() -> None:
        pass

    @app.task
    async def broken() -> None:
        raise ValueError

    clock = Clock()
    store = await open_store(store_url, Durability.MEMORY)
    await store.client.flushall()
    engine = await Engine.open(store, clock=clock)
    await engine.tenants.change_defaults(PolicyChange(submit_rate=None, concurrency=None))
    async with served(create_app(engine)) as url, httpx.AsyncClient(base_url=url, timeout=30) as client:
        yield Site(client, engine, clock, store_url, app)
    await engine.close()
