"""Exact windows under bursts that aim at their edges, and little lost of what a rate allows."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable

import pytest

from fairlane.engine import Engine
from fairlane.model.job import SubmitStatus
from fairlane.model.tenant import Rate
from tests.support.acting import claim, finish, lift_limits, limit, submit
from tests.support.clock import Clock
from tests.support.history import over_rate

LIMIT, WINDOW_US = 10, 60_000_000
Take = Callable[[Engine, int], Awaitable[int]]


async def submitted(engine: Engine, count: int) -> int:
    """How many of these were accepted."""
    made = await submit(engine, "acme", count)
    return sum(one.status is SubmitStatus.CREATED for one in made)


async def started(engine: Engine, count: int) -> int:
    """How many were started, upkeep having looked after the tenant."""
    await engine.maintenance.promote(10)
    leases = await claim(engine, count)
    await finish(engine, leases)
    return len(leases)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("take", [submitted, started])
async def test_bursts_on_the_edges_of_windows(engine: Engine, clock: Clock, take: Take, seed: int) -> None:
    await prepare(engine, take is started)
    chance = random.Random(seed)
    times: list[int] = []
    for _ in range(120):
        times += [clock.now_us] * await take(engine, chance.randint(1, 2 * LIMIT))
        edge = chance.choice(times[-2 * LIMIT :]) + WINDOW_US - clock.now_us + chance.choice([-1_000, -1, 0, 1, 1_000])
        clock.advance(us=edge if edge > 0 else chance.randint(1, WINDOW_US // 3))
    assert len(times) > 20 * LIMIT
    assert list(over_rate(times, LIMIT, WINDOW_US)) == []


@pytest.mark.parametrize("take", [submitted, started])
@pytest.mark.parametrize("per_window", [LIMIT, 5 * LIMIT])
async def test_a_steady_stream_gets_what_the_rate_allows(
    engine: Engine, clock: Clock, take: Take, per_window: int
) -> None:
    """At the rate itself, and at five times as much."""
    await prepare(engine, take is started)
    windows = 30
    times: list[int] = []
    for _ in range(windows * per_window):
        times += [clock.now_us] * await take(engine, 1)
        clock.advance(us=WINDOW_US // per_window)
    assert list(over_rate(times, LIMIT, WINDOW_US)) == []
    assert len(times) >= 0.95 * LIMIT * windows


async def prepare(engine: Engine, starts: bool) -> None:
    await lift_limits(engine)
    rate = Rate(LIMIT, WINDOW_US / 1_000_000)
    if starts:
        await submit(engine, "acme", 1_000)
        await submit(engine, "acme", 1_000)
        await limit(engine, "acme", start_rate=rate)
    else:
        await limit(engine, "acme", submit_rate=rate)
