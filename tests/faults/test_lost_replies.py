"""Replies that never arrive: a call that is made again is answered as it was the first time, and counts once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import msgspec
import pytest

from fairlane.backend import Backend
from fairlane.engine import Engine
from fairlane.model.errors import NotFound
from fairlane.model.ids import new_claim_id
from fairlane.model.job import Counters, JobQuery, NewJob, SubmitStatus
from fairlane.model.lease import ClaimRequest, LeaseStatus, Outcome, OutcomeKind
from fairlane.model.schedule import ScheduleSpec
from fairlane.model.states import State
from fairlane.remote import RemoteBackend
from fairlane.server.app import create_app
from fairlane.store import Durability, open_store
from tests.support.acting import lift_limits
from tests.support.history import History, held_by
from tests.support.serving import served
from tests.support.store_servers import SAFE, server
from tools.proof.wire import Wire, wire

ROUNDS = 20


@pytest.fixture(params=["store", "api"])
async def cut_off(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Backend, Wire]]:
    """A queue behind a proxy: an engine before its store, or a client before its API."""
    with server(*SAFE) as port:
        async with AsyncExitStack() as stack:
            if request.param == "store":
                proxy = await stack.enter_async_context(wire(port))
                engine = await Engine.open(await open_store(f"valkey://127.0.0.1:{proxy.port}", Durability.DISK))
                stack.push_async_callback(engine.close)
                await lift_limits(engine)
                yield engine, proxy
                return
            engine = await Engine.open(await open_store(f"valkey://127.0.0.1:{port}", Durability.DISK))
            stack.push_async_callback(engine.close)
            await lift_limits(engine)
            url = await stack.enter_async_context(served(create_app(engine)))
            proxy = await stack.enter_async_context(wire(int(url.rpartition(":")[2])))
            remote = RemoteBackend(f"http://127.0.0.1:{proxy.port}")
            stack.push_async_callback(remote.close)
            yield remote, proxy


async def test_every_call_of_a_jobs_life_loses_its_reply_once(cut_off: tuple[Backend, Wire]) -> None:
    queue, proxy = cut_off
    history = History()
    for _ in range(ROUNDS):
        job = NewJob(
            id=queue.jobs.new_id("acme"), tenant_id="acme", payload=b"1", idempotency_key=queue.jobs.new_id("x")
        )
        proxy.replies_to_cut = 1
        (made,) = await queue.jobs.submit([job])
        assert (made.status, made.job_id) == (SubmitStatus.CREATED, job.id)
        history.acknowledged.add(job.id)
        proxy.replies_to_cut = 1
        (lease,) = await queue.leases.claim(ClaimRequest(worker_id="w", claim_id=new_claim_id(), max=5))
        assert (lease.job_id, lease.attempt) == (job.id, 1)
        proxy.replies_to_cut = 1
        outcome = Outcome(job_id=job.id, token=lease.token, kind=OutcomeKind.COMPLETED)
        assert await queue.leases.finish([outcome]) == [LeaseStatus.OK]
        assert proxy.replies_to_cut == 0
    assert await queue.monitor.counters() == Counters(submitted=ROUNDS, completed=ROUNDS)
    states = {job.id: job.state for job in (await queue.jobs.list(JobQuery(limit=100))).jobs}
    history.held = [held for job_id in states for held in held_by(await queue.jobs.get(job_id))]
    assert len(history.held) == ROUNDS
    assert history.problems(states) == []


async def test_a_schedule_is_deleted_though_the_reply_to_that_is_lost(cut_off: tuple[Backend, Wire]) -> None:
    queue, proxy = cut_off
    spec = ScheduleSpec(tenant_id="acme", name="nightly", cron="0 3 * * *", payload=msgspec.Raw(b"1"))
    made = await queue.schedules.put(spec)
    proxy.replies_before, proxy.replies_to_cut = 1, 1  # it is read first
    assert await queue.schedules.delete("acme", "nightly") == made
    assert proxy.replies_to_cut == 0
    with pytest.raises(NotFound):
        await queue.schedules.delete("acme", "nightly")


async def test_a_finish_sent_three_times_is_one_completion(cut_off: tuple[Backend, Wire]) -> None:
    queue, _ = cut_off
    job = NewJob(id=queue.jobs.new_id("acme"), tenant_id="acme", payload=b"1")
    await queue.jobs.submit([job])
    (lease,) = await queue.leases.claim(ClaimRequest(worker_id="w", claim_id=new_claim_id(), max=1))
    outcome = Outcome(job_id=job.id, token=lease.token, kind=OutcomeKind.COMPLETED)
    at_once = await asyncio.gather(*(queue.leases.finish([outcome]) for _ in range(3)))
    assert [status for (status,) in (*at_once, await queue.leases.finish([outcome]))] == [LeaseStatus.OK] * 4
    assert await queue.monitor.counters() == Counters(submitted=1, completed=1)
    done = await queue.jobs.get(job.id)
    assert (done.state, len(done.attempts)) == (State.COMPLETED, 1)
