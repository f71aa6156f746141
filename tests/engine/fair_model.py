"""Who should be served next in one queue, in plain Python: virtual times in a dictionary."""

from __future__ import annotations

from collections import Counter

from fairlane.model.tenant import Fairness


class FairModel:
    """One queue without limits, of which a worker claims one job at a time."""

    def __init__(self, fairness: Fairness) -> None:
        self._by_seconds = fairness is Fairness.SECONDS
        self._start_cost = 0.1 if self._by_seconds else 1.0
        self.weights: dict[str, float] = {}
        self.waiting = Counter[str]()
        self._times: dict[str, float] = {}
        self._owed: dict[str, float] = {}
        self._floor = 0.0

    def submit(self, tenant: str) -> None:
        if not self.waiting[tenant]:
            self._enter(tenant)
        self.waiting[tenant] += 1

    def claim(self) -> str | None:
        """The tenant that is served."""
        runnable = [tenant for tenant, waiting in self.waiting.items() if waiting]
        if not runnable:
            return None
        tenant = min(runnable, key=lambda tenant: (self._times[tenant], tenant))
        self._floor = max(self._floor, self._times[tenant])
        self._times[tenant] += self._start_cost / self.weights[tenant]
        self._owed[tenant] = 0.0
        self.waiting[tenant] -= 1
        return tenant

    def end(self, tenant: str, seconds: float, *, back: bool) -> None:
        """A lease ends after so long; `back`: its job waits again."""
        if self._by_seconds:
            cost = max(0.0, seconds - self._start_cost) / self.weights[tenant]
            self._times[tenant] += cost
            self._owed[tenant] += cost
        if back:
            self.submit(tenant)

    def _enter(self, tenant: str) -> None:
        """No earlier than the floor, no further ahead than the last start and what it owes."""
        latest = self._floor + self._start_cost / self.weights[tenant] + self._owed.get(tenant, 0.0)
        self._times[tenant] = min(max(self._times.get(tenant, 0.0), self._floor), latest)
