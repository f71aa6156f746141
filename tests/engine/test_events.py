"""Events of changed jobs cost nothing without a watcher, and a watcher learns of lost ones."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import msgspec
import pytest
from valkey.asyncio.client import PubSub

from fairlane.engine import Engine, events
from fairlane.engine.events import Watcher
from fairlane.engine.subscription import Subscription
from fairlane.model.job import NewJob
from fairlane.model.lease import ClaimRequest, LeaseStatus
from fairlane.model.monitor import MAX_LISTED_CHANGES, JobChange
from fairlane.model.states import State
from fairlane.store import Store
from tests.support.acting import claim, finish, lift_limits, submit

PATIENCE_S = 30.0
CHANNEL = "fl:{0}:news"
WATCHED = "fl:{0}:watched"


@asynccontextmanager
async def told(engine: Engine) -> AsyncIterator[PubSub]:
    """All events that the store publishes, read without asking the store to publish."""
    client = engine.store.subscriber()
    pubsub = client.pubsub(ignore_subscribe_messages=True)
    await pubsub.subscribe(CHANNEL)
    try:
        yield pubsub
    finally:
        await pubsub.aclose()  # type: ignore[no-untyped-call]
        await client.aclose()


async def next_news(pubsub: PubSub) -> dict[str, list[str]]:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            message: Any = await pubsub.get_message(timeout=None)
            if message is not None:
                return msgspec.msgpack.decode(message["data"], type=dict[str, list[str]])


async def watchers(engine: Engine) -> int:
    """Processes that the store tells news."""
    ((_, count),) = await engine.store.client.pubsub_numsub(CHANNEL)
    return int(count)


async def all_gone(engine: Engine) -> None:
    """Return when the store publishes to no process any more."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if await watchers(engine) == 0:
                return
            await asyncio.sleep(0.01)


async def test_nothing_is_told_while_nobody_watches(engine: Engine) -> None:
    async with told(engine) as pubsub:
        await submit(engine, "acme", 3)
        await finish(engine, await claim(engine, 3))
        assert await engine.store.client.exists(WATCHED) == 0
        async with aclosing(engine.monitor.changes()) as changes:
            await anext(changes)
            (made,) = await submit(engine, "acme")
            assert await next_news(pubsub) == {"pending": [made.job_id]}


async def test_one_call_is_one_piece_of_news(engine: Engine) -> None:
    await lift_limits(engine)
    async with told(engine) as pubsub, aclosing(engine.monitor.changes()) as changes:
        await anext(changes)
        jobs = [one.job_id for one in await submit(engine, "acme", 300)]
        assert sorted((await next_news(pubsub))["pending"]) == sorted(jobs)
        leases = await claim(engine, 300)
        assert sorted((await next_news(pubsub))["running"]) == sorted(jobs)
        await finish(engine, leases)
        assert {state: len(ids) for state, ids in (await next_news(pubsub)).items()} == {"completed": 300}


async def test_the_last_to_leave_puts_out_the_light(engine: Engine) -> None:
    async with aclosing(engine.monitor.changes()) as first, aclosing(engine.monitor.changes()) as second:
        await anext(first)
        await anext(second)
        assert 0 < await engine.store.client.pttl(WATCHED) <= events.WATCHED_MS
        assert await watchers(engine) == 1  # one subscription for both
        await first.aclose()
        (made,) = await submit(engine, "acme")
        assert [change.id for change in (await anext(second)).jobs] == [made.job_id]
    await all_gone(engine)


async def test_the_key_is_kept_alive_and_its_loss_is_told(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "RENEW_S", 0.01)
    async with aclosing(engine.monitor.changes()) as changes:
        assert (await anext(changes)).missed
        await engine.store.client.delete(WATCHED)
        async with asyncio.timeout(PATIENCE_S):
            assert (await anext(changes)).missed
        (made,) = await submit(engine, "acme")
        async with asyncio.timeout(PATIENCE_S):
            assert [change.id for change in (await anext(changes)).jobs] == [made.job_id]


async def test_news_that_cannot_be_read_is_news_all_the_same(engine: Engine) -> None:
    async with aclosing(engine.monitor.changes()) as changes:
        assert (await anext(changes)).missed
        for unreadable in (b"", b"\xc1", msgspec.msgpack.encode({"resting": ["x"]})):
            await engine.store.client.publish(CHANNEL, unreadable)
            async with asyncio.timeout(PATIENCE_S):
                assert (await anext(changes)).missed
        (made,) = await submit(engine, "acme")
        async with asyncio.timeout(PATIENCE_S):
            assert [change.id for change in (await anext(changes)).jobs] == [made.job_id]


