"""When a schedule is due: a cron rule in a time zone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache, lru_cache
from itertools import takewhile
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

from .errors import InvalidInput


class CronRule:
    """The times (Unix ms) of a rule of five fields, in minutes: "0 3 * * MON-FRI".

    When clocks go forward, ticks in the skipped hour are due right after it. When they go back, a rule with a fixed
    hour is due in the first of the two hours only, a rule with `*` in both.
    """

    def __init__(self, cron: str, timezone: str) -> None:
        """Raises InvalidInput."""
        self._cron = cron
        self._zone = _zone(timezone)
        if len(cron) > 200 or len(cron.split()) != 5:
            raise InvalidInput('cron must have five fields (minute hour day month weekday), as in "0 3 * * *"', "/cron")
        try:
            next(self.after(int(datetime.now(UTC).timestamp() * 1000)))
            self.words = CronSim(cron, datetime.now(UTC)).explain()
            """The rule in English, without its time zone."""
        except CronSimError as error:
            raise InvalidInput(f"cron: {str(error).lower()} in {cron!r}", "/cron") from None
        except StopIteration:
            raise InvalidInput(f"cron: {cron!r} never comes", "/cron") from None

    def after(self, ms: int) -> Iterator[int]:
        """The times after `ms`, in order, without repeats."""
        last = ms
        for at in CronSim(self._cron, datetime.fromtimestamp(ms / 1000, self._zone)):
            tick = round(at.timestamp() * 1000)
            # CronSim reports a time in a skipped hour together with the next due time, and a fixed time in a
            # repeated hour twice.
            if tick > last:
                last = tick
                yield tick

    def latest(self, ms: int, count: int) -> list[int]:
        """The last `count` times up to `ms`. At least this many must exist."""
        span_ms = count * 60_000
        while True:
            found = list(takewhile(lambda tick: tick <= ms, self.after(ms - span_ms)))
            if len(found) >= count:
                return found[-count:]
            span_ms *= 2


@lru_cache(maxsize=1024)
def cron_rule(cron: str, timezone: str) -> CronRule:
    """The rule, checked once. Raises InvalidInput."""
    return CronRule(cron, timezone)


def _zone(name: str) -> ZoneInfo:
    if name not in _zone_names():
        raise InvalidInput(
            f'timezone must be a name of the IANA database, such as "Europe/Paris" or "UTC", not {name[:100]!r}',
            "/timezone",
        )
    return ZoneInfo(name)


@cache
def _zone_names() -> frozenset[str]:
    """The zones of the IANA database, which mean the same on every machine."""
    return frozenset(available_timezones()) - {"localtime", "Factory"}
