"""Decides which queue the next claim is for, if queues have weights."""

from __future__ import annotations

from collections.abc import Mapping

LOOK_AGAIN_SECONDS = 0.05
"""How soon a queue that had too few jobs is tried again."""


class QueueTurns:
    """Shares a worker's starts over its queues by weight.

    Each start advances its queue's virtual clock by 1/weight, and the next claim is for the queue whose clock is
    furthest behind. Over time, queues that have jobs get starts in the ratio of their weights, and none starves. An
    empty queue saves nothing up: its clock is set to that of the others, which share its starts. Times are on the
    monotonic clock.
    """

    def __init__(self, weights: Mapping[str, float]) -> None:
        self._weights = dict(weights)
        self._clocks = dict.fromkeys(weights, 0.0)
        self._empty_until: dict[str, float] = {}
        self._now = 0.0
        """The clock of the queue that was last chosen."""

    def next(self, at: float) -> str | None:
        """The queue to claim from; None for all of them, if each was found empty."""
        for queue, until in list(self._empty_until.items()):
            if at >= until:
                del self._empty_until[queue]
                self._clocks[queue] = max(self._clocks[queue], self._now)
        open_queues = [queue for queue in self._weights if queue not in self._empty_until]
        if not open_queues:
            return None
        chosen = min(open_queues, key=self._clocks.__getitem__)
        self._now = max(self._now, self._clocks[chosen])
        return chosen

    def charge(self, queue: str, starts: int) -> None:
        """Charge a queue for jobs that are started or asked for. A negative number of `starts` refunds."""
        if queue in self._weights:
            self._clocks[queue] += starts / self._weights[queue]

    def found_empty(self, queue: str, at: float) -> None:
        """The queue had fewer jobs than were asked for."""
        self._empty_until[queue] = at + LOOK_AGAIN_SECONDS
