"""Judges what clients and workers wrote down: a history is right, or each thing wrong with it is named."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from fairlane.model.job import Job
from fairlane.model.states import State


@dataclass(frozen=True)
class Held:
    """A lease, from when it was given to when it ended. Times are the store's, all in one unit."""

    job: str
    tenant: str
    fence: int
    begin: int
    end: int


@dataclass
class History:
    """A history. Clients note each answer here; calls without an answer are not noted."""

    acknowledged: set[str] = field(default_factory=set)
    """Jobs whose submission was answered."""
    held: list[Held] = field(default_factory=list)
    accepted: list[tuple[str, int, int]] = field(default_factory=list)
    """Ends of leases that the store agreed to: job, fence, time."""
    limits: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    """A tenant's concurrency from each time on."""
    events: dict[str, list[int]] = field(default_factory=dict)
    """Times of events that a rate counts, by tenant."""

    def problems(self, states: Mapping[str, State], rates: Mapping[str, tuple[int, int]] | None = None) -> list[str]:
        """What is wrong, given how all jobs stand at the end. `rates`: limit and window of a tenant."""
        found = [*unfinished(self.acknowledged, states), *overlapping(self.held), *over_limit(self.held, self.limits)]
        found += [*falling_fences(self.held), *accepted_late(self.accepted, self.held)]
        for tenant, (limit, window) in (rates or {}).items():
            found += [f"tenant {tenant}: {one}" for one in over_rate(self.events.get(tenant, []), limit, window)]
        return found


def unfinished(acknowledged: Iterable[str], states: Mapping[str, State]) -> Iterator[str]:
    """Each acknowledged job has one terminal record, and there is no other job."""
    acknowledged = set(acknowledged)
    for job in acknowledged - states.keys():
        yield f"job {job} was acknowledged and is lost"
    for job, state in states.items():
        if job not in acknowledged:
            yield f"job {job} came from nowhere"
        elif not state.is_terminal:
            yield f"job {job} is {state} in the end"


def overlapping(held: Iterable[Held]) -> Iterator[str]:
    """A job has one lease at a time."""
    for job, leases in _by_job(held).items():
        for first, second in pairwise(sorted(leases, key=lambda one: (one.begin, one.end))):
            if second.begin < first.end:
                yield f"job {job} is held twice from {second.begin} to {min(first.end, second.end)}"


def falling_fences(held: Iterable[Held]) -> Iterator[str]:
    """Every lease has a higher fence than those before it of the same job."""
    for job, leases in _by_job(held).items():
        for first, second in pairwise(sorted(leases, key=lambda one: (one.begin, one.fence))):
            if second.fence <= first.fence:
                yield f"job {job} has fence {second.fence} after {first.fence}"


def accepted_late(accepted: Iterable[tuple[str, int, int]], held: Iterable[Held]) -> Iterator[str]:
    """Nothing is accepted under a fence once a higher one was given."""
    leases = _by_job(held)
    for job, fence, at in accepted:
        newer = [one.fence for one in leases[job] if one.fence > fence and one.begin < at]
        if newer:
            yield f"job {job}: an end under fence {fence} was accepted at {at}, after fence {max(newer)} was given"


def over_limit(held: Iterable[Held], limits: Mapping[str, Sequence[tuple[int, int]]]) -> Iterator[str]:
    """No lease is given while a tenant holds as many as it may. A sweep over the begins and ends of all leases."""
    edges = defaultdict[str, list[tuple[int, int]]](list)
    for one in held:
        if one.end > one.begin:
            edges[one.tenant] += [(one.begin, 1), (one.end, -1)]
    for tenant, changes in limits.items():
        live = 0
        for at, step in sorted(edges[tenant]):  # at one time, ends come before begins
            live += step
            limit = [value for since, value in changes if since <= at][-1]
            if step > 0 and live > limit:
                yield f"tenant {tenant} holds {live} leases at {at}, at most {limit}"


def over_rate(times: Iterable[int], limit: int, window: int) -> Iterator[str]:
    """Every window that is open at one end holds as many events as the limit, at most."""
    ordered = sorted(times)
    for first, last in zip(ordered, ordered[limit:], strict=False):
        if last - first < window:
            yield f"{limit + 1} events from {first} to {last}, at most {limit} in {window}"


def held_by(job: Job) -> list[Held]:
    """The leases of a job as its own record tells them, in µs, its attempts standing in for the fences."""
    return [
        Held(
            job.id,
            job.tenant_id,
            attempt.number,
            round(attempt.started_at.timestamp() * 1_000_000),
            round(attempt.ended_at.timestamp() * 1_000_000),
        )
        for attempt in job.attempts
        if attempt.ended_at is not None
    ]


def _by_job(held: Iterable[Held]) -> dict[str, list[Held]]:
    by_job = defaultdict(list)
    for one in held:
        by_job[one.job].append(one)
    return by_job
