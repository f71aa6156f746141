"""Schedules: kept, shown, fired once a tick, caught up as they say."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from fairlane.model.bulk import BulkAction
from fairlane.model.errors import IdTaken, InvalidInput, NotFound
from fairlane.model.job import Job, JobQuery
from fairlane.model.lease import OutcomeKind
from fairlane.model.schedule import Missed, Overlap, Schedule, ScheduleSpec
from fairlane.model.states import State

from .world import World

MONDAY = datetime(2026, 3, 2, 2, 59, 30, tzinfo=UTC)


@pytest.fixture
def begins_at_us() -> int:
    return round(MONDAY.timestamp() * 1_000_000)


def at(world: World, moment: datetime) -> None:
    world.clock.now_us = round(moment.timestamp() * 1_000_000)


def spec(cron: str = "0 3 * * *", **fields: Any) -> ScheduleSpec:
    return ScheduleSpec(
        **{"tenant_id": "acme", "name": "nightly", "cron": cron, "payload": msgspec.Raw(b'{"n": 1}'), **fields}
    )


async def jobs_of(world: World) -> list[Job]:
    page = await world.backend.jobs.list(JobQuery(limit=100))
    jobs = [await world.backend.jobs.get(job.id) for job in page.jobs]
    return sorted(jobs, key=lambda job: job.headers["fairlane-scheduled-for"])


def ticks(jobs: list[Job]) -> list[str]:
    return [job.headers["fairlane-scheduled-for"] for job in jobs]


async def run_now(world: World, job_id: str = "") -> Job:
    return await world.backend.schedules.run("acme", "nightly", job_id or world.backend.jobs.new_id("acme"))


async def test_a_schedule_is_shown_as_it_was_put(world: World) -> None:
    at(world, MONDAY)
    made = await world.backend.schedules.put(
        spec(timezone="Europe/Paris", task="mail", queue="out", priority=3, missed=Missed.ALL, overlap=Overlap.SKIP)
    )
    assert made == await world.backend.schedules.get("acme", "nightly")
    assert (made.task, made.queue, made.priority, bytes(made.payload)) == ("mail", "out", 3, b'{"n": 1}')
    assert made.description == "At 03:00 every day, Europe/Paris time"
    assert [run.isoformat() for run in made.next_runs[:2]] == ["2026-03-03T02:00:00+00:00", "2026-03-04T02:00:00+00:00"]
    assert len(made.next_runs) == 5
    assert (made.paused, made.declared, made.last_run, made.last_job_id, made.missed_count) == (
        False, False, None, None, 0,
    )  # fmt: skip


async def test_a_tick_makes_one_job_however_many_fire_it(world: World) -> None:
    at(world, MONDAY)
    await world.backend.schedules.put(spec(task="mail", priority=7))
    step = await world.upkeep.fire(10)
    assert (step.count, step.next_ms) == (0, 30_000)
    world.clock.travel(30)
    await asyncio.gather(*(world.upkeep.fire(10) for _ in range(5)))
    (job,) = await jobs_of(world)
    assert (job.tenant_id, job.task, job.priority, bytes(job.payload)) == ("acme", "mail", 7, b'{"n": 1}')
    assert job.headers == {"fairlane-schedule": "nightly", "fairlane-scheduled-for": "2026-03-02T03:00:00+00:00"}
    (lease,) = await world.claim()
    assert lease.job_id == job.id
    shown = await world.backend.schedules.get("acme", "nightly")
    assert (shown.last_job_id, shown.last_run) == (job.id, datetime(2026, 3, 2, 3, tzinfo=UTC))
    assert shown.next_runs[0] == datetime(2026, 3, 3, 3, tzinfo=UTC)
    assert (await world.upkeep.doctor()).problems == []


async def test_a_schedule_shows_the_state_of_its_last_job(world: World) -> None:
    at(world, MONDAY)

    async def last_state() -> State | None:
        shown = await world.backend.schedules.get("acme", "nightly")
        ((listed,), _) = await world.backend.schedules.list(10, tenant_id="acme")
        assert listed.last_state is shown.last_state
        return shown.last_state

    await world.backend.schedules.put(spec(max_attempts=2))
    assert await last_state() is None
    job = await world.backend.schedules.run("acme", "nightly", world.backend.jobs.new_id("acme"))
    assert await last_state() is State.PENDING
    (lease,) = await world.claim()
    assert await last_state() is State.RUNNING
    await world.end(lease, OutcomeKind.FAILED, delay_ms=60_000)
    assert await last_state() is State.SCHEDULED
    await world.backend.jobs.cancel(job.id)
    assert await last_state() is State.CANCELLED
    await world.backend.jobs.change(BulkAction.DELETE, [job.id])
    assert await last_state() is None


@pytest.mark.parametrize(
    ("missed", "fired", "lost"),
    [
        (Missed.SKIP, [], 10),
        (Missed.ONE, ["2026-03-02T12:00:00+00:00"], 9),
        (Missed.ALL, [f"2026-03-02T{hour:02}:00:00+00:00" for hour in range(3, 13)], 0),
    ],
)
async def test_ten_hours_of_downtime(world: World, missed: Missed, fired: list[str], lost: int) -> None:
    at(world, MONDAY)
    await world.backend.schedules.put(spec("0 * * * *", missed=missed))
    at(world, datetime(2026, 3, 2, 12, 30, tzinfo=UTC))
    await asyncio.gather(*(world.upkeep.fire(10) for _ in range(3)))
    assert ticks(await jobs_of(world)) == fired
    shown = await world.backend.schedules.get("acme", "nightly")
    assert shown.missed_count == lost
    assert shown.next_runs[0] == datetime(2026, 3, 2, 13, tzinfo=UTC)


async def test_a_tick_that_is_a_little_late_is_not_missed(world: World) -> None:
    at(world, MONDAY)
    await world.backend.schedules.put(spec(missed=Missed.SKIP))
    world.clock.travel(30 + 59)
    await world.upkeep.fire(10)
    assert ticks(await jobs_of(world)) == ["2026-03-02T03:00:00+00:00"]


async def test_catching_up_has_an_end(world: World) -> None:
    at(world, MONDAY)
    await world.backend.schedules.put(spec("* * * * *", missed=Missed.ALL))
    world.clock.travel(30 + 249 * 60)
    await world.upkeep.fire(10)
    shown = await world.backend.schedules.get("acme", "nightly")
    assert (len(await jobs_of(world)), shown.missed_count) == (100, 150)


async def test_no_overlap(world: World) -> None:
    at(world, MONDAY)
    await world.backend.schedules.put(spec("* * * * *", overlap=Overlap.SKIP, missed=Missed.ALL))
    world.clock.travel(30)
    await world.upkeep.fire(10)
    (lease,) = await world.claim()
    world.clock.travel(120)
    await world.upkeep.fire(10)
    shown = await world.backend.schedules.get("acme", "nightly")
    assert (len(await jobs_of(world)), shown.skipped_count, shown.missed_count) == (1, 2, 0)
    await world.end(lease, OutcomeKind.COMPLETED)
    world.clock.travel(120)
    await world.upkeep.fire(10)
    assert len(await jobs_of(world)) == 2


async def test_pause_and_resume(world: World) -> None:
    at(world, MONDAY)
    await world.backend.schedules.put(spec())
    paused = await world.backend.schedules.pause("acme", "nightly", True)
    assert (paused.paused, paused.next_runs) == (True, [])
    world.clock.travel(86_400)
    await world.upkeep.fire(10)
    assert (await world.upkeep.doctor()).problems == []
    resumed = await world.backend.schedules.pause("acme", "nightly", False)
    assert (resumed.paused, resumed.missed_count) == (False, 0)
    assert resumed.next_runs[0] == datetime(2026, 3, 3, 3, tzinfo=UTC)
    assert await jobs_of(world) == []


async def test_a_changed_rule_is_not_fired_by_the_old_one(world: World) -> None:
    at(world, MONDAY)
    await world.backend.schedules.put(spec())
    world.clock.travel(20)
    changed = await world.backend.schedules.put(spec("0 4 * * *"))
    assert changed.next_runs[0] == datetime(2026, 3, 2, 4, tzinfo=UTC)
    world.clock.travel(60)
    await world.upkeep.fire(10)
    assert await jobs_of(world) == []


async def test_a_due_tick_outlives_a_change_of_all_but_the_rule(world: World) -> None:
    at(world, MONDAY)
    await world.backend.schedules.put(spec())
    world.clock.travel(40)
    await world.backend.schedules.put(spec(priority=4))
    await world.upkeep.fire(10)
    (job,) = await jobs_of(world)
    assert job.priority == 4


async def test_what_an_operator_changed_outlives_a_new_start_of_the_same_code(world: World) -> None:
    at(world, MONDAY)

    async def start(cron: str, declaration: str) -> Schedule:
        return await world.backend.schedules.put(spec(cron), declaration=declaration)

    assert (await start("0 3 * * *", "v1")).declared
    await world.backend.schedules.put(spec("0 5 * * *"), paused=True)
    again = await start("0 3 * * *", "v1")
    assert (again.cron, again.paused, again.declared) == ("0 5 * * *", True, True)
    newer = await start("0 6 * * *", "v2")
    assert (newer.cron, newer.paused) == ("0 6 * * *", True)


async def test_run_now(world: World) -> None:
    at(world, MONDAY)
    await world.backend.schedules.put(spec(overlap=Overlap.SKIP))
    first = await run_now(world)
    second = await run_now(world)
    assert first.id != second.id
    shown = await world.backend.schedules.get("acme", "nightly")
    assert (shown.last_job_id, shown.next_runs[0]) == (second.id, datetime(2026, 3, 2, 3, tzinfo=UTC))


async def test_a_run_that_is_asked_for_again_after_a_lost_reply_is_the_first_one(world: World) -> None:
    at(world, MONDAY)
    await world.backend.schedules.put(spec())
    first = await run_now(world)
    assert await run_now(world, first.id) == first
    assert len(await jobs_of(world)) == 1


async def test_no_overlap_with_any_that_has_not_ended(world: World) -> None:
    """A job that was made on demand and has ended does not hide one that goes on."""
    at(world, MONDAY)
    await world.backend.schedules.put(spec("* * * * *", overlap=Overlap.SKIP))
    world.clock.travel(30)
    await world.upkeep.fire(10)
    (long,) = await world.claim()
    await run_now(world)
    (short,) = await world.claim()
    await world.end(short, OutcomeKind.COMPLETED)
    world.clock.travel(60)
    await world.upkeep.fire(10)
    assert len(await jobs_of(world)) == 2
    await world.end(long, OutcomeKind.COMPLETED)
    world.clock.travel(60)
    await world.upkeep.fire(10)
    shown = await world.backend.schedules.get("acme", "nightly")
    assert (len(await jobs_of(world)), shown.skipped_count) == (3, 1)


async def test_no_overlap_with_what_was_allowed_to_before(world: World) -> None:
    at(world, MONDAY)
    await world.backend.schedules.put(spec("* * * * *", missed=Missed.ALL))
    world.clock.travel(30 + 60)
    await world.upkeep.fire(10)
    first, second = await world.claim(2)
    await world.backend.schedules.put(spec("* * * * *", overlap=Overlap.SKIP))
    for lease, jobs in ((second, 2), (first, 3)):
        await world.end(lease, OutcomeKind.COMPLETED)
        world.clock.travel(60)
        await world.upkeep.fire(10)
        assert len(await jobs_of(world)) == jobs


async def test_what_was_missed_adds_up(world: World) -> None:
    at(world, MONDAY)
    await world.backend.schedules.put(spec("0 * * * *"))
    for downtime in (5, 3):
        world.clock.travel(downtime * 3600)
        await world.upkeep.fire(10)
    assert (await world.backend.schedules.get("acme", "nightly")).missed_count == 4 + 2


async def test_a_tick_that_fired_is_not_due_again_where_clocks_went_back(world: World) -> None:
    """At 02:30 clocks have been before: the schedule is set up and resumed in the hour that comes twice."""
    at(world, datetime(2026, 10, 24, 22, tzinfo=UTC))
    await world.backend.schedules.put(spec("30 2 * * *", timezone="Europe/Paris"))
    at(world, datetime(2026, 10, 25, 0, 30, tzinfo=UTC))
    await world.upkeep.fire(10)
    at(world, datetime(2026, 10, 25, 1, 10, tzinfo=UTC))
    await world.backend.schedules.pause("acme", "nightly", True)
    resumed = await world.backend.schedules.pause("acme", "nightly", False)
    assert resumed.next_runs[0] == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)
    await world.upkeep.fire(10)
    assert ticks(await jobs_of(world)) == ["2026-10-25T00:30:00+00:00"]


async def test_months_of_downtime_are_caught_up_to_now(world: World) -> None:
    at(world, MONDAY)
    await world.backend.schedules.put(spec("* * * * *", missed=Missed.ALL))
    at(world, datetime(2026, 4, 2, 12, 0, 30, tzinfo=UTC))
    await world.upkeep.fire(10)
    made = ticks(await jobs_of(world))
    assert (made[0], made[-1], len(made)) == ("2026-04-02T10:21:00+00:00", "2026-04-02T12:00:00+00:00", 100)
    shown = await world.backend.schedules.get("acme", "nightly")
    assert shown.missed_count >= 10_000 - 100
    assert shown.next_runs[0] == datetime(2026, 4, 2, 12, 1, tzinfo=UTC)


async def test_ticks_count_against_no_limit_of_submissions(world: World) -> None:
    at(world, MONDAY)
    await world.backend.schedules.put(spec("* * * * *", missed=Missed.ALL))
    world.clock.travel(30 + 19 * 60)
    await world.upkeep.fire(10)
    assert len(await jobs_of(world)) == 20
    assert (await world.backend.tenants.get("acme")).submit_rate_used == 0


async def test_listing_by_page_and_tenant(world: World) -> None:
    at(world, MONDAY)
    for tenant, name in (("b", "x"), ("a", "y"), ("a", "x"), ("c", "x"), ("ab", "x")):
        await world.backend.schedules.put(spec(tenant_id=tenant, name=name))
    first, cursor = await world.backend.schedules.list(3)
    rest, end = await world.backend.schedules.list(3, cursor)
    names = [(s.tenant_id, s.name) for s in (*first, *rest)]
    assert sorted(names) == [("a", "x"), ("a", "y"), ("ab", "x"), ("b", "x"), ("c", "x")]
    assert (len(first), len(rest), end) == (3, 2, None)
    of_a, _ = await world.backend.schedules.list(10, None, "a")
    assert [s.name for s in of_a] == ["x", "y"]


async def test_forget(world: World) -> None:
    at(world, MONDAY)
    await world.backend.schedules.put(spec())
    assert (await world.backend.schedules.delete("acme", "nightly")).name == "nightly"
    world.clock.travel(86_400)
    await world.upkeep.fire(10)
    assert await jobs_of(world) == []
    assert (await world.upkeep.doctor()).problems == []
    for call in (world.backend.schedules.get, world.backend.schedules.delete):
        with pytest.raises(NotFound):
            await call("acme", "nightly")
    with pytest.raises(NotFound, match="no schedule nightly"):
        await run_now(world)
    with pytest.raises(NotFound):
        await world.backend.schedules.pause("acme", "nightly", True)


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"cron": "0 3 * *"}, "/cron"),
        ({"cron": "61 3 * * *"}, "/cron"),
        ({"cron": "0 0 30 2 *"}, "/cron"),
        ({"cron": "0 3 * * * *"}, "/cron"),
        ({"timezone": "Europe/Atlantis"}, "/timezone"),
        ({"timezone": "../../etc/passwd"}, "/timezone"),
        ({"timezone": "Europe"}, "/timezone"),
        ({"timezone": ""}, "/timezone"),
        ({"timezone": "a\x00b"}, "/timezone"),
    ],
)
async def test_rules_that_cannot_be(world: World, fields: dict[str, str], pointer: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        await world.backend.schedules.put(spec(**fields))
    assert caught.value.pointer == pointer


@pytest.mark.parametrize("text", [b'{"bad', b'"\xff"', b"1e999", b"[" * 201 + b"]" * 201])
async def test_a_payload_that_nobody_could_read_is_refused(world: World, text: bytes) -> None:
    with pytest.raises(InvalidInput):
        await world.backend.schedules.put(spec(payload=msgspec.Raw(text)))
    assert (await world.backend.schedules.list(10))[0] == []


async def test_a_tenant_may_have_so_many(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fairlane.engine.schedules.MAX_SCHEDULES", 2)
    at(world, MONDAY)
    for name in ("a", "b"):
        await world.backend.schedules.put(spec(name=name))
    with pytest.raises(InvalidInput):
        await world.backend.schedules.put(spec(name="c"))
    await world.backend.schedules.put(spec(name="b"))
    await world.backend.schedules.put(spec(tenant_id="other"))


async def test_a_run_takes_no_id_of_another_request(world: World) -> None:
    job_id = await world.submit("globex", b"[1]")
    await world.backend.schedules.put(spec())
    with pytest.raises(IdTaken):
        await run_now(world, job_id)
    job = await world.backend.jobs.get(job_id)
    assert (job.tenant_id, bytes(job.payload)) == ("globex", b"[1]")
    assert (await world.backend.schedules.get("acme", "nightly")).last_job_id is None
