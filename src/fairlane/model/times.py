"""Instants: the range that is accepted, and how stored times are shown."""

from __future__ import annotations

from datetime import UTC, datetime

from .errors import InvalidInput
from .job import MAX_DELAY_MS

_MAX_DELAY_DAYS = MAX_DELAY_MS // 86_400_000
_FIRST = datetime(1, 1, 1, tzinfo=UTC)
_LAST = datetime(9999, 12, 31, tzinfo=UTC)


def utc(seconds: float) -> datetime:
    """A Unix time as a datetime. A time before year 1 or after 9999 becomes the first or last day of that range.

    A listing can then be shown even if one stored time is out of range.
    """
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return _LAST if seconds > 0 else _FIRST


def check_time(at: datetime, pointer: str = "") -> datetime:
    """Return `at` if it can be shown in UTC. Raises InvalidInput otherwise."""
    try:
        at.astimezone(UTC)
    except OverflowError:
        raise InvalidInput("a time must be within the years 1 to 9999 in UTC", pointer) from None
    return at


def start_ms(run_at: datetime, now: float, pointer: str = "") -> int:
    """The Unix time in ms before which a job must not start. Raises InvalidInput for one too far from `now`."""
    ms = round(run_at.timestamp() * 1000)
    if ms > now * 1000 + MAX_DELAY_MS:
        raise InvalidInput(f"a job may be put off by {_MAX_DELAY_DAYS} days at most", pointer)
    return max(1, ms)  # 0 means no start time
