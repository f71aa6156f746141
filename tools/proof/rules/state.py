"""Rules about the store and the processes at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

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


RULES = (totals_differ, doctor_finds, ended_unasked)
