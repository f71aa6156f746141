"""Limits hold over many small steps, not only in one."""

from typing import Any

import pytest

from fairlane.engine import Engine
from fairlane.engine.maintenance import WORKER_SILENCE_MS
from fairlane.model.backoff import Backoff
from fairlane.model.job import SubmitStatus
from fairlane.model.lease import OutcomeKind, WorkerReport
from fairlane.model.tenant import Rate
from tests.support.acting import claim, finish, limit, submit
from tests.support.clock import Clock


async def test_concurrency_counts_what_runs_already(engine: Engine) -> None:
    await submit(engine, "acme", 10)
    first = await claim(engine, 3)
    assert len(first) == 3
    assert len(await claim(engine, 10)) == 2
    assert await claim(engine, 10) == []
    await finish(engine, first[:1])
    assert len(await claim(engine, 10)) == 1
    assert (await engine.tenants.get("acme")).running == 5


async def test_the_rate_lets_in_as_many_as_have_left_the_window(engine: Engine, clock: Clock) -> None:
    for count in (4, 3, 3):
        await submit(engine, "acme", count)
        clock.advance(ms=20_000)
    made = await submit(engine, "acme", 6)
    assert [answer.status for answer in made] == [SubmitStatus.CREATED] * 4 + [SubmitStatus.RATE_LIMITED] * 2
    assert made[-1].rate is not None
    assert made[-1].rate.reset_seconds == 20
    assert (await engine.tenants.get("acme")).submit_rate_used == 10
    clock.advance(ms=20_000)
    assert (await engine.tenants.get("acme")).submit_rate_used == 7


@pytest.mark.parametrize("backoff", [Backoff(1_000, 5_000), Backoff(100, 100), Backoff(0, 0)])
async def test_backoff_doubles_up_to_its_cap(engine: Engine, clock: Clock, backoff: Backoff) -> None:
    (made,) = await submit(engine, "acme", 1, max_attempts=6, backoff=backoff)
    for attempt in range(1, 6):
        await finish(engine, await claim(engine, 1), OutcomeKind.FAILED)
        job = await engine.jobs.get(made.job_id)
        waits = 0 if job.run_at is None else round(job.run_at.timestamp() * 1000) - clock.now_ms
        assert backoff.delay_ms(attempt, 0) - 1 <= waits <= backoff.delay_ms(attempt, 1) + 1
        clock.advance(ms=waits)
        await engine.maintenance.promote(10)


async def test_backoff_begins_anew_after_a_retry_by_hand(engine: Engine, clock: Clock) -> None:
    (made,) = await submit(engine, "acme", 1, max_attempts=2, backoff=Backoff(1_000, 3_600_000))
    for _ in range(2):
        await finish(engine, await claim(engine, 1), OutcomeKind.FAILED)
        clock.advance(ms=1_000)
        await engine.maintenance.promote(10)
    await engine.jobs.retry(made.job_id)
    await finish(engine, await claim(engine, 1), OutcomeKind.FAILED)
    job = await engine.jobs.get(made.job_id)
    assert job.attempt == 3
    assert job.run_at is not None
    assert 500 <= round(job.run_at.timestamp() * 1000) - clock.now_ms <= 1_000


async def test_only_the_last_attempts_are_kept(engine: Engine) -> None:
    (made,) = await submit(engine, "acme", 1, max_attempts=30, backoff=Backoff(0, 0))
    for _ in range(25):
        await finish(engine, await claim(engine, 1), OutcomeKind.FAILED)
    numbers = [attempt.number for attempt in (await engine.jobs.get(made.job_id)).attempts]
    assert numbers == list(range(6, 26))


async def test_a_silent_worker_is_forgotten(engine: Engine, clock: Clock) -> None:
    await engine.leases.extend(WorkerReport(id="gone", slots=1), [], 30_000)
    clock.advance(ms=WORKER_SILENCE_MS - 1)
    await engine.leases.extend(WorkerReport(id="here", slots=1), [], 30_000)
    clock.advance(ms=1)
    await engine.maintenance.prune(10)
    assert [worker.id for worker in await engine.workers.list()] == ["here"]


async def test_a_concurrency_of_one_blocks_and_wakes(engine: Engine) -> None:
    await limit(engine, "acme", concurrency=1)
    await submit(engine, "acme", 2)
    leases = await claim(engine, 5)
    assert len(leases) == 1
    assert (await engine.tenants.get("acme")).blocked_by == "concurrency"
    await submit(engine, "acme", 1, queue="other")
    assert await claim(engine, 5) == []
    await finish(engine, leases)
    assert len(await claim(engine, 5)) == 1


@pytest.mark.parametrize(("index", "named"), [("*", ()), ("default", ("default",))])
@pytest.mark.parametrize("limits", [{"concurrency": 2}, {"start_rate": Rate(2, 10.0)}])
async def test_a_damaged_run_index_lets_nobody_over_a_limit_and_is_mended(
    engine: Engine, limits: dict[str, Any], index: str, named: tuple[str, ...]
) -> None:
    await limit(engine, "acme", **limits)
    await submit(engine, "acme", 5)
    assert len(await claim(engine, 5, *named)) == 2
    await engine.store.client.zadd(f"fl:{{0}}:run/{index}", {"acme": 0, "unknown": 0})
    await engine.store.client.execute_command("HSET", "fl:{0}:floor", index, 0)  # type: ignore[no-untyped-call]
    assert await claim(engine, 5, *named) == []
    assert (await engine.maintenance.doctor()).problems == []
    await submit(engine, "other", 1)
    await engine.store.client.zadd(f"fl:{{0}}:run/{index}", {"acme": 0, "unknown": 0})
    assert [lease.tenant_id for lease in await claim(engine, 5, *named)] == ["other"]
    assert (await engine.maintenance.doctor()).problems == []


async def test_a_tenant_without_jobs_is_held_back_by_nothing(engine: Engine) -> None:
    await limit(engine, "acme", paused=True)
    assert (await engine.tenants.get("acme")).blocked_by is None
    (made,) = await submit(engine, "acme", 1)
    assert (await engine.tenants.get("acme")).blocked_by == "paused"
    await engine.jobs.cancel(made.job_id)
    assert (await engine.tenants.get("acme")).blocked_by is None
    assert (await engine.maintenance.doctor()).problems == []


async def test_a_submission_rate_of_one_takes_one(engine: Engine, clock: Clock) -> None:
    await limit(engine, "acme", submit_rate=Rate(1, 60.0))
    for _ in range(3):
        made = await submit(engine, "acme", 2)
        assert [answer.status for answer in made] == [SubmitStatus.CREATED, SubmitStatus.RATE_LIMITED]
        assert (await engine.tenants.get("acme")).submit_rate_used == 1
        clock.advance(ms=60_000)
