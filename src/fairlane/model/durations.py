"""Durations and rates as people write them: "30s", "10m", 1.5, "10/1m"."""

from __future__ import annotations

import re
from datetime import timedelta

from .errors import InvalidInput

_UNITS_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)", re.ASCII)


def parse_duration_ms(value: str | float | timedelta, what: str = "duration") -> int:
    """Milliseconds of "500ms", "30s", "10m", "2h", "7d", of a number of seconds, or of a timedelta.

    Raises InvalidInput for anything else, and for negative durations.
    """
    if isinstance(value, timedelta):
        ms = value.total_seconds() * 1000
    elif isinstance(value, str):
        match = _DURATION.fullmatch(value.strip())
        if match is None:
            raise InvalidInput(f'{what} must look like "500ms", "30s", "10m", "2h" or "7d", not {value!r}')
        ms = float(match[1]) * _UNITS_MS[match[2]]
    else:
        try:
            ms = float(value) * 1000
        except (TypeError, ValueError, OverflowError):
            raise InvalidInput(
                f'{what} must be text such as "30s", a number of seconds or a timedelta, not {value!r:.100}'
            ) from None
    if not 0 <= ms < float("inf"):
        raise InvalidInput(f"{what} must be 0 or more, and finite, not {value!r:.100}")
    return round(ms)


def format_duration(ms: int) -> str:
    """The shortest exact spelling that `parse_duration_ms` reads back."""
    for unit in ("d", "h", "m", "s"):
        if ms and ms % _UNITS_MS[unit] == 0:
            return f"{ms // _UNITS_MS[unit]}{unit}"
    return f"{ms}ms"