async def test_a_lost_connection_is_told(engine: Engine) -> None:
    (made,) = await submit(engine, "acme")
    async with aclosing(engine.monitor.changes()) as changes, aclosing(engine.monitor.follow(made.job_id)) as jobs:
        assert (await anext(changes)).missed
        await anext(jobs)
        for _ in range(3):
            await engine.store.client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")  # type: ignore[no-untyped-call]
            async with asyncio.timeout(PATIENCE_S):
                assert (await anext(changes)).missed
        await claim(engine, 1)
        async with asyncio.timeout(PATIENCE_S):
            assert (await anext(changes)).jobs[0].state is State.RUNNING
            assert (await anext(jobs)).state is State.RUNNING


async def test_a_repeated_call_is_no_news(engine: Engine) -> None:
    async with told(engine) as pubsub, aclosing(engine.monitor.changes()) as changes:
        await anext(changes)
        job = NewJob(id=engine.jobs.new_id("acme"), tenant_id="acme", payload=b"1")
        for _ in range(3):
            await engine.jobs.submit([job])
        claimed = [await engine.leases.claim(ClaimRequest(worker_id="w", claim_id="c", max=1)) for _ in range(3)]
        for leases in claimed:
            assert await finish(engine, leases) == [LeaseStatus.OK]
        (other,) = await submit(engine, "acme")
        assert [await next_news(pubsub) for _ in range(4)] == [
            {"pending": [job.id]}, {"running": [job.id]}, {"completed": [job.id]}, {"pending": [other.job_id]},
        ]  # fmt: skip


async def test_the_longest_names_and_large_payloads_are_told(engine: Engine) -> None:
    names: Any = {"tenant_id": "t" * 128, "queue": "q" * 128, "task": "k" * 128}
    job = NewJob(id=engine.jobs.new_id("t" * 128), payload=b'"' + b"x" * 200_000 + b'"', **names)
    async with aclosing(engine.monitor.changes()) as changes:
        await anext(changes)
        await engine.jobs.submit([job])
        assert (await anext(changes)).jobs == [JobChange(id=job.id, state=State.PENDING, **names)]


async def test_news_comes_from_every_partition(store: Store) -> None:
    await store.client.flushall()
    engine = await Engine.open(store, partitions=3)
    await lift_limits(engine)
    async with aclosing(engine.monitor.changes()) as changes:
        assert (await anext(changes)).missed
        made = {(await submit(engine, f"tenant-{i}"))[0].job_id for i in range(12)}
        assert len({job_id[:2] for job_id in made}) == 3
        told: set[str] = set()
        async with asyncio.timeout(PATIENCE_S):
            while told < made:
                told |= {change.id for change in (await anext(changes)).jobs}
        for job_id in made:
            async with aclosing(engine.monitor.follow(job_id)) as jobs:
                assert (await anext(jobs)).state is State.PENDING
                await engine.jobs.cancel(job_id)
                async with asyncio.timeout(PATIENCE_S):
                    assert (await anext(jobs)).state is State.CANCELLED


async def test_watchers_come_and_go(engine: Engine) -> None:
    """However they overlap, each hears of a job that changes while it watches."""

    async def watch(seed: int) -> None:
        pause = random.Random(seed)
        for _ in range(5):
            async with aclosing(engine.monitor.changes()) as changes:
                assert (await anext(changes)).missed
                (made,) = await submit(engine, f"tenant-{seed}")
                while made.job_id not in {change.id for change in (await anext(changes)).jobs}:
                    pass
            await asyncio.sleep(pause.random() * 0.01)

    await lift_limits(engine)
    async with asyncio.timeout(60):
        await asyncio.gather(*(watch(seed) for seed in range(8)))
    await all_gone(engine)


def test_a_watcher_who_does_not_look_keeps_a_bounded_number_of_jobs() -> None:
    watcher = Watcher(None)
    for i in range(50):
        watcher.tell(State.PENDING, [f"{i}-{j}" for j in range(100)])
    watcher.tell(State.RUNNING, ["1-99", "49-99"])
    assert len(watcher.changed) == MAX_LISTED_CHANGES
    assert (watcher.changed["1-99"], watcher.more, watcher.missed) == (State.RUNNING, True, False)
    watcher.clear()
    assert (watcher.changed, watcher.more, watcher.event.is_set()) == ({}, False, False)


async def test_words_that_cannot_be_taken_in_do_not_end_the_listening(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    heard: asyncio.Queue[bytes | None] = asyncio.Queue()

    def on_news(words: bytes | None) -> None:
        heard.put_nowait(words)
        if words == b"bad":
            raise RuntimeError("a bug")

    subscription = Subscription(engine.store, engine.partitions)
    async with asyncio.timeout(PATIENCE_S):
        await subscription.hear_events(on_news)
        assert await heard.get() is None
        await engine.store.client.publish(CHANNEL, "bad")
        assert [await heard.get(), await heard.get()] == [b"bad", None]
        await engine.store.client.publish("fl:{0}:ended", b"\xff")  # from a stranger
        assert await heard.get() is None
        await engine.store.client.publish(CHANNEL, "good")
        assert await heard.get() == b"good"
        await subscription.close()
    assert {record.name for record in caplog.records} == {"fairlane.engine.subscription"}
