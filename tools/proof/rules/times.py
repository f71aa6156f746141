"""Rules about when jobs run."""

from __future__ import annotations

from collections.abc import Iterator

from ..evidence import Evidence


def early(evidence: Evidence) -> Iterator[str]:
    """No job starts before its delay is over, nor again before the time for which it was snoozed."""
    delays = {note.job: note.delay_ms for note in evidence.submissions if note.answer == "accepted" and not note.key}
    for job, delay in delays.items():
        if (record := evidence.records.get(job)) is None:
            continue
        for one in record.tries:
            if one.started < record.created + delay:
                yield f"job {job} started {record.created + delay - one.started} ms before its delay was over"
    for note in evidence.finishes:
        if note.kind != "snoozed" or note.status != "ok":
            continue
        for lease in evidence.leases_by_job.get(note.job, ()):
            if lease.fence > note.fence and lease.since < note.at + note.delay_ms * 1_000:
                yield f"job {note.job}, snoozed for {note.delay_ms} ms at {note.at} µs, ran again at {lease.since} µs"


def late(evidence: Evidence) -> Iterator[str]:
    """Once all faults have healed, jobs end within a bound."""
    healed = evidence.phase("healed")
    if healed is None:
        return
    for record in evidence.records.values():
        due = max(healed.store_at, record.created)
        if record.finished is not None and record.finished > due + evidence.late_ms:
            yield f"job {record.job} ended {record.finished - due} ms after it was due, at most {evidence.late_ms}"


RULES = (early, late)
