"""FUNCTION FLUSH again and again: no client notices."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fairlane.engine import Engine
from fairlane.engine.functions import Command, StoredLibrary
from fairlane.model.bulk import BulkAction
from fairlane.model.ids import new_claim_id
from fairlane.model.job import JobQuery, NewJob, SubmitStatus
from fairlane.model.lease import ClaimRequest, Lease, LeaseReport, LeaseStatus, Outcome, OutcomeKind, WorkerReport
from fairlane.store.client.exchange import Exchange
from tests.support.acting import lift_limits

JOBS = 300
FLUSHING_CLIENTS = 8


@asynccontextmanager
async def functions_flushed(engine: Engine) -> AsyncIterator[None]:
    """All the time, as fast as a few clients can."""
    flushes = 0

    async def flush() -> None:
        nonlocal flushes
        while True:
            await engine.store.client.execute_command("FUNCTION", "FLUSH")  # type: ignore[no-untyped-call]
            flushes += 1

    flushing = [asyncio.create_task(flush()) for _ in range(FLUSHING_CLIENTS)]
    try:
        yield
        assert not any(task.done() for task in flushing)
        assert flushes > 20
    finally:
        for task in flushing:
            task.cancel()
        await asyncio.wait(flushing)


async def work(engine: Engine) -> int:
    """One worker: jobs until there are none; how many."""
    outcomes: list[Outcome] = []
    done = 0
    while True:
        request = ClaimRequest(worker_id="w", claim_id=new_claim_id(), max=5)
        statuses, leases = await engine.leases.exchange(outcomes, request)
        assert statuses == [LeaseStatus.OK] * len(outcomes)
        done += len(outcomes)
        if not leases:
            return done
        outcomes = [ended(lease) for lease in leases]
        reports = [LeaseReport(lease.job_id, lease.token) for lease in leases]
        extended = await engine.leases.extend(WorkerReport(id="w", slots=5), reports, 30_000)
        assert extended == [LeaseStatus.OK] * len(leases)


def ended(lease: Lease) -> Outcome:
    return Outcome(job_id=lease.job_id, token=lease.token, kind=OutcomeKind.COMPLETED)


async def test_no_client_sees_that_functions_are_gone(engine: Engine) -> None:
    await lift_limits(engine)
    jobs = [NewJob(id=engine.jobs.new_id(name), tenant_id=name, payload=b"1") for name in ("a", "b", "c") * 100]
    async with functions_flushed(engine):
        for answers in await asyncio.gather(*(engine.jobs.submit([job]) for job in jobs)):
            assert answers[0].status is SubmitStatus.CREATED
        assert sum(await asyncio.gather(*(work(engine) for _ in range(4)))) == JOBS
        await engine.maintenance.promote(10)
        await engine.maintenance.reap(10)
        await engine.maintenance.prune(10)
        assert (await engine.jobs.change(BulkAction.DELETE, JobQuery(limit=JOBS))).count == JOBS
    assert (await engine.monitor.counters()).completed == JOBS
    assert (await engine.maintenance.doctor()).problems == []


async def test_a_flush_between_the_load_and_the_call_does_no_harm(engine: Engine) -> None:
    flushes = 0

    async def send_slowly(commands: list[Command]) -> list[Any]:
        """Each command by itself, on one connection, with a flush by another client after each."""
        nonlocal flushes
        replies: list[Any] = []
        for command in commands:
            replies.append((await line.exchange([command]))[0])
            await engine.store.client.execute_command("FUNCTION", "FLUSH")  # type: ignore[no-untyped-call]
            flushes += 1
        return replies

    line = Exchange(engine.store.new_connection)
    try:
        library = StoredLibrary(send_slowly, "test")
        look = ("FUNCTION", "LIST", "LIBRARYNAME", library.library.name)
        assert len(await library.load_and_call(look)) == 1
    finally:
        line.close()
    assert flushes >= 4
