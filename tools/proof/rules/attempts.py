"""Rules about attempts."""

from __future__ import annotations

from collections.abc import Iterator

from ..evidence import Evidence


def too_many_attempts(evidence: Evidence) -> Iterator[str]:
    """No job has more attempts than it may."""
    for lease in evidence.leases:
        if lease.attempt > lease.most_attempts:
            yield f"job {lease.job} was leased for attempt {lease.attempt} of {lease.most_attempts}"
    for record in evidence.records.values():
        if record.attempt > record.most_attempts:
            yield f"job {record.job} had {record.attempt} attempts, at most {record.most_attempts}"


def failed_with_attempts_left(evidence: Evidence) -> Iterator[str]:
    """A job fails only when its attempts are used up."""
    for record in evidence.records.values():
        if record.state == "failed" and record.attempt < record.most_attempts:
            yield f"job {record.job} failed after {record.attempt} of {record.most_attempts} attempts"


RULES = (too_many_attempts, failed_with_attempts_left)
