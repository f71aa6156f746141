"""Suspects: jobs under which a worker process died. A worker runs one at a time, so that the next death names it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..model.lease import Lease
from .running import RunningJob


class Suspects:
    """The suspects of a worker, in the order of their fences. The others wait, with their leases.

    If the process dies, the store blames the suspect with the lowest fence. Therefore that one runs, and the next one
    begins only when the store has the outcome of the last one.
    """

    def __init__(self, run: Callable[[RunningJob], None], held: Mapping[str, RunningJob]) -> None:
        """`held` are the jobs of the worker that have not ended, by token."""
        self._run = run
        self._held = held
        self._waiting: dict[str, RunningJob] = {}
        self._current: Lease | None = None

    def __len__(self) -> int:
        """How many suspects have not ended."""
        runs = self._current is not None and self._current.token in self._held
        return len(self._waiting) + runs

    @property
    def waiting(self) -> list[RunningJob]:
        return list(self._waiting.values())

    def may_add(self, lease: Lease) -> bool:
        """Whether the order of fences holds with this lease. Claims are not always answered in their order."""
        return self._current is None or lease.fence > self._current.fence

    def add(self, job: RunningJob) -> None:
        """Run `job` when its turn comes."""
        self._waiting[job.lease.token] = job
        self._run_next()

    def drop(self, job: RunningJob) -> bool:
        """Forget `job` if it waits; whether it did."""
        return self._waiting.pop(job.lease.token, None) is not None

    def settled(self, token: str) -> None:
        """The store has the outcome of this lease, or never will."""
        if self._current is not None and self._current.token == token:
            self._current = None
            self._run_next()

    def _run_next(self) -> None:
        if self._current is None and self._waiting:
            job = min(self._waiting.values(), key=lambda each: each.lease.fence)
            del self._waiting[job.lease.token]
            self._current = job.lease
            self._run(job)
