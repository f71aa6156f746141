"""Outcomes that wait to be sent."""

from __future__ import annotations

from collections.abc import Sequence

from ..model.lease import Outcome


class Outbox:
    """Outcomes in the order that their jobs ended."""

    def __init__(self) -> None:
        self._waiting: list[Outcome] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, outcome: Outcome) -> None:
        self._waiting.append(outcome)

    def take(self, most: int) -> list[Outcome]:
        """Remove and return the oldest, up to `most`."""
        taken, self._waiting = self._waiting[:most], self._waiting[most:]
        return taken

    def put_back(self, outcomes: Sequence[Outcome]) -> None:
        """Put outcomes that could not be sent before all others."""
        self._waiting[:0] = outcomes
