"""A network that comes apart between fairlane and its store: refusals in time, and all goes on by itself afterwards."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import httpx
import msgspec
import pytest

from fairlane import App
from fairlane.backend import Backend
from fairlane.engine import Engine
from fairlane.model.job import JobQuery
from fairlane.model.states import State
from fairlane.server.app import create_app
from fairlane.store import Durability, open_store
from fairlane.upkeep.run import run_upkeep
from fairlane.worker import Worker, WorkerOptions
from tests.support.acting import lift_limits
from tests.support.history import History, held_by
from tests.support.serving import served
from tests.support.store_servers import SAFE, eventually, server
from tools.proof.wire import Wire, wire

LEASE_MS = 4_000
AWAY_S = 5.0
AGAIN_WITHIN_S = 30.0


@dataclass
class Fleet:
    """An API, a worker and upkeep, each with separate connections through one proxy."""

    engine: Engine
    proxy: Wire
    client: httpx.AsyncClient
    begun: list[float]
    stopped: list[float]

    async def submit(self, task: str) -> str:
        answer = await self.client.post("/jobs", json={"tenantId": "acme", "task": task, "payload": {}})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    async def is_accepted(self) -> bool:
        return (await self.client.post("/jobs", json={"tenantId": "acme", "payload": 1})).status_code == 202

    async def is_completed(self, job_id: str) -> bool:
        return (await self.engine.jobs.get(job_id)).state is State.COMPLETED


@pytest.fixture
async def fleet() -> AsyncIterator[Fleet]:
    app, begun, stopped = App(), list[float](), list[float]()

    @app.task
    async def long() -> None:
        """Run for ever the first time, and once it was stopped not for long."""
        begun.append(time.monotonic())
        try:
            await asyncio.sleep(0 if stopped else 600)
        except asyncio.CancelledError:
            stopped.append(time.monotonic())
            raise

    @app.task(name="default")
    async def default(payload: msgspec.Raw) -> None:
        return None

    async with AsyncExitStack() as stack:
        port = stack.enter_context(server(*SAFE))
        proxy = await stack.enter_async_context(wire(port))

        async def engine() -> Engine:
            return await Engine.open(await open_store(f"valkey://127.0.0.1:{proxy.port}", Durability.DISK))

        async def queue() -> Backend:
            return await engine()

        ours = await engine()
        stack.push_async_callback(ours.close)
        await lift_limits(ours)
        client = httpx.AsyncClient(base_url=await stack.enter_async_context(served(create_app(ours))), timeout=20)
        await stack.enter_async_context(client)
        worker = Worker(queue, app.registry, WorkerOptions(slots=4, lease_ms=LEASE_MS))
        await stack.enter_async_context(running(worker))
        upkeep = asyncio.create_task(run_upkeep(ours.maintenance))
        stack.callback(upkeep.cancel)
        yield Fleet(ours, proxy, client, begun, stopped)


@asynccontextmanager
async def running(worker: Worker) -> AsyncIterator[None]:
    task = asyncio.create_task(worker.run())
    yield
    worker.stop()
    async with asyncio.timeout(40):
        await task


@pytest.mark.parametrize("fault", ["silent", "refused"])
async def test_all_goes_on_once_the_store_is_reached_again(fleet: Fleet, fault: str) -> None:
    async def has_begun() -> bool:
        return bool(fleet.begun)

    job_id = await fleet.submit("long")
    await eventually(has_begun)
    accepted = {job_id} | {await fleet.submit("default") for _ in range(20)}
    away_since = time.monotonic()
    fleet.proxy.silent, fleet.proxy.refuses = fault == "silent", fault == "refused"
    if fault == "refused":
        fleet.proxy.cut()
    while time.monotonic() < away_since + AWAY_S or not fleet.stopped:
        began = time.monotonic()
        answer = await fleet.client.post("/jobs", json={"tenantId": "acme", "payload": 1})
        assert (answer.status_code, answer.headers.get("retry-after")) == (503, "1")
        assert time.monotonic() - began < 15
        await asyncio.sleep(0.05)
    # Within the lease, and what a busy loop and the heartbeat's own clock add to it.
    assert fleet.stopped[0] - away_since < 2 * LEASE_MS / 1000
    fleet.proxy.silent = fleet.proxy.refuses = False
    await eventually(fleet.is_accepted, AGAIN_WITHIN_S)
    await eventually(lambda: fleet.is_completed(job_id), AGAIN_WITHIN_S)
    for other in accepted:
        await eventually(lambda other=other: fleet.is_completed(other), AGAIN_WITHIN_S)  # type: ignore[misc]
    assert len(fleet.begun) == 2
    await judge(fleet, accepted)


async def judge(fleet: Fleet, accepted: set[str]) -> None:
    jobs = (await fleet.engine.jobs.list(JobQuery(limit=100))).jobs
    # Submissions that were not answered may have been made all the same.
    history = History(accepted | {job.id for job in jobs if job.state.is_terminal})
    for job in jobs:
        history.held += held_by(await fleet.engine.jobs.get(job.id))
    assert history.problems({job.id: job.state for job in jobs}) == []
    assert (await fleet.engine.maintenance.doctor()).problems == []
