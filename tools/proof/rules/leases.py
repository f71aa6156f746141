"""Rules about leases and their fences."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from ..evidence import Evidence, grouped
from ..notes import Extended, Finished


def held_twice(evidence: Evidence) -> Iterator[str]:
    """A job has one lease at a time: by the workers' notes, and by its record."""
    for job, leases in evidence.leases_by_job.items():
        for first, second in pairwise(sorted(leases, key=lambda lease: lease.since)):
            if second.since < first.until:
                yield (
                    f"job {job} was held by {first.worker} (fence {first.fence}) and {second.worker} "
                    f"(fence {second.fence}) from {second.since} to {min(first.until, second.until)} µs"
                )
    for record in evidence.records.values():
        for earlier, later in pairwise(sorted(record.tries, key=lambda one: one.started)):
            if earlier.ended is None or later.started < earlier.ended:
                yield f"job {record.job}: attempt {later.number} began before attempt {earlier.number} had ended"


def fence_fell(evidence: Evidence) -> Iterator[str]:
    """Each lease of a job has a higher fence than the leases before it."""
    for job, leases in evidence.leases_by_job.items():
        for first, second in pairwise(sorted(leases, key=lambda lease: lease.fence)):
            if first.fence == second.fence:
                yield f"job {job} was leased twice with fence {first.fence}"
            elif second.since < first.asked:
                yield f"job {job} got fence {first.fence} after fence {second.fence}"


def accepted_when_stale(evidence: Evidence) -> Iterator[str]:
    """Nothing is accepted under a fence once a worker has a higher one.

    A repeat of an end whose reply was lost gets the first answer, so the first call of each end counts.
    """
    first: dict[tuple[str, int], int] = {}
    for end in sorted(evidence.finishes, key=lambda note: note.at):
        first.setdefault((end.job, end.fence), end.at)
    calls: list[tuple[Finished | Extended, int, str]] = [
        (note, first[note.job, note.fence], "end") for note in evidence.finishes
    ]
    calls += [(note, note.at, "renewal") for note in evidence.extensions]
    for note, at, what in calls:
        if note.status in ("stale_lease", "unknown"):
            continue
        for lease in evidence.leases_by_job.get(note.job, ()):
            if lease.fence > note.fence and lease.since < at:
                yield (
                    f"job {note.job}: the {what} by {note.who} under fence {note.fence} was accepted, though "
                    f"{lease.worker} had fence {lease.fence}"
                )
                break


def ended_twice(evidence: Evidence) -> Iterator[str]:
    """One lease at most completes a job, and no lease is accepted to end in two ways."""
    accepted = [note for note in evidence.finishes if note.status == "ok"]
    for job, notes in grouped(accepted, lambda note: note.job).items():
        completed = {note.fence for note in notes if note.kind == "completed"}
        if len(completed) > 1:
            yield f"job {job} was completed under {len(completed)} leases: fences {sorted(completed)}"
        for fence, kinds in grouped(notes, lambda note: str(note.fence)).items():
            if len({note.kind for note in kinds}) > 1:
                yield f"job {job}: the lease with fence {fence} ended as {sorted({note.kind for note in kinds})}"


def run_twice_under_a_lease(evidence: Evidence) -> Iterator[str]:
    """A task runs once under each lease, and never without one."""
    runs = grouped(evidence.runs, lambda note: f"{note.job} under fence {note.fence}")
    for lease, notes in runs.items():
        if len(notes) > 1:
            yield f"job {lease} ran {len(notes)} times"
    known = {(lease.job, lease.fence) for lease in evidence.leases}
    losses = any(note.lost_since for note in evidence.faults)
    for note in evidence.runs:
        if (note.job, note.fence) not in known and not losses:
            yield f"job {note.job} ran under fence {note.fence}, which no claim returned"


RULES = (held_twice, fence_fell, accepted_when_stale, ended_twice, run_twice_under_a_lease)
