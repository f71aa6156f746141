"""What workers count: how long jobs waited and ran, and how attempts ended.

A count is named wait/QUEUE/BOUND, run/QUEUE/BOUND or ended/QUEUE/TASK/OUTCOME. BOUND is the least bound (ms) of a
histogram that the time does not exceed, `more` beyond the last one, or `sum` for the sum of the times (ms).
"""

from __future__ import annotations

from bisect import bisect_left

import msgspec

from .names import NAME_LENGTH

BOUNDS_MS = (5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 1_800_000)
MORE = "more"
SUM = "sum"
MAX_REPORTED_COUNTS = 1_000
"""Counts in one report. A worker sends the others with the next one."""

_NAME = rf"[A-Za-z0-9._:@-]{{1,{NAME_LENGTH}}}"
COUNT_PATTERN = rf"^((wait|run)/{_NAME}/([0-9]{{1,7}}|more|sum)|ended/{_NAME}/{_NAME}/[a-z_]{{1,20}})$"

_LABELS = (*map(str, BOUNDS_MS), MORE)


class WorkCounts(msgspec.Struct, frozen=True):
    """One report of a worker. The store adds it once, however often it is sent."""

    number: int
    """Rises with each report of the worker, also when it restarts under the same id."""
    counts: dict[str, int]
    """By how much each count has risen since the report before."""


def bound_of(ms: float) -> str:
    """The BOUND that counts a time."""
    return _LABELS[bisect_left(BOUNDS_MS, ms)]
