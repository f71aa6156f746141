"""Whether the engine and the model say the same of everything."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import msgspec

from fairlane.engine import Engine
from fairlane.model.job import Counters, Job, JobQuery
from fairlane.model.queue_limits import QueueLimits
from fairlane.model.states import State

from .model import Model
from .model_job import ModelJob

LIMIT = 200
_COUNTERS = ("submitted", "completed", "failed", "retried")


async def check_agreement(engine: Engine, model: Model) -> None:
    """Raises AssertionError where they differ, or where doctor finds something."""
    report = await engine.maintenance.doctor()
    assert report.problems == []
    await check_jobs(engine, model)
    await check_tenants(engine, model)
    await check_queues(engine, model)
    await check_batches(engine, model)
    await check_wakes(engine, model)
    wanted = Counter(job.state for job in model.jobs.values())
    assert {State(name): count for name, count in report.jobs.items() if count} == dict(wanted)
    overview = await engine.monitor.overview()
    assert {state: count for state, count in overview.states.items() if count} == dict(wanted)


async def check_wakes(engine: Engine, model: Model) -> None:
    """A queue with work has no sleeping claim, unless one that was woken for it is on its way."""
    client, prefix = engine.store.client, engine.partitions[0].prefix
    woken = set(await client.zrange(prefix + "woken", 0, -1))
    now_ms = model.now_us // 1000
    refilled = {name.decode() for name in await client.zrangebyscore(prefix + "full_until", "-inf", now_ms)}
    for queue in model.queues - model.paused_queues - refilled:  # a claim or `promote` notices the refilled ones
        if not model.queue_room(queue) or not await client.exists(f"{prefix}run/{queue}"):
            continue
        for asked in (queue, "*") if queue in model.queue_limits else (queue,):
            if asked.encode() not in woken:
                assert await client.zcount(f"{prefix}idle/{asked}", f"({now_ms}", "+inf") == 0
    if await client.exists(f"{prefix}run/*") and b"*" not in woken:
        assert await client.zcount(f"{prefix}idle/*", f"({now_ms}", "+inf") == 0


async def check_jobs(engine: Engine, model: Model) -> None:
    newest_first = list(reversed(model.jobs.values()))
    page = await engine.jobs.list(JobQuery(limit=LIMIT))
    assert page.next_cursor is None
    assert [job.id for job in page.jobs] == [job.request.id for job in newest_first]
    for job in page.jobs:
        check_job(await engine.jobs.get(job.id), model.jobs[job.id])
    for tenant in model.known:
        of_tenant = [job for job in newest_first if job.request.tenant_id == tenant]
        assert await listed(engine, JobQuery(tenant_id=tenant, limit=3)) == [job.request.id for job in of_tenant]
        counts = msgspec.structs.asdict(await engine.monitor.jobs_by_state(tenant))
        for state in State:
            assert counts[state] == sum(job.state is state for job in of_tenant)
            of_state = sorted(job.request.id for job in of_tenant if job.state is state)
            assert sorted(await listed(engine, JobQuery(tenant_id=tenant, state=state, limit=2))) == of_state


async def listed(engine: Engine, query: JobQuery) -> list[str]:
    """The ids of all pages, each of which is full except the last."""
    ids: list[str] = []
    while True:
        page = await engine.jobs.list(query)
        ids += [job.id for job in page.jobs]
        if page.next_cursor is None:
            return ids
        assert len(page.jobs) == query.limit
        query = msgspec.structs.replace(query, cursor=page.next_cursor)


def check_job(real: Job, wanted: ModelJob) -> None:
    request = wanted.request
    assert (real.id, real.tenant_id, real.queue, real.key) == (
        request.id, request.tenant_id, request.queue, request.key,
    )  # fmt: skip
    assert (real.state, real.reason or "", real.attempt) == (wanted.state, wanted.reason, wanted.attempt)
    assert real.attempt <= real.max_attempts == wanted.max_attempts
    assert (real.needs, real.on_need_failed) == (request.needs, request.on_need_failed)
    assert real.batch_id == request.batch_id
    assert bytes(real.payload) == request.payload
    assert ms(real.run_at) == wanted.due_ms
    expires = request.expires_in_ms
    assert ms(real.expires_at) == (ms(real.created_at) + expires if expires else 0)
    assert ms(real.lease_expires_at) == wanted.expires_ms
    assert ms(real.finished_at) == wanted.ended_ms
    assert ms(real.started_at) == (wanted.claimed_ms if wanted.attempt else 0)
    shows_worker = wanted.state is State.RUNNING or wanted.state.is_terminal
    assert (real.worker_id or "") == (wanted.worker if shows_worker else "")
    seen = [(a.number, a.outcome, a.error.message if a.error else None) for a in real.attempts]
    assert seen == wanted.attempts()
    assert (real.error.message if real.error else None) == wanted.error


def ms(time: datetime | None) -> int:
    return round(time.timestamp() * 1000) if time else 0


async def check_tenants(engine: Engine, model: Model) -> None:
    found, cursor = await engine.tenants.list(LIMIT)
    assert cursor is None
    assert {tenant.id for tenant in found} == model.known
    totals = Counter[str]()
    for tenant in found:
        counts = model.counts.get(tenant.id, Counter())
        totals.update(counts)
        assert tenant.policy == model.policy(tenant.id)
        assert tenant.customized == bool(model.own_limits.get(tenant.id, {}).keys() - {"paused"})
        assert tenant.pending == len(model.of_state(State.PENDING, tenant.id))
        assert tenant.running == len(model.of_state(State.RUNNING, tenant.id))
        assert tenant.submit_rate_used == model.submissions_used(tenant.id)
        assert {name: getattr(tenant, name) for name in _COUNTERS} == {name: counts[name] for name in _COUNTERS}
        assert tenant.started == counts["started"]
        wait = tenant.oldest_wait_seconds
        assert (None if wait is None else round(wait * 1000)) == model.oldest_wait_ms(tenant.id)
        check_block(model, tenant.id, tenant.blocked_by, tenant.blocked_until)
    assert await engine.monitor.counters() == Counters(**{name: totals[name] for name in _COUNTERS})


def check_block(model: Model, tenant: str, blocked_by: str | None, until: datetime | None) -> None:
    """A start rate's end is noticed by `promote` and by claims; every other change at once."""
    until_ms = ms(until) if until else None
    wanted = model.constraint(tenant)
    if wanted is None and blocked_by is not None:
        assert blocked_by == "start_rate"
        assert until_ms is not None
        assert until_ms * 1000 <= model.now_us
        return
    assert blocked_by == wanted
    assert until_ms == (model.start_opens_ms(tenant) if wanted == "start_rate" else None)


