"""Outcomes that wait to be sent."""

from __future__ import annotations

from collections.abc import Sequence

from ..model.lease import Outcome

MOST_BYTES = 1024 * 1024
"""Results that go in one call, unless one alone is larger: the store serves nobody else meanwhile."""


class Outbox:
    """Outcomes in the order that their jobs ended."""

    def __init__(self) -> None:
        self._waiting: list[Outcome] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, outcome: Outcome) -> None:
        self._waiting.append(outcome)

    def take(self, most: int) -> list[Outcome]:
        """Remove and return the oldest, up to `most` and about MOST_BYTES."""
        count = size = 0
        for outcome in self._waiting[:most]:
            if outcome.result is not None:
                size += len(memoryview(outcome.result))
                if size > MOST_BYTES and count:
                    break
            count += 1
        taken, self._waiting = self._waiting[:count], self._waiting[count:]
        return taken

    def put_back(self, outcomes: Sequence[Outcome]) -> None:
        """Put outcomes that could not be sent before all others."""
        self._waiting[:0] = outcomes
