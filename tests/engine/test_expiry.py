"""Jobs that end as cancelled because they have not started in time."""

import pytest

from fairlane.engine import Engine
from fairlane.model.lease import OutcomeKind
from fairlane.model.states import Reason, State
from fairlane.model.tenant import Rate
from tests.support.acting import claim, finish, lift_limits, limit, submit
from tests.support.clock import Clock


async def test_an_expired_job_never_starts_while_upkeep_is_down(engine: Engine, clock: Clock) -> None:
    await lift_limits(engine)
    (late,) = await submit(engine, "acme", expires_in_ms=1_000, priority=9)
    (lasting,) = await submit(engine, "acme", expires_in_ms=1_001)
    (plain,) = await submit(engine, "acme")
    clock.advance(ms=1_000)
    leases = await claim(engine, 5)
    assert [lease.job_id for lease in leases] == [lasting.job_id, plain.job_id]
    job = await engine.jobs.get(late.job_id)
    assert (job.state, job.reason, job.attempt, job.attempts) == (State.CANCELLED, Reason.EXPIRED, 0, [])
    assert (await engine.maintenance.doctor()).problems == []


@pytest.mark.parametrize("queues", [(), ("default",), ("default", "mail")])
async def test_expired_jobs_take_no_turns_from_their_tenant(
    engine: Engine, clock: Clock, queues: tuple[str, ...]
) -> None:
    await lift_limits(engine)
    await submit(engine, "acme", 4, expires_in_ms=1_000, priority=9)
    for tenant in ("acme", "other"):
        await submit(engine, tenant, 4)
        await submit(engine, tenant, 4, queue="mail")
    clock.advance(ms=1_000)
    started = [lease.tenant_id for _ in range(12) for lease in await claim(engine, 1, *queues)]
    assert abs(started.count("acme") - started.count("other")) <= 1


async def test_a_start_rate_does_not_count_expired_jobs(engine: Engine, clock: Clock) -> None:
    await lift_limits(engine)
    await limit(engine, "acme", start_rate=Rate(2, 60))
    await submit(engine, "acme", 2, expires_in_ms=1_000, priority=9)
    await submit(engine, "acme", 2)
    clock.advance(ms=1_000)
    assert await claim(engine, 2) == []
    assert len(await claim(engine, 2)) == 2


async def test_a_job_that_has_started_does_not_expire(engine: Engine, clock: Clock) -> None:
    (made,) = await submit(engine, "acme", expires_in_ms=1_000)
    await finish(engine, await claim(engine, 1), OutcomeKind.RELEASED)
    clock.advance(ms=5_000)
    assert (await engine.maintenance.expire(10)).count == 0
    (lease,) = await claim(engine, 1)
    assert lease.job_id == made.job_id


async def test_upkeep_cancels_expired_jobs_in_steps(engine: Engine, clock: Clock) -> None:
    await lift_limits(engine)
    made = await submit(engine, "acme", 3, expires_in_ms=1_000)
    made += await submit(engine, "acme", 2, expires_in_ms=3_000, delay_ms=2_000)
    step = await engine.maintenance.expire(2)
    assert (step.count, step.next_ms) == (0, 1_000)
    clock.advance(ms=1_000)
    assert [(await engine.maintenance.expire(2)).count for _ in range(2)] == [2, 1]
    clock.advance(ms=2_000)
    assert (await engine.maintenance.expire(2)).count == 2
    states = [(await engine.jobs.get(one.job_id)).reason for one in made]
    assert states == [Reason.EXPIRED] * 5
    assert (await engine.queues.list())[0].pending == 0
    assert (await engine.maintenance.doctor()).problems == []


async def test_an_expired_job_frees_its_key(engine: Engine, clock: Clock) -> None:
    await submit(engine, "acme", key="k", expires_in_ms=1_000)
    clock.advance(ms=1_000)
    assert await claim(engine, 1) == []
    (again,) = await submit(engine, "acme", key="k")
    (lease,) = await claim(engine, 1)
    assert lease.job_id == again.job_id