async def check_queues(engine: Engine, model: Model) -> None:
    tenants, _ = await engine.tenants.list(LIMIT)
    free = {tenant.id for tenant in tenants if tenant.blocked_by is None}
    found = await engine.queues.list()
    assert {queue.name for queue in found} == model.queues
    for queue in found:
        lanes = {tenant: len(model.lane(tenant, queue.name)) for tenant in model.known}
        assert queue.paused == (queue.name in model.paused_queues)
        assert queue.pending == sum(lanes.values())
        limits = model.queue_limits.get(queue.name, QueueLimits())
        assert QueueLimits(concurrency=queue.concurrency, start_rate=queue.start_rate) == limits
        running = sum(job.request.queue == queue.name for job in model.of_state(State.RUNNING))
        assert queue.running == (running if queue.name in model.queue_limits else None)
        assert queue.limit_reached == model.limit_reached(queue.name)
        assert queue.runnable_tenants == sum(1 for tenant, length in lanes.items() if length and tenant in free)


async def check_batches(engine: Engine, model: Model) -> None:
    page = await engine.batches.list(LIMIT)
    assert {batch.id for batch in page.batches} == model.batches.keys()
    assert sorted(page.batches, key=lambda batch: (batch.created_at, batch.id), reverse=True) == page.batches
    for real in page.batches:
        wanted = model.batches[real.id]
        counts = model.of_batch(wanted)
        ended = (counts[State.COMPLETED], counts[State.FAILED], counts[State.CANCELLED])
        assert (real.completed, real.failed, real.cancelled) == ended
        assert (real.total, real.unfinished) == (counts.total(), counts.total() - sum(ended))
        assert (real.tenant_id, ms(real.created_at)) == (wanted.tenant_id, wanted.created_ms)
        assert ms(real.finished_at) == wanted.over_ms
        made = {"then": real.then_job_id, "on_failure": real.on_failure_job_id, "finally": real.finally_job_id}
        assert {name: job_id for name, job_id in made.items() if job_id} == wanted.made
        for state in (None, *State):
            of_state = [i for i in wanted.members if state in (None, model.jobs[i].state)]
            listed_ids = await listed(engine, JobQuery(batch_id=real.id, state=state, limit=2))
            assert sorted(listed_ids) == sorted(of_state)
