"""Schedules when several processes fire them: where clocks change, and when something comes in between."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from fairlane.engine import Engine
from fairlane.engine.partition import Partition
from fairlane.engine.schedules import EngineSchedules, Known
from fairlane.model.errors import InvalidInput, StoreFull
from fairlane.model.job import JobQuery
from fairlane.model.schedule import Missed, ScheduleSpec, plan_firing
from fairlane.store import Store
from tests.support.acting import lose_reply
from tests.support.clock import Clock

THREE = datetime(2026, 3, 2, 3, tzinfo=UTC)


def spec(cron: str = "0 3 * * *", **fields: Any) -> ScheduleSpec:
    return ScheduleSpec(
        **{"tenant_id": "acme", "name": "nightly", "cron": cron, "payload": msgspec.Raw(b"1"), **fields}
    )


def set_clock(clock: Clock, at: datetime) -> None:
    clock.now_us = round(at.timestamp() * 1_000_000)


async def ticks(engine: Engine, name: str = "nightly") -> list[str]:
    """For which ticks this schedule made jobs, in UTC and without the year."""
    found, cursor = [], None
    while True:
        page = await engine.jobs.list(JobQuery(limit=100, cursor=cursor))
        jobs = [await engine.jobs.get(job.id) for job in page.jobs]
        found += [job.headers["fairlane-scheduled-for"] for job in jobs if job.headers["fairlane-schedule"] == name]
        cursor = page.next_cursor
        if cursor is None:
            return sorted(datetime.fromisoformat(tick).strftime("%m-%d %H:%M") for tick in found)


@pytest.mark.parametrize(
    ("zone", "cron", "day", "expected"),
    [
        ("Europe/Paris", "30 2 * * *", "2026-03-28", ["03-28 01:30", "03-29 01:00", "03-30 00:30"]),
        ("Europe/Paris", "30 2 * * *", "2026-10-24", ["10-24 00:30", "10-25 00:30", "10-26 01:30"]),
        ("America/New_York", "30 2 * * *", "2026-03-07", ["03-07 07:30", "03-08 07:00", "03-09 06:30"]),
        ("America/New_York", "30 1 * * *", "2026-10-31", ["10-31 05:30", "11-01 05:30", "11-02 06:30"]),
        ("Australia/Lord_Howe", "15 2 * * *", "2026-10-03", ["10-02 15:45", "10-03 15:30", "10-04 15:15"]),
        ("Australia/Lord_Howe", "45 1 * * *", "2026-04-04", ["04-03 14:45", "04-04 14:45", "04-05 15:15"]),
    ],
)
async def test_clocks_change_while_three_processes_fire(
    store: Store, clock: Clock, engine: Engine, zone: str, cron: str, day: str, expected: list[str]
) -> None:
    """At a fixed time: once a day. Each half hour: every half hour, whatever clocks show."""
    begin = datetime.fromisoformat(f"{day}T00:00:00+00:00") - timedelta(hours=12, seconds=1)
    end = begin + timedelta(days=3)
    set_clock(clock, begin)
    await engine.schedules.put(spec(cron, timezone=zone))
    await engine.schedules.put(spec("*/30 * * * *", timezone=zone, name="often"))
    engines = [engine, await Engine.open(store, clock=clock), await Engine.open(store, clock=clock)]
    while clock.now_ms < end.timestamp() * 1000:
        steps = await asyncio.gather(*(each.maintenance.fire(10) for each in engines))
        if not any(step.count for step in steps):
            clock.advance(ms=min(step.next_ms for step in steps if step.next_ms))
    assert await ticks(engine) == expected
    halves = [begin + timedelta(seconds=1, minutes=30 * half) for half in range(144)]
    assert await ticks(engine, "often") == [half.strftime("%m-%d %H:%M") for half in halves]
    for name in ("nightly", "often"):
        shown = await engine.schedules.get("acme", name)
        assert (shown.missed_count, shown.skipped_count) == (0, 0)
    assert (await engine.maintenance.doctor()).problems == []


def then(engine: Engine, monkeypatch: pytest.MonkeyPatch, happens: Callable[[], Awaitable[object]]) -> None:
    """Once, between what `engine` next reads of a schedule and what it does about it, something happens."""
    schedules = engine.schedules
    read = schedules._read

    async def read_then(partition: Partition, members: Sequence[str]) -> tuple[int, Sequence[Known]]:
        found = await read(partition, members)
        monkeypatch.setattr(schedules, "_read", read)
        await happens()
        return found

    assert isinstance(schedules, EngineSchedules)
    monkeypatch.setattr(schedules, "_read", read_then)


@pytest.fixture
async def other(store: Store, clock: Clock, engine: Engine) -> Engine:
    """Another process on the same store."""
    return await Engine.open(store, clock=clock)


async def fired_at_three(engine: Engine, clock: Clock) -> None:
    set_clock(clock, THREE + timedelta(milliseconds=1))
    await engine.maintenance.fire(10)


async def test_a_rule_that_changes_while_its_tick_fires_does_not_fire_it_again(
    engine: Engine, other: Engine, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_clock(clock, THREE - timedelta(milliseconds=1))
    await engine.schedules.put(spec())
    then(engine, monkeypatch, lambda: fired_at_three(other, clock))
    changed = await engine.schedules.put(spec("0 3,4 * * *"))
    assert changed.next_runs[0] == THREE + timedelta(hours=1)
    await engine.maintenance.fire(10)
    assert await ticks(engine) == ["03-02 03:00"]


async def test_a_schedule_that_is_resumed_while_its_tick_fires_does_not_fire_it_again(
    engine: Engine, other: Engine, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fired_and_paused() -> None:
        await fired_at_three(other, clock)
        await other.schedules.pause("acme", "nightly", True)

    set_clock(clock, THREE - timedelta(milliseconds=1))
    await engine.schedules.put(spec())
    then(engine, monkeypatch, fired_and_paused)
    resumed = await engine.schedules.pause("acme", "nightly", False)
    assert resumed.next_runs[0] == THREE + timedelta(days=1)
    await engine.maintenance.fire(10)
    assert await ticks(engine) == ["03-02 03:00"]


@pytest.mark.parametrize("change", ["fired", "paused", "resumed", "deleted", "made again", "another rule"])
async def test_what_comes_between_looking_and_firing_is_heeded(
    engine: Engine, other: Engine, clock: Clock, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    async def happens() -> None:
        schedules = other.schedules
        match change:
            case "fired":
                await other.maintenance.fire(10)
            case "paused":
                await schedules.pause("acme", "nightly", True)
            case "resumed":
                await schedules.pause("acme", "nightly", True)
                await schedules.pause("acme", "nightly", False)
            case "deleted":
                await schedules.delete("acme", "nightly")
            case "made again":
                await schedules.delete("acme", "nightly")
                await schedules.put(spec())
            case "another rule":
                await schedules.put(spec("0 4 * * *"))

    set_clock(clock, THREE - timedelta(seconds=1))
    await engine.schedules.put(spec())
    set_clock(clock, THREE)
    then(engine, monkeypatch, happens)
    await engine.maintenance.fire(10)
    assert await ticks(engine) == (["03-02 03:00"] if change == "fired" else [])
    assert (await engine.maintenance.doctor()).problems == []


async def test_what_is_changed_of_a_due_schedule_holds_for_its_tick(
    engine: Engine, other: Engine, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_clock(clock, THREE - timedelta(seconds=1))
    await engine.schedules.put(spec())
    set_clock(clock, THREE)
    then(engine, monkeypatch, lambda: other.schedules.put(spec(queue="changed")))
    await engine.maintenance.fire(10)
    await engine.maintenance.fire(10)
    page = await engine.jobs.list(JobQuery(limit=10))
    assert [job.queue for job in page.jobs] == ["changed"]


async def test_a_store_without_room_loses_no_tick(engine: Engine, clock: Clock) -> None:
    set_clock(clock, THREE - timedelta(seconds=1))
    await engine.schedules.put(spec("*/10 * * * *", missed=Missed.ALL))
    await engine.store.client.config_set("maxmemory", "1")
    try:
        for minutes in (0, 10, 20):
            set_clock(clock, THREE + timedelta(minutes=minutes))
            with pytest.raises(StoreFull):
                await engine.maintenance.fire(10)
    finally:
        await engine.store.client.config_set("maxmemory", "0")
    await engine.maintenance.fire(10)
    assert await ticks(engine) == ["03-02 03:00", "03-02 03:10", "03-02 03:20"]


async def test_a_schedule_that_cannot_be_read_here_is_left_to_others(
    engine: Engine, other: Engine, clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    set_clock(clock, THREE - timedelta(seconds=1))
    await engine.schedules.put(spec(timezone="Europe/Paris", name="foreign", cron="0 4 * * *"))
    await engine.schedules.put(spec())
    set_clock(clock, THREE)

    def plan(what: ScheduleSpec, tick: int, now: int) -> Any:
        if what.timezone != "UTC":
            raise InvalidInput("no such zone")
        return plan_firing(what, tick, now)

    with monkeypatch.context() as here:
        here.setattr("fairlane.engine.schedules.plan_firing", plan)
        assert [(await engine.maintenance.fire(1)).count for _ in range(3)] == [1, 0, 0]  # it hides no other
        await engine.maintenance.fire(10)
    assert (await ticks(engine), await ticks(engine, "foreign")) == (["03-02 03:00"], [])
    assert len([record for record in caplog.records if "foreign" in record.getMessage()]) == 1
    await other.maintenance.fire(10)
    assert await ticks(engine, "foreign") == ["03-02 03:00"]


async def test_a_put_whose_reply_is_lost_drops_no_tick(
    engine: Engine, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_clock(clock, THREE - timedelta(seconds=1))
    await engine.schedules.put(spec())
    set_clock(clock, THREE)
    lost = await lose_reply(monkeypatch, engine.store, "set_schedule")
    await engine.schedules.put(spec(payload=msgspec.Raw(b"2")))
    assert lost.is_set()
    await engine.maintenance.fire(10)
    assert await ticks(engine) == ["03-02 03:00"]


@pytest.mark.parametrize(("index", "broken"), [("schedules", b"{"), ("schedule_states", b"\xc1"), ("schedules", b"{}")])
async def test_a_schedule_that_cannot_be_read_holds_up_no_other_and_is_mended_by_another_put(
    engine: Engine, clock: Clock, caplog: pytest.LogCaptureFixture, index: str, broken: bytes
) -> None:
    set_clock(clock, THREE - timedelta(seconds=30))
    for name in ("broken", "nightly"):
        await engine.schedules.put(spec(name=name))
    await engine.store.client.hset("fl:{0}:" + index, "acme/broken", broken)  # type: ignore[arg-type, misc]
    set_clock(clock, THREE)
    with caplog.at_level(logging.ERROR):
        for _ in range(2):
            await engine.maintenance.fire(10)
    assert (await ticks(engine), await ticks(engine, "broken")) == (["03-02 03:00"], [])
    told = [record.getMessage() for record in caplog.records if record.name == "fairlane.engine.schedules"]
    assert told == ["schedule broken of tenant acme cannot be read here"]
    assert [schedule.name for schedule in (await engine.schedules.list(10))[0]] == ["nightly"]
    assert (await engine.maintenance.doctor()).problems == ["schedule acme/broken cannot be read; set it again"]
    await engine.schedules.put(spec(name="broken"))
    assert (await engine.maintenance.doctor()).problems == []
    set_clock(clock, THREE + timedelta(days=1))
    await engine.maintenance.fire(10)
    assert "03-03 03:00" in await ticks(engine, "broken")
