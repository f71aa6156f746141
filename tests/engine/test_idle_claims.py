"""One job wakes one idle claim, and no wake gets lost."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from fairlane.engine import Engine
from fairlane.engine.codec import claim_values
from fairlane.model.ids import new_claim_id
from fairlane.model.lease import ClaimRequest, Lease
from fairlane.model.tenant import Rate
from fairlane.store import Store
from tests.support.acting import claim, lift_limits, limit, submit
from tests.support.clock import Clock
from tests.support.store_servers import eventually

LIST = "fl:{0}:idle/"
ALL = f"{LIST}*"
"""The list of the claims that ask for all queues."""


def _request(*queues: str, most: int = 1, wait_ms: int = 60_000) -> ClaimRequest:
    return ClaimRequest(
        worker_id="w", claim_id=new_claim_id(), max=most, queues=queues, lease_ms=60_000, wait_ms=wait_ms
    )


async def _waiting(engine: Engine, count: int, queue: str = "*") -> None:
    """Wait until `count` claims of this list sleep in the store."""

    async def are_waiting() -> bool:
        return int(await engine.store.client.zcard(LIST + queue)) == count

    await eventually(are_waiting)


@asynccontextmanager
async def _idle(engine: Engine, count: int, *queues: str) -> AsyncIterator[list[asyncio.Task[list[Lease]]]]:
    """Claims that wait, each for its first job."""
    claims = [asyncio.create_task(engine.leases.claim(_request(*queues))) for _ in range(count)]
    try:
        await _waiting(engine, count, queues[0] if queues else "*")
        yield claims
    finally:
        for task in claims:
            task.cancel()
        await asyncio.gather(*claims, return_exceptions=True)


async def _sleeping_claim(engine: Engine, name: str, *queues: str, wait_ms: int = 90_000) -> float:
    """Enter a claim as a process would, and return when it should come again by itself (s; negative: no such time)."""
    values = claim_values(_request(*queues), 1, name, wait_ms)
    reply = await engine.partitions[0].run("claim", **values)
    assert len(reply) == 1
    return float(reply[0]) / 1_000_000


async def _script_calls(engine: Engine, act: Callable[[], Awaitable[object]]) -> int:
    """The script calls of an act. A new subscription wakes all claims once, so it first waits until they are quiet."""
    before = -1
    while before != (before := await _calls_so_far(engine)):  # noqa: ASYNC110  no event says so
        await asyncio.sleep(0.5)
    await act()
    return await _calls_so_far(engine) - before


async def _calls_so_far(engine: Engine) -> int:
    return int((await engine.store.client.info("commandstats"))["cmdstat_fcall"]["calls"])


async def test_a_job_costs_no_more_calls_with_many_idle_claims(engine: Engine) -> None:
    await lift_limits(engine)
    async with _idle(engine, 100) as claims:

        async def one_at_a_time() -> None:
            for done in range(1, 21):
                await submit(engine, "acme")
                await eventually(lambda done=done: _are_done(claims, done))  # type: ignore[misc]

        assert await _script_calls(engine, one_at_a_time) <= 20 * 3


async def _are_done(claims: list[asyncio.Task[list[Lease]]], count: int) -> bool:
    return sum(task.done() for task in claims) >= count


async def test_a_burst_wakes_as_many_claims_as_it_needs(engine: Engine) -> None:
    await lift_limits(engine)
    async with _idle(engine, 50) as claims:

        async def burst() -> None:
            await submit(engine, "acme", 40)
            await eventually(lambda: _are_done(claims, 40))

        assert await _script_calls(engine, burst) <= 1 + 40 + 5


async def test_a_claim_of_a_dead_process_is_skipped_at_once(engine: Engine) -> None:
    async with _idle(engine, 1) as (living,):
        for number in range(5):
            await _sleeping_claim(engine, f"dead/{number}")
        await submit(engine, "acme")
        assert len(await asyncio.wait_for(living, 30)) == 1


async def test_a_wake_that_no_claim_follows_is_passed_on(engine: Engine, clock: Clock) -> None:
    """The process of the woken claim is suspended: it gets the message and does nothing."""
    async with _idle(engine, 1) as (living,), engine.store.subscriber() as client, client.pubsub() as suspended:
        await suspended.subscribe("fl:{0}:wake/suspended")
        assert (await suspended.get_message(timeout=30) or {})["type"] == "subscribe"
        await _sleeping_claim(engine, "suspended/1")
        await submit(engine, "acme")
        assert (await suspended.get_message(timeout=30) or {})["data"] == b"1/*"
        clock.advance(ms=199)
        await engine.maintenance.promote(10)
        assert await engine.store.client.zcard(ALL) == 1  # the living one still sleeps
        clock.advance(ms=1)
        await engine.maintenance.promote(10)
        assert len(await asyncio.wait_for(living, 30)) == 1


async def test_a_cancelled_claim_passes_its_wake_on(store: Store, engine: Engine) -> None:
    """To another claim of its process, or through the store to one of another process."""
    other_process = await Engine.open(store)
    async with _idle(other_process, 1) as (living,):
        cancelled = asyncio.create_task(engine.leases.claim(_request()))
        await _waiting(engine, 2)
        cancelled.cancel()
        await asyncio.wait({cancelled})
        await submit(engine, "acme")
        assert len(await asyncio.wait_for(living, 30)) == 1


async def test_only_a_claim_of_the_queue_is_woken(engine: Engine) -> None:
    async with _idle(engine, 1, "mail") as (mail,), _idle(engine, 1, "video", "sound") as (video,):

        async def submit_mail() -> None:
            await submit(engine, "acme", queue="mail")
            await asyncio.wait_for(mail, 30)

        assert await _script_calls(engine, submit_mail) <= 3
        assert not video.done()
        await submit(engine, "acme", queue="sound")
        assert len(await asyncio.wait_for(video, 30)) == 1
        assert await engine.store.client.keys(LIST + "*") == []


async def test_work_that_a_woken_claim_leaves_wakes_claims_of_other_queues(engine: Engine) -> None:
    async with _idle(engine, 1, "mail") as (mail,), _idle(engine, 2) as general:
        await submit(engine, "acme", 3, queue="mail")
        for task in (mail, *general):
            assert len(await asyncio.wait_for(task, 30)) == 1


async def test_a_resumed_queue_wakes_an_idle_claim(engine: Engine) -> None:
    await engine.queues.pause("default", True)
    await submit(engine, "acme")
    async with _idle(engine, 1) as (waiting,):
        await engine.queues.pause("default", False)
        assert len(await asyncio.wait_for(waiting, 30)) == 1


async def test_a_paused_queue_wakes_no_claim(engine: Engine) -> None:
    await engine.queues.pause("default", True)
    async with _idle(engine, 1):
        await submit(engine, "acme")
        assert await engine.store.client.zcard(ALL) == 1


async def test_claims_that_stopped_waiting_are_forgotten(engine: Engine, clock: Clock) -> None:
    await _sleeping_claim(engine, "gone/1", "mail", "video", wait_ms=5_000)
    await _sleeping_claim(engine, "gone/2", "mail", wait_ms=9_000)
    clock.advance(ms=5_000)
    await engine.partitions[0].run("tidy", silence_ms=60_000, cursor=0)
    assert await engine.store.client.keys(LIST + "*") == [LIST.encode() + b"mail"]
    clock.advance(ms=4_000)
    await engine.partitions[0].run("tidy", silence_ms=60_000, cursor=0)
    assert await engine.store.client.keys(LIST + "*") == []
    assert (await engine.maintenance.doctor()).problems == []


# Start rates: a standing backlog gets them in full, without upkeep.


@pytest.mark.parametrize(("starts", "per_s"), [(10, 0.1), (1, 0.01), (50, 1.0), (1_000, 60.0)])
async def test_a_standing_backlog_gets_its_whole_start_rate(
    engine: Engine, clock: Clock, starts: int, per_s: float
) -> None:
    """Each claim comes a millisecond after the time that the one before it was told."""
    await lift_limits(engine)
    await limit(engine, "acme", start_rate=Rate(starts, per_s))
    for _ in range(-(-3 * starts // 1_000)):
        await submit(engine, "acme", min(1_000, 3 * starts))
    started = list[int]()
    while len(started) < 3 * starts:
        leases = await claim(engine, 500)
        started += [clock.now_us] * len(leases)
        if not leases:
            again_s = await _sleeping_claim(engine, "w/1")
            assert again_s > 0
            clock.advance(us=round(again_s * 1_000_000) + 1_000)
    reused_after_s = [(later - earlier) / 1e6 for earlier, later in zip(started, started[starts:], strict=False)]
    assert min(reused_after_s) >= per_s
    assert max(reused_after_s) <= per_s + 0.002


async def test_one_idle_claim_alone_comes_when_a_start_rate_has_room(engine: Engine) -> None:
    await limit(engine, "acme", start_rate=Rate(1, 10.0))
    await submit(engine, "acme", 2)
    await claim(engine, 1)
    assert await _sleeping_claim(engine, "a/1") == 10.0
    assert await _sleeping_claim(engine, "b/1") < 0
    assert await _sleeping_claim(engine, "a/1") == 10.0
    assert await _sleeping_claim(engine, "short/1", wait_ms=9_999) < 0


async def test_the_next_idle_claim_comes_if_the_first_one_found_work(engine: Engine) -> None:
    await limit(engine, "acme", start_rate=Rate(1, 10.0))
    await submit(engine, "acme", 2)
    async with engine.store.subscriber() as client, client.pubsub() as other:
        await other.subscribe("fl:{0}:wake/b")
        assert (await other.get_message(timeout=30) or {})["type"] == "subscribe"
        await claim(engine, 1)
        assert await _sleeping_claim(engine, "a/1") == 10.0
        assert await _sleeping_claim(engine, "b/1") < 0
        await submit(engine, "bee", 1)  # a/1 is not listening, so b/1 is woken for it
        assert (await other.get_message(timeout=30) or {})["data"] == b"1/*"
        values = claim_values(_request(), 1, "a/1", 90_000)
        assert len(await engine.partitions[0].run("claim", **values)) > 1
        assert await _sleeping_claim(engine, "b/1") == 10.0


async def test_an_idle_claim_comes_for_a_start_rate_that_another_used_up(
    store: Store, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without upkeep, on the store's real clock: the claim that used it up may be busy when it has room again."""
    monkeypatch.setattr("fairlane.engine.leases.LOOK_AGAIN_S", 1_000.0)
    real = await Engine.open(store)
    await limit(real, "acme", start_rate=Rate(1, 0.3))
    async with _idle(real, 2) as claims:
        await submit(real, "acme", 2)
        async with asyncio.timeout(30):
            assert [len(await task) for task in claims] == [1, 1]
