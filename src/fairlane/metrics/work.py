"""What workers count, as families: how long jobs waited and ran, and how attempts ended."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from ..model.work import BOUNDS_MS, MORE, SUM
from .families import Family, Sample

OTHERS = "(others)"
"""Stands for the queues and tasks beyond a bound. No queue can have this name."""
MAX_HISTOGRAMS = 100
"""Queues with their own histograms: those with the most jobs."""
MAX_ATTEMPT_SERIES = 1_000

_BOUNDS = tuple(map(str, BOUNDS_MS))
_WAIT = "Time that jobs were pending before an attempt."
_RUN = "Run time of attempts."
_ATTEMPTS = (
    "Attempts that ended: completed, failed (retried later), dead (no attempt is left), cancelled, snoozed, released "
    "(given back by a worker that stops), unfit (handed back to other versions) or lost (its lease)."
)


def work_families(work: Mapping[str, int]) -> Iterator[Family]:
    """The families of counts whose names model/work.py describes."""
    times: dict[str, dict[str, dict[str, int]]] = {"wait": defaultdict(dict), "run": defaultdict(dict)}
    ended: Counter[tuple[str, str, str]] = Counter()
    for name, value in work.items():
        kind, queue, *rest = name.split("/")
        if kind == "ended":
            ended[queue, rest[0], rest[1]] += value
        else:
            times[kind][queue][rest[0]] = value
    yield _histogram("fairlane_job_wait_seconds", _WAIT, times["wait"])
    yield _histogram("fairlane_job_run_seconds", _RUN, times["run"])
    yield Family("fairlane_attempts_total", "counter", _ATTEMPTS, list(_attempts(ended)))


def _histogram(name: str, help_text: str, by_queue: Mapping[str, Mapping[str, int]]) -> Family:
    merged: dict[str, Counter[str]] = defaultdict(Counter)
    largest = sorted(by_queue, key=lambda queue: (-_jobs(by_queue[queue]), queue))
    for place, queue in enumerate(largest):
        merged[queue if place < MAX_HISTOGRAMS and queue != "*" else OTHERS].update(by_queue[queue])
    samples = [sample for queue, counts in sorted(merged.items()) for sample in _buckets(queue, counts)]
    return Family(name, "histogram", help_text, samples)


def _jobs(counts: Mapping[str, int]) -> int:
    return sum(value for bound, value in counts.items() if bound != SUM)


def _buckets(queue: str, counts: Mapping[str, int]) -> Iterator[Sample]:
    total = 0
    for bound, label in zip(BOUNDS_MS, _BOUNDS, strict=True):
        total += counts.get(label, 0)
        yield Sample({"queue": queue, "le": f"{bound / 1000:g}"}, total, "_bucket")
    total += counts.get(MORE, 0)
    yield Sample({"queue": queue, "le": "+Inf"}, total, "_bucket")
    yield Sample({"queue": queue}, counts.get(SUM, 0) / 1000, "_sum")
    yield Sample({"queue": queue}, total, "_count")


def _attempts(ended: Counter[tuple[str, str, str]]) -> Iterator[Sample]:
    merged: Counter[tuple[str, str, str]] = Counter()
    for place, ((queue, task, outcome), value) in enumerate(sorted(ended.items(), key=lambda item: (-item[1], item))):
        fits = place < MAX_ATTEMPT_SERIES and queue != "*"
        merged[(queue, task, outcome) if fits else (OTHERS, OTHERS, outcome)] += value
    for (queue, task, outcome), value in sorted(merged.items()):
        yield Sample({"queue": queue, "task": task, "outcome": outcome}, value)
