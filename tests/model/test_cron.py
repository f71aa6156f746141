"""When a rule is due, also where clocks change."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest

from fairlane.model.cron import CronRule
from fairlane.model.errors import InvalidInput


def runs(cron: str, zone: str, after: str, count: int) -> list[str]:
    start = datetime.fromisoformat(after).replace(tzinfo=ZoneInfo(zone))
    ticks = islice(CronRule(cron, zone).after(round(start.timestamp() * 1000)), count)
    return [datetime.fromtimestamp(ms / 1000, ZoneInfo(zone)).isoformat() for ms in ticks]


@pytest.mark.parametrize(
    ("zone", "cron", "after", "first", "second"),
    [
        ("Europe/Paris", "30 2 * * *", "2026-03-28T12:00", "2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"),
        (
            "America/New_York", "30 2 * * *", "2026-03-07T12:00",
            "2026-03-08T03:00:00-04:00", "2026-03-09T02:30:00-04:00",
        ),
        (
            "Australia/Lord_Howe", "15 2 * * *", "2026-10-03T12:00",
            "2026-10-04T02:30:00+11:00", "2026-10-05T02:15:00+11:00",
        ),
    ],
)  # fmt: skip
def test_clocks_go_forward(zone: str, cron: str, after: str, first: str, second: str) -> None:
    assert runs(cron, zone, after, 2) == [first, second]


@pytest.mark.parametrize(
    ("zone", "cron", "after", "first", "second"),
    [
        ("Europe/Paris", "30 2 * * *", "2026-10-24T12:00", "2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"),
        (
            "America/New_York", "30 1 * * *", "2026-10-31T12:00",
            "2026-11-01T01:30:00-04:00", "2026-11-02T01:30:00-05:00",
        ),
        (
            "Australia/Lord_Howe", "45 1 * * *", "2026-04-04T12:00",
            "2026-04-05T01:45:00+11:00", "2026-04-06T01:45:00+10:30",
        ),
    ],
)  # fmt: skip
def test_clocks_go_back_and_a_fixed_hour_comes_once(zone: str, cron: str, after: str, first: str, second: str) -> None:
    assert runs(cron, zone, after, 2) == [first, second]


def test_clocks_go_back_and_every_half_hour_is_a_half_hour() -> None:
    zone = ZoneInfo("Europe/Paris")
    start = datetime(2026, 10, 25, 1, 45, tzinfo=zone)
    ticks = list(islice(CronRule("*/30 * * * *", "Europe/Paris").after(round(start.timestamp() * 1000)), 8))
    assert {later - earlier for earlier, later in pairwise(ticks)} == {30 * 60_000}


@pytest.mark.parametrize(
    ("cron", "zone", "day"),
    [
        ("30 2 * * *", "Europe/Paris", "2026-10-25"),
        ("0 2,3 * * *", "Europe/Paris", "2026-03-29"),
        ("*/20 * * * *", "Europe/Paris", "2026-10-25"),
        ("45 1 * * *", "Australia/Lord_Howe", "2026-04-05"),
        ("0,15 2 * * *", "Australia/Lord_Howe", "2026-10-04"),
    ],
)
def test_ticks_are_the_same_from_wherever_one_looks(cron: str, zone: str, day: str) -> None:
    """Also from within an hour that comes twice, and each comes once."""
    rule = CronRule(cron, zone)
    begin = round(datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)
    ticks = list(islice(rule.after(begin), 60))
    assert ticks == sorted(set(ticks))
    for minute in range(0, 8 * 60, 5):
        after = begin + minute * 60_000
        later = [tick for tick in ticks if tick > after]
        assert list(islice(rule.after(after), 20)) == later[:20]


def test_the_last_ticks_before_a_time() -> None:
    rule = CronRule("0 3 * * MON", "UTC")
    now = round(datetime(2026, 3, 2, 3, tzinfo=UTC).timestamp() * 1000)
    assert rule.latest(now, 3) == [now - 14 * 86_400_000, now - 7 * 86_400_000, now]


def test_words() -> None:
    assert CronRule("0 9 * * MON-FRI", "UTC").words == "At 09:00 on Monday through Friday"


@pytest.mark.parametrize(
    "zone", ["localtime", "posixrules", "Factory", "posix/Europe/Paris", "right/UTC", "europe/paris", "tzdata.zi", ""]
)
def test_names_that_are_not_zones_of_the_iana_database_are_refused(zone: str) -> None:
    with pytest.raises(InvalidInput, match="timezone must be a name of the IANA database"):
        CronRule("0 3 * * *", zone)
