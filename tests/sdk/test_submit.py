"""Submitting: typed arguments in, a handle out, and a result that has the task's own type."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest

from fairlane import (
    Bound,
    Conflict,
    IdempotencyMismatch,
    InvalidInput,
    JobCancelled,
    JobFailed,
    JobHandle,
    PartlySubmitted,
    RateLimited,
    ResultMismatch,
    Retry,
    State,
)
from fairlane.model.job import JobQuery, Large
from fairlane.model.tenant import PolicyChange, Rate
from tests.support.app_world import World, json_of


class Report(msgspec.Struct):
    pages: int
    made_at: datetime


async def test_an_async_and_a_sync_task_return_their_own_types(world: World) -> None:
    made_at = datetime(2027, 1, 1, tzinfo=UTC)

    @world.app.task
    async def report(pages: int) -> Report:
        return Report(pages, made_at)

    @world.app.task
    def twice(text: str, times: int = 2) -> str:
        return text * times

    async with world.worker():
        made: JobHandle[Report] = await report.using(tenant="acme").submit(3)
        assert await made.result(timeout="10s") == Report(3, made_at)
        repeated: JobHandle[str] = await twice.submit("ab", times=3)
        assert await repeated.result(timeout=30) == "ababab"


async def test_options_reach_the_job(world: World) -> None:
    @world.app.task(queue="reports", retry=Retry(5), timeout="2m")
    async def build(user_id: int) -> None:
        pass

    plain = await (await build.submit(1)).refresh()
    assert (plain.queue, plain.max_attempts, plain.timeout_seconds, plain.tenant_id) == ("reports", 5, 120.0, "default")
    assert json_of(plain.payload) == {"user_id": 1}
    using = build.using(
        tenant="acme",
        key="k",
        delay="10m",
        priority=7,
        queue="urgent",
        max_attempts=1,
        headers={"trace": "t1"},
        tags=["import", "v2"],
    )
    job = await (await using.submit(42)).refresh()
    assert (job.tenant_id, job.key, job.priority, job.queue, job.max_attempts) == ("acme", "k", 7, "urgent", 1)
    assert (job.state, job.headers, job.tags) == (State.SCHEDULED, {"trace": "t1"}, ("import", "v2"))
    assert job.run_at is not None
    assert timedelta(minutes=9) < job.run_at - job.created_at <= timedelta(minutes=10, seconds=1)


async def test_a_job_with_run_at_waits_for_it(world: World) -> None:
    @world.app.task
    async def work() -> None:
        pass

    due = datetime.now(UTC) + timedelta(seconds=0.5)
    async with world.worker():
        handle = await work.using(run_at=due).submit()
        await handle.result(timeout=30)
        started_at = (await handle.refresh()).started_at
    assert started_at is not None and started_at >= due - timedelta(milliseconds=1)


async def test_a_job_may_be_put_off_as_far_as_the_api_allows(world: World) -> None:
    @world.app.task
    async def work() -> None:
        pass

    for far in (
        datetime.now(UTC) + timedelta(days=367),
        datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-14))),
    ):
        with pytest.raises(InvalidInput, match="366 days"):
            work.using(run_at=far)
    with pytest.raises(InvalidInput, match="366 days"):
        work.using(delay="367d")
    with pytest.raises(InvalidInput, match="time zone"):
        work.using(run_at=datetime(2027, 1, 1))


async def test_a_job_that_was_due_long_ago_is_pending(world: World) -> None:
    @world.app.task
    async def work() -> None:
        pass

    for past in (datetime(1970, 1, 1, tzinfo=UTC), datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))):
        assert (await (await work.using(run_at=past).submit()).refresh()).state is State.PENDING


async def test_a_wrong_call_is_refused_at_submit(world: World) -> None:
    @world.app.task
    async def work(number: int) -> None:
        pass

    with pytest.raises(InvalidInput, match="Expected `int`"):
        await work.submit("one")  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="missing required field `number`"):
        await work.submit()  # type: ignore[call-arg]
    assert (await world.engine.monitor.counters()).submitted == 0


async def test_no_raw_text_spoils_what_others_read(world: World) -> None:
    @world.app.task
    async def work(payload: msgspec.Raw) -> msgspec.Raw:
        return msgspec.Raw(b'{"bad')

    with pytest.raises(InvalidInput):
        await work.submit(msgspec.Raw(b'{"bad'))
    async with world.worker():
        handle = await work.submit(msgspec.Raw(b"[1.50]"))
        with pytest.raises(JobFailed, match="InvalidResult"):
            await handle.result(timeout=30)
    page = await world.engine.jobs.list(JobQuery(include=frozenset({Large.PAYLOAD})))
    assert [job["payload"] for job in msgspec.json.decode(msgspec.json.encode(page))["jobs"]] == [[1.5]]


async def test_a_bound_call_is_checked_now_and_submitted_later(world: World) -> None:
    @world.app.task(queue="reports", retry=Retry(7))
    async def add(a: int, b: int = 0) -> int:
        return a + b

    with pytest.raises(InvalidInput, match="Expected `int`"):
        add.bind("one")  # type: ignore[arg-type]
    bound: Bound[int] = add.using(priority=3).bind(1, b=2)
    assert (await world.engine.monitor.counters()).submitted == 0
    async with world.worker():
        first, second = await bound.submit(), await bound.submit()
        assert [await first.result(timeout=30), await second.result(timeout=30)] == [3, 3]
    job = await second.refresh()
    assert first.id != second.id
    assert (job.queue, job.max_attempts, job.priority, json_of(job.payload)) == ("reports", 7, 3, {"a": 1, "b": 2})


async def test_many_calls_become_jobs_in_order(world: World) -> None:
    @world.app.task
    async def add(a: int, b: int = 0) -> int:
        return a + b

    async with world.worker(slots=50):
        handles = await add.submit_many([(n,) for n in range(1_200)])
        handles += await add.submit_many([{"a": 1, "b": 2}])
        assert await asyncio.gather(*(h.result(timeout=60) for h in handles)) == [*range(1_200), 3]


@pytest.mark.parametrize("call", ["ab", 7, None, {1}])
async def test_none_of_many_is_made_where_one_is_no_call(world: World, call: Any) -> None:
    @world.app.task
    async def work(a: str, b: str = "") -> None:
        pass

    with pytest.raises(InvalidInput, match="each call is a tuple or list"):
        await work.submit_many([("a",), call])
    with pytest.raises(InvalidInput, match="Expected `str`"):
        await work.submit_many([("a",), (7,)])
    assert (await world.engine.monitor.counters()).submitted == 0


@pytest.mark.parametrize("option", ["key", "idempotency_key"])
async def test_none_of_many_is_made_where_they_would_share_a_key(world: World, option: str) -> None:
    @world.app.task
    async def work(n: int) -> None:
        pass

    shared = work.using(**{option: "k"})  # type: ignore[arg-type]  # each is a text
    with pytest.raises(InvalidInput, match=rf"share the {option} 'k'"):
        await shared.submit_many([(1,), (2,)])
    assert (await world.engine.monitor.counters()).submitted == 0
    assert await shared.submit_many([]) == []
    assert len(await shared.submit_many([(1,)])) == 1


async def test_jobs_over_the_rate_are_refused_and_the_others_kept(world: World) -> None:
    @world.app.task
    async def work(n: int) -> None:
        pass

    await world.engine.tenants.change("slow", PolicyChange(submit_rate=Rate(3, 60)))
    with pytest.raises(PartlySubmitted, match="2 of 5") as partly:
        await work.using(tenant="slow").submit_many([(n,) for n in range(5)])
    assert [handle is not None for handle in partly.value.jobs] == [True, True, True, False, False]
    assert [type(error) for error in partly.value.refusals] == [RateLimited, RateLimited]
    with pytest.raises(RateLimited) as refused:
        await work.using(tenant="slow").submit(9)
    assert 0 < refused.value.retry_after <= 60


async def test_a_key_makes_one_job(world: World) -> None:
    @world.app.task
    async def work(n: int) -> None:
        pass

    using = work.using(idempotency_key="order-7")
    assert (await using.submit(1)).id == (await using.submit(1)).id
    with pytest.raises(IdempotencyMismatch):
        await using.submit(2)
    assert (await work.using(key="k").submit(1)).id == (await work.using(key="k").submit(2)).id


async def test_a_failed_job_raises_what_it_failed_with(world: World) -> None:
    @world.app.task(retry=Retry(1))
    async def work() -> None:
        raise ValueError("no such user")

    async with world.worker():
        handle = await work.submit()
        with pytest.raises(JobFailed, match="ValueError: no such user") as failed:
            await handle.result(timeout=30)
    assert 'raise ValueError("no such user")' in failed.value.__notes__[0]


async def test_a_result_that_is_not_of_the_tasks_type_is_told_of(world: World) -> None:
    @world.app.task
    async def report(pages: int) -> Report:
        return {"pages": pages}  # type: ignore[return-value]  # what this is about

    async with world.worker():
        handle = await report.submit(3)
        with pytest.raises(ResultMismatch, match=rf"job {handle.id} has completed.*`made_at`.*`refresh`"):
            await handle.result(timeout=30)
    assert json_of((await handle.refresh()).result) == {"pages": 3}


async def test_a_waiting_job_can_be_cancelled(world: World) -> None:
    @world.app.task
    async def work() -> None:
        pass

    handle = await work.submit()
    assert (await handle.cancel()).state is State.CANCELLED
    with pytest.raises(JobCancelled):
        await handle.result(timeout=30)
    assert (await handle.cancel()).state is State.CANCELLED
    async with world.worker():
        finished = await work.submit()
        await finished.result(timeout=30)
        with pytest.raises(Conflict):
            await finished.cancel()


async def test_waiting_for_a_result_ends_in_time(world: World) -> None:
    @world.app.task
    async def work() -> None:
        pass

    handle = await work.submit()
    with pytest.raises(TimeoutError, match=r"`fairlane jobs show .*` says what it waits for"):
        await handle.result(timeout="50ms")
