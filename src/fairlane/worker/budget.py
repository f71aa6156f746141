"""How many more jobs a worker may ask for."""

from __future__ import annotations

from collections.abc import Sized


class Budget:
    """Slots that are neither taken nor asked for, and the jobs that are left of `max_jobs`."""

    def __init__(self, slots: int, max_jobs: int | None, running: Sized) -> None:
        """`running` are the jobs that take a slot now."""
        self._slots = slots
        self._left = max_jobs
        self._running = running
        self._asked = 0

    @property
    def free(self) -> int:
        """How many jobs the next claim may ask for."""
        free = self._slots - len(self._running) - self._asked
        return free if self._left is None else min(free, self._left - self._asked)

    def ask(self, jobs: int) -> None:
        """A claim for `jobs` jobs is about to be sent."""
        self._asked += jobs

    def answered(self, jobs: int) -> None:
        """The claim for `jobs` jobs was answered."""
        self._asked -= jobs

    def start_one(self) -> None:
        """One of the claimed jobs is about to run."""
        if self._left is not None:
            self._left -= 1

    @property
    def is_used_up(self) -> bool:
        """Whether the worker has taken as many jobs as it ever may."""
        return self._left == 0
