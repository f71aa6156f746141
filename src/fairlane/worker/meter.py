"""Counts how long jobs waited and ran, and how attempts ended."""

from __future__ import annotations

import threading
import time
from collections import Counter

from ..model.lease import FailureKind, Lease, Outcome, OutcomeKind
from ..model.work import MAX_REPORTED_COUNTS, SUM, WorkCounts, bound_of


class WorkMeter:
    """The counts of a worker, and which of them the store has. Safe from any thread."""

    def __init__(self) -> None:
        self._totals: Counter[tuple[str, ...]] = Counter()
        self._taken: Counter[tuple[str, ...]] = Counter()
        """The counts that reports contain."""
        self._report: WorkCounts | None = None
        """A report that the store may lack. It is repeated as it is, so that the store can tell."""
        self._number = 0
        self._lock = threading.Lock()

    def started(self, lease: Lease) -> None:
        """An attempt begins."""
        if lease.waited_seconds is not None:
            with self._lock:
                self._add_time("wait", lease.queue, lease.waited_seconds * 1000)

    def ended(self, lease: Lease, outcome: str, run_seconds: float | None) -> None:
        """An attempt has ended. `run_seconds` is None if the task never began."""
        with self._lock:
            self._totals["ended", lease.queue, lease.task, outcome] += 1
            if run_seconds is not None:
                self._add_time("run", lease.queue, run_seconds * 1000)

    def _add_time(self, kind: str, queue: str, ms: float) -> None:
        self._totals[kind, queue, bound_of(ms)] += 1
        self._totals[kind, queue, SUM] += round(ms)

    def report(self) -> WorkCounts | None:
        """What the store may lack; None if it has everything."""
        with self._lock:
            if self._report is None:
                counts = {}
                for name, total in self._totals.items():
                    if total > self._taken[name]:
                        counts["/".join(name)] = total - self._taken[name]
                        self._taken[name] = total
                        if len(counts) == MAX_REPORTED_COUNTS:
                            break
                if counts:
                    # A worker that restarts under the same id goes on with higher numbers.
                    self._number = max(self._number + 1, time.time_ns() // 1_000_000)
                    self._report = WorkCounts(self._number, counts)
            return self._report

    def has_reported(self, report: WorkCounts | None) -> None:
        """The store has added this report."""
        with self._lock:
            if report is self._report:
                self._report = None

    def totals(self) -> dict[str, int]:
        """All counts since the worker started."""
        with self._lock:
            return {"/".join(name): total for name, total in self._totals.items() if total}


def outcome_label(lease: Lease, outcome: Outcome | None) -> str:
    """How an attempt ended, in one word: `dead` if it was the last one, `failed` if the job will be retried."""
    if outcome is None:
        return "lost"
    if outcome.kind is not OutcomeKind.FAILED:
        return outcome.kind.value
    if outcome.failure is FailureKind.UNFIT:
        return "unfit"
    is_last = outcome.failure is FailureKind.REJECTED or lease.attempt >= lease.max_attempts
    return "dead" if is_last else "failed"
