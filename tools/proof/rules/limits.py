"""Rules about tenants' limits and shares."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fairlane.model.tenant import Rate

from ..evidence import Evidence

MOST = 1 << 60


@dataclass(frozen=True)
class _Span:
    """A lease: given between `asked` and `begin`, and held from `begin` to `end`."""

    asked: int
    begin: int
    end: int


def over_concurrency(evidence: Evidence) -> Iterator[str]:
    """No lease is given while its tenant holds as many as it may.

    By the workers' notes, in the machine's time, and by the records, in the store's.
    """
    noted = defaultdict[str, list[_Span]](list)
    for lease in evidence.leases:
        noted[lease.tenant].append(_Span(lease.asked, lease.since, lease.until))
    recorded = defaultdict[str, list[_Span]](list)
    for record in evidence.records.values():
        for one in record.tries:
            end = MOST if one.ended is None else one.ended
            recorded[record.tenant].append(_Span(one.started, one.started, end))
    for tenant, limits in evidence.limits.items():
        by_notes = [(note.at, note.until, note.concurrency) for note in limits]
        by_store = [(note.store_at, note.store_until, note.concurrency) for note in limits]
        yield from _over(tenant, noted[tenant], by_notes, "µs by the workers' notes")
        yield from _over(tenant, recorded[tenant], by_store, "ms by the store's records")


def _over(
    tenant: str, spans: Sequence[_Span], limits: Sequence[tuple[int, int, int | None]], where: str
) -> Iterator[str]:
    """A sweep over all begins and ends. At one time, ends come before begins.

    The lease that was given last was given after all were asked for, and before all of them had begun. So the highest
    limit of this time counts.
    """
    edges = [(span.begin, 1, i) for i, span in enumerate(spans) if span.end > span.begin]
    edges += [(span.end, 0, i) for i, span in enumerate(spans) if span.end > span.begin]
    live: dict[int, int] = {}
    for at, begins, i in sorted(edges):
        if not begins:
            del live[i]
            continue
        live[i] = spans[i].asked
        limit = _highest_limit(limits, max(live.values()), at)
        if len(live) > limit:
            yield f"tenant {tenant} held {len(live)} leases at {at} {where}, at most {limit}"


def _highest_limit(limits: Sequence[tuple[int, int, int | None]], since: int, until: int) -> int:
    """The highest limit that may have been in force at some time. Each is in force from somewhere in its change on."""
    settled = [value for _, changed, value in limits if changed <= since]
    changing = [value for began, changed, value in limits if changed > since and began <= until]
    possible = [*settled[-1:], *changing]
    return max((MOST if value is None else value for value in possible), default=MOST)


def over_start_rate(evidence: Evidence) -> Iterator[str]:
    """No sliding window holds more starts of a tenant than its rate allows."""
    starts = defaultdict[str, list[int]](list)
    for record in evidence.records.values():
        starts[record.tenant] += [one.started for one in record.tries]
    for tenant, allowed in evidence.tenants.items():
        yield from _over_rate(tenant, starts[tenant], allowed.start_rate, "starts")


def over_submit_rate(evidence: Evidence) -> Iterator[str]:
    """No sliding window holds more submissions of a tenant than its rate allows."""
    made = defaultdict[str, list[int]](list)
    for record in evidence.records.values():
        if not record.schedule:
            made[record.tenant].append(record.created)
    for tenant, allowed in evidence.tenants.items():
        yield from _over_rate(tenant, made[tenant], allowed.submit_rate, "submissions")


def _over_rate(tenant: str, times: Sequence[int], rate: Rate | None, what: str) -> Iterator[str]:
    if rate is None:
        return
    ordered, window = sorted(times), rate.window_us // 1_000
    for first, last in zip(ordered, ordered[rate.limit :], strict=False):
        if last - first < window:
            yield f"tenant {tenant}: {rate.limit + 1} {what} from {first} to {last} ms, at most {rate}"


def unfair(evidence: Evidence) -> Iterator[str]:
    """Between two tenants that always had jobs waiting, starts divided by weight differ by one of each at most.

    Judged for runs that mark the time of standing backlogs, from the phase `loaded` on until the first of the tenants
    has no job left that never started. Each lease that was lost or given back may shift the difference by one start.
    """
    loaded = evidence.phase("loaded")
    if loaded is None:
        return
    firsts = defaultdict[str, list[int]](list)
    for record in evidence.records.values():
        if record.tries and record.created <= loaded.store_at:
            firsts[record.tenant].append(min(one.started for one in record.tries))
    until = min((max(times) for times in firsts.values()), default=0)
    repeats = sum(len(record.tries) - 1 for record in evidence.records.values() if record.tries)
    starts = {tenant: sorted(at for at in times if loaded.store_at < at < until) for tenant, times in firsts.items()}
    yield from _lags(starts, {tenant: evidence.tenants[tenant].weight for tenant in starts}, repeats)


def _lags(starts: dict[str, list[int]], weights: dict[str, float], repeats: int) -> Iterator[str]:
    """The largest lag over any interval, per pair of tenants: the range of the difference of their running sums."""
    events = sorted((at, tenant) for tenant, times in starts.items() for at in times)
    counts = Counter[str]()
    low: dict[tuple[str, str], float] = {}
    high: dict[tuple[str, str], float] = {}
    pairs = [(a, b) for a in starts for b in starts if a < b]
    for i, (at, tenant) in enumerate(events):
        counts[tenant] += 1
        if i + 1 < len(events) and events[i + 1][0] == at:
            continue  # starts of one claim have one time, so an interval cannot part them
        for a, b in pairs:
            lag = counts[a] / weights[a] - counts[b] / weights[b]
            low[a, b] = min(low.get((a, b), 0.0), lag)
            high[a, b] = max(high.get((a, b), 0.0), lag)
    for (a, b), lowest in low.items():
        apart = high[a, b] - lowest
        bound = (1 + repeats) * (1 / weights[a] + 1 / weights[b])
        if apart > bound + 1e-9:
            yield f"tenants {a} and {b} came {apart:.1f} starts apart, at most {bound:.1f}"


RULES = (over_concurrency, over_start_rate, over_submit_rate, unfair)
