"""The doctor examines a large store in bounded steps, and reports how far it is."""

from collections.abc import Sequence
from typing import Any

import pytest

from fairlane.engine import Engine
from fairlane.engine.reading import PAGE, TOGETHER
from fairlane.model.job import NewJob
from tests.support.acting import claim, lift_limits, submit

JOBS = 3_000


@pytest.fixture
async def large(engine: Engine) -> Engine:
    """A store with many keys of each kind, and with large keys."""
    await lift_limits(engine)
    for first in range(0, JOBS, 1_000):
        jobs = [
            NewJob(
                id=engine.jobs.new_id("t"), tenant_id="t", payload=b"{}", queue=f"q{n % 300}",
                key=f"k{n}", idempotency_key=f"i{n}",
            )
            for n in range(first, first + 1_000)
        ]  # fmt: skip
        await engine.jobs.submit(jobs)
    await submit(engine, "other", 2 * PAGE)
    await claim(engine, 500)
    return engine


async def test_it_reads_many_keys_in_one_round_trip(large: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    writes: list[Sequence[tuple[Any, ...]]] = []
    exchange = large.store.exchange

    async def count_exchange(commands: Sequence[tuple[Any, ...]]) -> list[Any]:
        writes.append(commands)
        return await exchange(commands)

    monkeypatch.setattr(large.store, "exchange", count_exchange)
    report = await large.maintenance.doctor()
    assert report.problems == []
    assert report.keys > 3 * JOBS
    assert len(writes) < report.keys / 50
    assert max(map(len, writes)) <= TOGETHER
    sent = {command[:2] for commands in writes for command in commands}
    whole_keys = {(name, *key) for name, *key in sent if name in ("HGETALL", "ZRANGE", "SMEMBERS", "GET")}
    assert whole_keys <= {("GET", "fl:{0}:time")}


async def test_it_finds_what_is_wrong_beyond_the_first_page(large: Engine) -> None:
    jobs = [name async for name in large.store.client.scan_iter("fl:{0}:j/*", 1_000)]
    (lost,) = jobs[-1:]
    await large.store.client.delete(lost)
    problems = (await large.maintenance.doctor()).problems
    assert f"job {lost.decode().rpartition('/')[2]} is in an index and has no record" in problems


async def test_it_reports_its_progress(large: Engine) -> None:
    seen: list[int] = []
    report = await large.maintenance.doctor(seen.append)
    assert seen == sorted(seen)
    assert len(seen) > 10
    assert seen[-1] > report.keys
