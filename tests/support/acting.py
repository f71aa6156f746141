"""Short words for what tests do again and again."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from valkey.exceptions import ConnectionError

from fairlane.engine import Engine, library
from fairlane.model.ids import new_claim_id
from fairlane.model.job import JobQuery, NewJob, Submission
from fairlane.model.lease import ClaimRequest, Lease, LeaseStatus, Outcome, OutcomeKind
from fairlane.model.states import State
from fairlane.model.tenant import PolicyChange
from fairlane.store import Store

UNLIMITED = PolicyChange(submit_rate=None, concurrency=None)


async def lose_reply(
    monkeypatch: pytest.MonkeyPatch, store: Store, script: str, meanwhile: Callable[[], Awaitable[object]] | None = None
) -> asyncio.Event:
    """Have the store's next answer to a script vanish, so that its call is sent again, and do something before.

    The event is set when that has happened.
    """
    wanted, exchange, lost = library.load().function(script), store.exchange, asyncio.Event()

    async def cut_off(commands: Sequence[tuple[Any, ...]]) -> list[Any]:
        replies = await exchange(commands)
        if commands[0][1] == wanted and not lost.is_set():
            lost.set()
            if meanwhile is not None:
                await meanwhile()
            raise ConnectionError("the reply is lost")
        return replies

    monkeypatch.setattr(store, "exchange", cut_off)
    return lost


async def lift_limits(engine: Engine) -> None:
    await engine.tenants.change_defaults(UNLIMITED)


async def submit(engine: Engine, tenant: str, count: int = 1, **fields: Any) -> list[Submission]:
    fields = {"payload": b"{}"} | fields
    jobs = [NewJob(id=engine.jobs.new_id(tenant), tenant_id=tenant, **fields) for _ in range(count)]
    return await engine.jobs.submit(jobs)


async def claim(engine: Engine, most: int, *queues: str, worker: str = "w", lease_ms: int = 30_000) -> list[Lease]:
    request = ClaimRequest(worker_id=worker, claim_id=new_claim_id(), max=most, queues=queues, lease_ms=lease_ms)
    return await engine.leases.claim(request)


async def finish(engine: Engine, leases: list[Lease], kind: OutcomeKind = OutcomeKind.COMPLETED) -> list[LeaseStatus]:
    return await engine.leases.finish([Outcome(job_id=lease.job_id, token=lease.token, kind=kind) for lease in leases])


async def limit(engine: Engine, tenant: str, **limits: Any) -> None:
    await engine.tenants.change(tenant, PolicyChange(**limits))


def by_tenant(leases: list[Lease]) -> Counter[str]:
    return Counter(lease.tenant_id for lease in leases)


async def states_of_all(engine: Engine) -> dict[str, State]:
    """The states of all jobs of the store."""
    states: dict[str, State] = {}
    cursor: str | None = None
    while True:
        page = await engine.jobs.list(JobQuery(limit=1_000, cursor=cursor))
        states |= {job.id: job.state for job in page.jobs}
        cursor = page.next_cursor
        if cursor is None:
            return states
