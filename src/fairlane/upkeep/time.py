"""Keep time: notice when the store's clock is set forward or back."""

from __future__ import annotations

from ..backend import Maintenance
from .loop import Duty

INTERVAL_MS = 500


def keep_time(upkeep: Maintenance) -> Duty:
    """The duty that compares the store's clock with the one of this process."""
    return Duty("time", INTERVAL_MS, upkeep.keep_time)
