"""Sample: keep the figures of each step of time, for the history of the whole."""

from __future__ import annotations

from ..backend import Maintenance
from .loop import Duty

INTERVAL_MS = 10_000


def sample(upkeep: Maintenance) -> Duty:
    """The duty that takes a sample at the beginning of each step."""
    return Duty("sample", INTERVAL_MS, upkeep.sample)
