"""The backlog of an outbox, as families."""

from __future__ import annotations

from collections.abc import Iterator

from .families import Family, Sample


def outbox_families(waiting: int, oldest_seconds: float, refused: int) -> Iterator[Family]:
    """`oldest_seconds` is 0 if no entry waits."""
    for name, help_text, value in (
        ("waiting", "Entries that wait to be submitted.", waiting),
        ("oldest_seconds", "Time that the oldest of them has waited.", oldest_seconds),
        ("refused", "Entries that the queue will never accept.", refused),
    ):
        yield Family(f"fairlane_outbox_{name}", "gauge", help_text, [Sample({}, value)])
