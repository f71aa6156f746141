"""`python -m tools.proof.upkeep URL`: the product's upkeep, with crash points around each of its steps."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from fairlane.backend import Maintenance
from fairlane.connect import open_engine
from fairlane.upkeep.run import run_upkeep

from .crash_points import UPKEEP, CrashPoints

_WITH_POINTS = frozenset(point.partition(".")[0] for point in UPKEEP)


class CrashingMaintenance:
    """`engine.maintenance`, with crash points."""

    def __init__(self, maintenance: Maintenance, points: CrashPoints) -> None:
        self._maintenance = maintenance
        self._points = points

    def __getattr__(self, verb: str) -> Any:
        call = getattr(self._maintenance, verb)
        if verb not in _WITH_POINTS:
            return call

        async def step(*arguments: Any) -> Any:
            self._points.reach(f"{verb}.before")
            done = await call(*arguments)
            self._points.reach(f"{verb}.after")
            return done

        return step


async def main(url: str) -> None:
    engine = await open_engine(url)
    maintenance: Any = CrashingMaintenance(engine.maintenance, CrashPoints())
    try:
        await run_upkeep(maintenance)
    finally:
        await engine.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
