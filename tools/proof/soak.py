"""`make soak`: rounds of load with several faults at once, at random from a seed, and a report."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from importlib.metadata import version

from .faults import limits, network, processes, store
from .report import table
from .room import Room
from .run import Case, Verdict, run_case
from .setting import USUAL

ROUND_S = 60.0
SETTING = replace(USUAL, workers=4, upkeeps=2, rate=100.0, keeps_all=False, drain_s=180.0)
ENDURANCE = replace(SETTING, keep_s=60)
FAULTS: Sequence[Callable[[Room], Awaitable[None]]] = (
    processes.kill_anything,
    processes.stop_a_worker,
    processes.terminate_workers,
    network.lose_replies,
    network.half_open,
    network.slow,
    network.unreachable,
    network.error_answers,
    store.kill,
    store.stop,
    store.block,
    store.fill_memory,
    store.flush_scripts,
    store.cut_power,
    limits.change_limits,
)
LASTING = tuple(fault for fault in FAULTS if fault is not store.fill_memory)
"""Faults after which the store's memory can be compared."""


def combined(faults: Sequence[Callable[[Room], Awaitable[None]]]) -> Callable[[Room], Awaitable[None]]:
    """All these faults at once, each again and again."""

    async def repeat(fault: Callable[[Room], Awaitable[None]], room: Room) -> None:
        while True:
            await fault(room)
            await asyncio.sleep(room.chance.uniform(0, 2))

    async def disturb(room: Room) -> None:
        async with asyncio.TaskGroup() as group:
            for fault in faults:
                group.create_task(repeat(fault, room))

    return disturb


async def one_after_the_other(room: Room) -> None:
    """A fault at random for some seconds, and then as many seconds of peace."""
    while True:
        seconds = room.chance.uniform(5, 20)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await room.chance.choice(LASTING)(room)
        await asyncio.sleep(seconds)


async def soak(seed: str, minutes: float, round_s: float) -> AsyncIterator[Verdict]:
    """Rounds until half of the time is over, and then one run to its end, whose memory is compared.

    The seed of a round is the seed of the soak and its number.
    """
    chance, number = random.Random(seed), 0
    half_ends = time.monotonic() + minutes * 30
    while time.monotonic() < half_ends:
        number += 1
        faults = chance.sample(FAULTS, chance.randint(2, 3))
        title = " + ".join(f"{fault.__module__.rpartition('.')[2]}.{fault.__name__}" for fault in faults)
        case = Case(f"round {number}", title, combined(faults), SETTING, needs_server=True)
        yield await run_case(case, seed, seconds=round_s)
    last = Case("endurance", "faults one after the other", one_after_the_other, ENDURANCE, needs_server=True)
    yield await run_case(last, seed, seconds=minutes * 30)


async def report(seed: str, minutes: float, round_s: float) -> list[Verdict]:
    """Soak, and print each verdict as it comes."""
    verdicts = []
    async for verdict in soak(seed, minutes, round_s):
        verdicts.append(verdict)
        print(*verdict.lines(), f"  {verdict.case.title}", sep="\n", flush=True)
    return verdicts


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.proof.soak", description=__doc__)
    parser.add_argument("--seed", default=str(random.randrange(10**6)), help="the source of all choices")
    parser.add_argument("--minutes", type=float, default=30, help="how long [default: 30]")
    parser.add_argument("--round", type=float, default=ROUND_S, help="seconds of load in each round [default: 60]")
    arguments = parser.parse_args()
    print(f"fairlane {version('fairlane')}, seed {arguments.seed}", flush=True)
    verdicts = asyncio.run(report(arguments.seed, arguments.minutes, arguments.round))
    print("", *table(verdicts), sep="\n")
    return 0 if all(verdict.is_clean for verdict in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
