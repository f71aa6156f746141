"""One submission at a time, awaited, against a plain SET of as many bytes by the client library in the same run."""

from __future__ import annotations

import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ..engine import Engine
from .figures import Figure
from .fixture import new_jobs, private_engine, store_seconds

_ROUNDS = 20
_CALLS = 200
_RECORD = b"x" * 160
"""About the bytes that the store keeps of a job with a payload of 100 bytes."""


@dataclass(frozen=True)
class _Cost:
    """The cost of one call (µs)."""

    wall: float
    client: float
    store: float


async def lone_submit() -> list[Figure]:
    """The two in turns; medians of the rounds."""
    async with private_engine() as engine:

        async def submit() -> None:
            await engine.jobs.submit(new_jobs(engine, 1, 1))

        async def put() -> None:
            await engine.store.client.set("bench", _RECORD)

        rounds = [(await _cost(engine, submit), await _cost(engine, put)) for _ in range(_ROUNDS + 1)][1:]
    submits = [one for one, _ in rounds]
    return [
        Figure("lone submit, time in the client", statistics.median(one.client for one in submits), "us"),
        Figure("lone submit, time in the store", statistics.median(one.store for one in submits), "us"),
        Figure(
            "lone submits against plain SETs, CPU of client and store",
            statistics.median((put.client + put.store) / (one.client + one.store) for one, put in rounds),
            "times",
            "at least 0.5",
        ),
        Figure(
            "lone submits against plain SETs, jobs/s",
            statistics.median(put.wall / one.wall for one, put in rounds),
            "times",
            "at least 0.5",
        ),
    ]


async def _cost(engine: Engine, call: Callable[[], Awaitable[None]]) -> _Cost:
    store, client, wall = await store_seconds(engine), time.process_time(), time.perf_counter()
    for _ in range(_CALLS):
        await call()
    wall, client = time.perf_counter() - wall, time.process_time() - client
    return _Cost(*(seconds / _CALLS * 1e6 for seconds in (wall, client, await store_seconds(engine) - store)))
