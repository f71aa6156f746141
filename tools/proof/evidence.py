"""The evidence of a run: all notes, and the jobs as the store shows them in the end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TypeVar

import msgspec

from fairlane.model.tenant import Rate

from .notes import (
    AnyNote,
    Cancelling,
    Claimed,
    Ended,
    Extended,
    Fault,
    Finished,
    Limited,
    Observed,
    Phase,
    Ran,
    Sampled,
    Submitted,
)

N = TypeVar("N")


class Try(msgspec.Struct, frozen=True):
    """An attempt as the job's record tells it. Times are the store's, in ms."""

    number: int
    started: int
    ended: int | None
    outcome: str


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A job as the store shows it in the end. Times are the store's, in ms."""

    job: str
    tenant: str
    mark: str
    """Empty for a job of a schedule."""
    state: str
    created: int
    finished: int | None
    attempt: int
    most_attempts: int
    key: str = ""
    schedule: str = ""
    tick: int = 0
    """Of a job of a schedule."""
    tries: Sequence[Try] = ()

    @property
    def is_terminal(self) -> bool:
        return self.state in ("completed", "failed", "cancelled")


class Allowed(msgspec.Struct, frozen=True, kw_only=True):
    """What a tenant may do."""

    submit_rate: Rate | None = None
    start_rate: Rate | None = None
    weight: float = 1.0


class Totals(msgspec.Struct, frozen=True):
    """The store's running totals."""

    submitted: int
    completed: int


@dataclass(frozen=True, kw_only=True)
class Lease:
    """A lease as its worker saw it. It was live at least from `since` to `until` (µs, monotonic)."""

    job: str
    tenant: str
    attempt: int
    fence: int
    most_attempts: int
    worker: str
    asked: int
    """When the worker sent the claim."""
    since: int
    until: int


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What the rules judge."""

    notes: Sequence[AnyNote]
    records: Mapping[str, Record]
    tenants: Mapping[str, Allowed] = field(default_factory=dict)
    totals: Totals | None = None
    """None: not compared."""
    doctor: Sequence[str] = ()
    survivors: Sequence[str] = ()
    """Processes that are left when all have been ended."""
    keys_at_rest: Mapping[str, int] = field(default_factory=dict)
    """The store's keys and the bytes of each, once everything has passed its retention. Empty if the run keeps all."""
    is_whole: bool = True
    """Whether every job that was ever made must be among the records: nothing was pruned."""
    keys_end: bool = False
    """Whether idempotency keys may have ended during the run."""
    late_ms: int = 60_000
    """How long after it was due, and all faults had healed, a job may take to end."""

    def without_losses(self) -> Evidence:
        """The evidence without what a store forgot that answers before its fsync: the last moments before power loss.

        What was answered then counts as unanswered, and leases from then do not count.
        """
        losses = [(note.lost_since, note.at) for note in self.faults if note.lost_since]
        notes = [note for note in map(partial(_forgotten, losses), self.notes) if note is not None]
        return replace(self, notes=notes) if losses else self

    @cached_property
    def submissions(self) -> list[Submitted]:
        return self._all(Submitted)

    @cached_property
    def finishes(self) -> list[Finished]:
        return self._all(Finished)

    @cached_property
    def extensions(self) -> list[Extended]:
        return self._all(Extended)

    @cached_property
    def observations(self) -> list[Observed]:
        return self._all(Observed)

    @cached_property
    def cancellations(self) -> list[Cancelling]:
        return self._all(Cancelling)

    @cached_property
    def runs(self) -> list[Ran]:
        return self._all(Ran)

    @cached_property
    def faults(self) -> list[Fault]:
        return self._all(Fault)

    @cached_property
    def ends(self) -> list[Ended]:
        return self._all(Ended)

    @cached_property
    def samples(self) -> Mapping[str, list[Sampled]]:
        """By process, in order."""
        return grouped(self._all(Sampled), lambda note: note.process)

    @cached_property
    def limits(self) -> Mapping[str, list[Limited]]:
        """A tenant's limits in the order of their changes."""
        return grouped(self._all(Limited), lambda note: note.tenant)

    def phase(self, name: str) -> Phase | None:
        return next((note for note in self._all(Phase) if note.name == name), None)

    @cached_property
    def leases(self) -> list[Lease]:
        """Every lease that a worker was given."""
        last = {note.who: max(note.at, note.until) for note in sorted(self.notes, key=lambda note: note.at)}
        finished = {(note.job, note.fence): note.at for note in reversed(self.finishes)}
        renewed: dict[tuple[str, int], int] = {}
        for note in self.extensions:
            if note.status == "ok":
                lease = note.job, note.fence
                renewed[lease] = max(renewed.get(lease, 0), note.at + note.lease_ms * 1_000)
        found = []
        for claim in self._all(Claimed):
            for held in claim.leases:
                lease = held.job, held.fence
                expires = max(claim.at + claim.lease_ms * 1_000, renewed.get(lease, 0))
                found.append(
                    Lease(
                        job=held.job,
                        tenant=held.tenant,
                        attempt=held.attempt,
                        fence=held.fence,
                        most_attempts=held.most_attempts,
                        worker=claim.who,
                        asked=claim.at,
                        since=claim.until,
                        until=min(expires, finished.get(lease, expires), max(claim.until, last[claim.who])),
                    )
                )
        return found

    @cached_property
    def leases_by_job(self) -> Mapping[str, list[Lease]]:
        return grouped(self.leases, lambda lease: lease.job)

    def _all(self, kind: type[N]) -> list[N]:
        return [note for note in self.notes if isinstance(note, kind)]


def _forgotten(losses: Sequence[tuple[int, int]], note: AnyNote) -> AnyNote | None:
    if not any(since <= max(note.at, note.until) and note.at <= until for since, until in losses):
        return note
    if isinstance(note, Submitted) and note.answer == "accepted":
        return msgspec.structs.replace(note, answer="unknown", job="")
    if isinstance(note, Finished):
        return msgspec.structs.replace(note, status="unknown")
    return None if isinstance(note, Claimed | Extended | Observed) else note


def grouped(items: Iterable[N], key: Callable[[N], str]) -> Mapping[str, list[N]]:
    """The items by their key, in order."""
    groups = defaultdict[str, list[N]](list)
    for item in items:
        groups[key(item)].append(item)
    return groups
