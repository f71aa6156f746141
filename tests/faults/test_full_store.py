"""A store at its memory limit takes no more jobs, works off those it has, and then takes jobs again by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from fairlane.engine import Engine
from fairlane.model.ids import new_claim_id
from fairlane.model.lease import ClaimRequest, LeaseReport, LeaseStatus, Outcome, OutcomeKind, WorkerReport
from fairlane.model.monitor import Changes
from fairlane.model.states import State
from fairlane.server.app import create_app
from fairlane.store import Durability, open_store
from fairlane.upkeep.run import run_upkeep
from tests.support.acting import lift_limits
from tests.support.history import History, held_by
from tests.support.serving import served
from tests.support.store_servers import SAFE, eventually, server

ROOM = 3 * 1024 * 1024
BODY = {"tenantId": "acme", "payload": "x" * 20_000, "maxAttempts": 1}


@pytest.fixture
async def full() -> AsyncIterator[tuple[Engine, httpx.AsyncClient]]:
    """An engine on a store with little memory, its API, and upkeep as always."""
    with server(*SAFE) as port:
        engine = await Engine.open(await open_store(f"valkey://127.0.0.1:{port}", Durability.DISK))
        await lift_limits(engine)
        used = int((await engine.store.client.info("memory"))["used_memory"])
        await engine.store.client.config_set("maxmemory", used + ROOM)
        async with (
            upkeep_of(engine),
            served(create_app(engine)) as url,
            httpx.AsyncClient(base_url=url, timeout=30) as client,
        ):
            yield engine, client
        await engine.close()


@asynccontextmanager
async def upkeep_of(engine: Engine) -> AsyncIterator[None]:
    upkeep = asyncio.create_task(run_upkeep(engine.maintenance))
    try:
        yield
    finally:
        upkeep.cancel()
        await asyncio.wait([upkeep])


async def submit_until_refused(client: httpx.AsyncClient) -> list[str]:
    accepted: list[str] = []
    while True:
        answer = await client.post("/jobs", json=BODY)
        if answer.status_code == 507:
            assert answer.headers["retry-after"] == "1"
            assert answer.json()["type"] == "urn:fairlane:problem:store_full"
            return accepted
        assert answer.status_code == 202, answer.text
        accepted.append(answer.json()["id"])


async def work_off(engine: Engine, kind: OutcomeKind) -> int:
    """Claim, renew and end jobs until there are none; how many."""
    done = 0
    while True:
        leases = await engine.leases.claim(ClaimRequest(worker_id="w", claim_id=new_claim_id(), max=10))
        if not leases:
            return done
        reports = [LeaseReport(lease.job_id, lease.token) for lease in leases]
        worker = WorkerReport(id="w", slots=10)
        assert await engine.leases.extend(worker, reports, 30_000) == [LeaseStatus.OK] * len(leases)
        outcomes = [Outcome(job_id=lease.job_id, token=lease.token, kind=kind) for lease in leases]
        assert await engine.leases.finish(outcomes) == [LeaseStatus.OK] * len(leases)
        done += len(leases)


async def is_accepted(client: httpx.AsyncClient) -> bool:
    return (await client.post("/jobs", json=BODY)).status_code == 202


async def test_a_full_store_drains_and_takes_jobs_again(full: tuple[Engine, httpx.AsyncClient]) -> None:
    engine, client = full
    accepted = await submit_until_refused(client)
    assert len(accepted) > 50
    assert await work_off(engine, OutcomeKind.COMPLETED) == len(accepted)
    await eventually(lambda: is_accepted(client), within_s=30)
    assert (await engine.monitor.counters()).completed == len(accepted)
    assert (await engine.maintenance.doctor()).problems == []


async def test_the_dead_letter_queue_is_not_given_up_for_room(full: tuple[Engine, httpx.AsyncClient]) -> None:
    engine, client = full
    accepted = await submit_until_refused(client)
    await work_off(engine, OutcomeKind.FAILED)
    await engine.maintenance.prune(100)
    jobs = [await engine.jobs.get(job_id) for job_id in accepted]
    history = History(set(accepted), [held for job in jobs for held in held_by(job)])
    assert history.problems({job.id: job.state for job in jobs}) == []
    assert {job.state for job in jobs} == {State.FAILED}
    assert not await is_accepted(client)
    await client.delete("/jobs/dlq")
    await eventually(lambda: is_accepted(client), within_s=30)


async def test_operators_see_and_change_all_that_drains_it(full: tuple[Engine, httpx.AsyncClient]) -> None:
    engine, client = full
    accepted = await submit_until_refused(client)
    assert (await client.post("/tenants/acme/pause")).json()["paused"] is True
    assert (await client.post("/tenants/acme/resume")).json()["paused"] is False
    for path in ("/tenants", "/tenants/acme", f"/jobs/{accepted[0]}", "/jobs", "/queues", "/workers", "/overview"):
        assert (await client.get(path)).status_code == 200, path
    # New clients get in too: a command, a worker that starts again.
    another = await Engine.open(await open_store(engine.store.name, Durability.DISK))
    assert (await another.jobs.cancel(accepted[0])).state is State.CANCELLED
    await another.close()


async def test_those_who_wait_and_watch_need_no_room(full: tuple[Engine, httpx.AsyncClient]) -> None:
    engine, client = full
    accepted = await submit_until_refused(client)
    changes = engine.monitor.changes()
    assert (await anext(changes)).missed
    waiting = asyncio.create_task(engine.jobs.wait_finished(accepted[0], 20_000))
    await eventually(lambda: is_awaited(engine, accepted[0]), within_s=30)
    # At the same time, since upkeep deletes the job soon after its end.
    hearing = asyncio.create_task(hear_of(changes, accepted[0]))
    await work_off(engine, OutcomeKind.COMPLETED)
    await asyncio.wait_for(hearing, 30)
    job = await waiting
    assert job is not None
    assert job.state is State.COMPLETED
    await changes.aclose()


async def hear_of(changes: AsyncGenerator[Changes], job_id: str) -> None:
    """Read changes until one is of this job."""
    while job_id not in {job.id for job in (await anext(changes)).jobs}:
        pass


async def is_awaited(engine: Engine, job_id: str) -> bool:
    return await engine.store.client.zscore("fl:{0}:awaited", job_id) is not None
