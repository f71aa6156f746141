"""At the bound of a number of names, a new name is refused and the known ones go on."""

import msgspec
import pytest

from fairlane.engine import Engine
from fairlane.model.errors import Conflict, InvalidInput
from fairlane.model.job import SubmitStatus
from fairlane.model.lease import MAX_QUEUES_LENGTH, MAX_WORKERS, LeaseReport, LeaseStatus, WorkerReport
from fairlane.model.overview import MAX_PAUSED_QUEUES
from fairlane.model.refusals import refusal_of
from fairlane.model.schedule import MAX_SCHEDULES, ScheduleSpec
from fairlane.model.tenant import MAX_TENANTS
from fairlane.model.token import MAX_TOKENS, TokenKind, TokenSpec
from tests.support.acting import claim, lift_limits, limit, submit
from tests.support.clock import Clock

MOST_EMPTY_QUEUES = 10_000


ADD_NAMES = """
local arguments = {}
for n = ARGV[2], ARGV[3] do
  arguments[#arguments + 1] = ARGV[1]
  arguments[#arguments + 1] = string.format('t%d', n)
end
redis.call('ZADD', KEYS[1], unpack(arguments))
"""


async def add_names(engine: Engine, key: str, count: int, score: int = 0) -> None:
    """Add t0, t1, ... to a sorted set."""
    for first in range(0, count, 3_000):
        last = min(count, first + 3_000) - 1
        await engine.store.client.execute_command(  # type: ignore[no-untyped-call]
            "EVAL", ADD_NAMES, 1, f"fl:{{0}}:{key}", score, first, last
        )


async def test_the_last_tenant_is_known_and_the_next_is_refused(engine: Engine) -> None:
    await lift_limits(engine)
    await add_names(engine, "tenants", MAX_TENANTS - 1)
    (last,) = await submit(engine, "last")
    assert last.status is SubmitStatus.CREATED
    (refused,) = await submit(engine, "next")
    with pytest.raises(InvalidInput, match=f"{MAX_TENANTS:,} tenants"):
        raise refusal_of(refused) or AssertionError("it was accepted")
    with pytest.raises(InvalidInput, match=f"{MAX_TENANTS:,} tenants"):
        await limit(engine, "next", concurrency=1)
    assert (await engine.tenants.get("next")).customized is False
    (known,) = await submit(engine, "t7")
    assert known.status is SubmitStatus.CREATED
    await limit(engine, "last", concurrency=1)


async def test_the_last_token_is_created_and_the_next_is_refused(engine: Engine) -> None:
    await add_names(engine, "token_names", MAX_TOKENS - 1)
    await engine.tokens.create(TokenSpec(name="last", kind=TokenKind.MONITOR))
    with pytest.raises(InvalidInput, match=f"{MAX_TOKENS:,} tokens"):
        await engine.tokens.create(TokenSpec(name="next", kind=TokenKind.MONITOR))


async def test_the_last_schedule_of_a_tenant_is_made_and_the_next_is_refused(engine: Engine) -> None:
    names = {f"acme/t{n}": 0 for n in range(MAX_SCHEDULES - 1)}
    await engine.store.client.zadd("fl:{0}:schedule_names", names)
    await engine.schedules.put(ScheduleSpec(tenant_id="acme", name="last", cron="0 3 * * *", payload=msgspec.Raw(b"1")))
    with pytest.raises(InvalidInput, match=f"acme has {MAX_SCHEDULES} schedules"):
        await engine.schedules.put(
            ScheduleSpec(tenant_id="acme", name="next", cron="0 3 * * *", payload=msgspec.Raw(b"1"))
        )
    await engine.schedules.put(
        ScheduleSpec(tenant_id="other", name="next", cron="0 3 * * *", payload=msgspec.Raw(b"1"))
    )


async def test_the_last_queue_is_paused_and_the_next_is_refused(engine: Engine) -> None:
    names = (f"q{n}" for n in range(MAX_PAUSED_QUEUES - 1))
    await engine.store.client.sadd("fl:{0}:queues_paused", *names)  # type: ignore[misc]
    assert (await engine.queues.pause("last", True)).paused
    with pytest.raises(InvalidInput, match=f"{MAX_PAUSED_QUEUES:,} queues are paused"):
        await engine.queues.pause("next", True)
    assert "next" not in {queue.name for queue in await engine.queues.list()}
    assert (await engine.queues.pause("last", True)).paused
    assert not (await engine.queues.pause("q7", False)).paused
    assert (await engine.queues.pause("next", True)).paused


async def test_the_last_worker_is_known_and_the_next_is_refused(engine: Engine, clock: Clock) -> None:
    await add_names(engine, "workers", MAX_WORKERS - 1, clock.now_ms)
    await engine.leases.extend(WorkerReport(id="last", slots=1), [], 30_000)
    with pytest.raises(Conflict, match=f"{MAX_WORKERS:,} workers"):
        await engine.leases.extend(WorkerReport(id="next", slots=1), [], 30_000)
    assert [worker.id for worker in await engine.workers.list()] == ["last"]
    # Its leases are renewed all the same.
    await submit(engine, "acme")
    (lease,) = await claim(engine, 1, worker="next")
    report = LeaseReport(lease.job_id, lease.token)
    assert await engine.leases.extend(WorkerReport(id="next", slots=1), [report], 30_000) == [LeaseStatus.OK]
    await engine.leases.extend(WorkerReport(id="last", slots=1), [], 30_000)
    await engine.workers.leave("t7")
    await engine.leases.extend(WorkerReport(id="next", slots=1), [], 30_000)
    assert [worker.id for worker in await engine.workers.list()] == ["last", "next"]


async def test_the_names_of_a_workers_queues_are_bounded_together(engine: Engine) -> None:
    names = ["q" * 128] * (MAX_QUEUES_LENGTH // 128)
    assert await claim(engine, 1, *names) == []
    await engine.leases.extend(WorkerReport(id="w", slots=1, queues=tuple(names)), [], 30_000)
    for one_more in (
        lambda: claim(engine, 1, *names, "q"),
        lambda: engine.leases.extend(WorkerReport(id="w", slots=1, queues=(*names, "q")), [], 30_000),
    ):
        with pytest.raises(InvalidInput, match="4,096 characters"):
            await one_more()


async def test_names_of_empty_queues_are_forgotten_after_a_minute_if_there_are_many(
    engine: Engine, clock: Clock
) -> None:
    await submit(engine, "acme", queue="in-use")
    await add_names(engine, "queues_used", MOST_EMPTY_QUEUES, clock.now_ms)
    await engine.maintenance.prune(100)
    assert len(await engine.queues.list()) == MOST_EMPTY_QUEUES + 1
    clock.advance(ms=60_000)
    await engine.maintenance.prune(100)
    assert len(await engine.queues.list()) <= MOST_EMPTY_QUEUES
    for _ in range(20):
        await engine.maintenance.prune(100)
    assert "in-use" in {queue.name for queue in await engine.queues.list()}
