"""Rules about which jobs exist, and how each ends."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from ..evidence import Evidence, Record, grouped

_TERMINAL = ("completed", "failed", "cancelled")


def lost(evidence: Evidence) -> Iterator[str]:
    """Every accepted job has a record in the end. Where the store deletes ended jobs, it may be known to have ended."""
    accepted = {note.job: note for note in evidence.submissions if note.answer == "accepted"}
    ended = set() if evidence.is_whole else _ended(evidence)
    for job in accepted.keys() - evidence.records.keys() - ended:
        yield f"job {job} ({accepted[job].mark}) was accepted and is lost"


def _ended(evidence: Evidence) -> set[str]:
    """Jobs that may have ended: by an answer, by a call without one, or under a lease whose worker died."""
    noted = {(note.job, note.fence) for note in evidence.finishes}
    last = {job: max(lease.fence for lease in leases) for job, leases in evidence.leases_by_job.items()}
    ended = {job for job, fence in last.items() if (job, fence) not in noted}
    ended |= {note.job for note in evidence.cancellations}
    ended |= {note.job for note in evidence.observations if note.state in _TERMINAL}
    return ended | {
        note.job for note in evidence.finishes if note.kind in _TERMINAL and note.status in ("ok", "unknown")
    }


def from_nowhere(evidence: Evidence) -> Iterator[str]:
    """Every record belongs to a request that was sent and not refused, or to a schedule."""
    answers = grouped(evidence.submissions, lambda note: note.mark)
    for record in evidence.records.values():
        notes = answers.get(record.mark, [])
        if record.schedule:
            continue
        if not notes:
            yield f"job {record.job} came from nowhere (its mark is {record.mark!r})"
        elif all(note.answer == "refused" for note in notes):
            yield f"job {record.job} exists, and its submission {record.mark} was refused"


def one_job_per_request(evidence: Evidence) -> Iterator[str]:
    """A request that was repeated with its idempotency key made one job."""
    if evidence.keys_end:
        return
    made = defaultdict[str, set[str]](set)
    for record in evidence.records.values():
        if record.mark:
            made[record.mark].add(record.job)
    for note in evidence.submissions:
        if note.answer == "accepted" and note.idempotency_key and not note.key:
            made[note.mark].add(note.job)
    for mark, jobs in made.items():
        if len(jobs) > 1:
            yield f"request {mark} made {len(jobs)} jobs: {', '.join(sorted(jobs))}"


def one_unfinished_job_per_key(evidence: Evidence) -> Iterator[str]:
    """While a tenant has an unfinished job with a business key, no second one is made."""
    keyed = [record for record in evidence.records.values() if record.key]
    for same in grouped(keyed, lambda record: f"{record.tenant} {record.key}").values():
        for first, second in pairwise(sorted(same, key=lambda record: record.created)):
            if first.finished is None or second.created < first.finished:
                yield (
                    f"job {second.job} was made at {second.created} with the key {second.key}, while {first.job} "
                    "with the same key was unfinished"
                )


def unfinished(evidence: Evidence) -> Iterator[str]:
    """Every job ends in a terminal state."""
    for record in evidence.records.values():
        if not record.is_terminal:
            yield f"job {record.job} ({record.mark}) is {record.state} in the end, after {record.attempt} attempts"


def changed_its_end(evidence: Evidence) -> Iterator[str]:
    """A terminal state never changes."""
    seen = defaultdict[str, set[str]](set)
    for note in evidence.observations:
        if note.state in _TERMINAL:
            seen[note.job].add(note.state)
    for finish in evidence.finishes:
        if finish.kind == "completed" and finish.status == "ok":
            seen[finish.job].add("completed")
    for job, states in seen.items():
        if job in evidence.records:
            states.add(evidence.records[job].state)
        if len(states) > 1:
            yield f"job {job} had ended, and changed: {' and '.join(sorted(states))}"


def one_tick_one_job(evidence: Evidence) -> Iterator[str]:
    """A tick of a schedule makes one job at most, and not before its time."""
    ticks = defaultdict[tuple[str, str, int], list[Record]](list)
    for record in evidence.records.values():
        if record.schedule:
            ticks[record.tenant, record.schedule, record.tick].append(record)
            if record.created < record.tick:
                yield f"schedule {record.schedule} made job {record.job} {record.tick - record.created} ms early"
    for (_, schedule, tick), records in ticks.items():
        if len(records) > 1:
            yield f"schedule {schedule} made {len(records)} jobs at the tick {tick}"


RULES = (
    lost,
    from_nowhere,
    one_job_per_request,
    one_unfinished_job_per_key,
    unfinished,
    changed_its_end,
    one_tick_one_job,
)
