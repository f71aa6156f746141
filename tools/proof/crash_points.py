"""Named points at which a process kills itself, so that a fault can strike between any two steps."""

from __future__ import annotations

import os
import signal
from collections import Counter
from typing import Final

VARIABLE: Final = "PROOF_CRASH"
"""The environment variable that names a point, and which time that it is reached: "claim.after:3"."""

WORKER = (
    "claim.before", "claim.after", "start", "run", "finish.before", "finish.after", "extend.before", "extend.after",
)  # fmt: skip
UPKEEP = tuple(f"{verb}.{when}" for verb in ("promote", "fire", "reap", "prune") for when in ("before", "after"))


class CrashPoints:
    """The points of this process."""

    def __init__(self, wanted: str | None = None) -> None:
        point, _, time = (os.environ.get(VARIABLE, "") if wanted is None else wanted).partition(":")
        self._point = point
        self._time = int(time or 1)
        self._reached = Counter[str]()

    def reach(self, point: str) -> None:
        """Die here if this is the point and the time."""
        if point == self._point:
            self._reached[point] += 1
            if self._reached[point] == self._time:
                os.kill(os.getpid(), signal.SIGKILL)
