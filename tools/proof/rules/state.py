"""Rules about the store and the processes at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from statistics import median

from ..evidence import Evidence


def totals_differ(evidence: Evidence) -> Iterator[str]:
    """The store's totals count each job once, however often a call was repeated."""
    if evidence.totals is None:
        return
    states = Counter(record.state for record in evidence.records.values())
    if evidence.totals.submitted != len(evidence.records):
        yield f"the store counts {evidence.totals.submitted} submitted jobs and has {len(evidence.records)}"
    if evidence.totals.completed != states["completed"]:
        yield f"the store counts {evidence.totals.completed} completed jobs and has {states['completed']}"


def doctor_finds(evidence: Evidence) -> Iterator[str]:
    """`fairlane doctor` finds nothing."""
    yield from evidence.doctor


def ended_unasked(evidence: Evidence) -> Iterator[str]:
    """Only processes end that the driver ended, or told to crash."""
    for note in evidence.ends:
        if not note.expected:
            yield f"{note.process} ended by itself with {note.code}"


LONG_US = 240 * 1_000_000
"""Processes that ran for less are not judged: imports and caches still grow."""
MOST_GROWTH = 1.05
MORE_DESCRIPTORS = 10
"""Connections of pools and files of jobs come and go."""


def grew(evidence: Evidence) -> Iterator[str]:
    """Processes take as much memory and as many descriptors in the end as in the beginning.

    The last quarter of a long run is compared with the second one. The store is judged by `leaked`: how much it holds
    during the run depends on the faults.
    """
    for process, samples in evidence.samples.items():
        if samples[-1].at - samples[0].at < LONG_US:
            continue
        quarter = len(samples) // 4
        early, late = samples[quarter : 2 * quarter], samples[-quarter:]
        memory = [median(one.memory for one in part) for part in (early, late)]
        descriptors = [median(one.descriptors for one in part) for part in (early, late)]
        if memory[1] > memory[0] * MOST_GROWTH:
            yield f"{process} grew from {memory[0] / 1e6:.1f} to {memory[1] / 1e6:.1f} MB"
        if descriptors[1] > descriptors[0] * MOST_GROWTH + MORE_DESCRIPTORS:
            yield f"{process} had {descriptors[0]:.0f} descriptors, and then {descriptors[1]:.0f}"


MOST_KEYS_AT_REST = 40
"""Totals, histories, limits and the like, whose number does not depend on how many jobs there were."""

MOST_BYTES_AT_REST = 1_000_000


def leaked(evidence: Evidence) -> Iterator[str]:
    """After retention, nothing is left of the jobs."""
    left = evidence.keys_at_rest
    if len(left) > MOST_KEYS_AT_REST:
        yield f"after retention, the store still has {len(left)} keys, such as {', '.join(list(left)[:10])}"
    if sum(left.values()) > MOST_BYTES_AT_REST:
        largest = max(left, key=lambda key: left[key])
        yield f"after retention, the store still has {sum(left.values())} bytes, {left[largest]} of them in {largest}"


def left_behind(evidence: Evidence) -> Iterator[str]:
    """No process outlives the process that started it."""
    yield from evidence.survivors


RULES = (totals_differ, doctor_finds, ended_unasked, grew, leaked, left_behind)
