"""How many more jobs a worker may ask for."""

from __future__ import annotations

from collections.abc import Callable


class Budget:
    """Slots that are neither taken nor asked for, and the jobs that are left of `max_jobs`."""

    def __init__(self, slots: int, max_jobs: int | None, taken: Callable[[], int]) -> None:
        """`taken` says how many slots have a job."""
        self._slots = slots
        self._left = max_jobs
        self._taken = taken
        self._asked = 0

    @property
    def free(self) -> int:
        """How many jobs the next claim may ask for."""
        free = self._slots - self._taken() - self._asked
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
