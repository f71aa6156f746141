"""Schedules declared in code: checked at once, put into the store by workers, fired in tests of apps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from fairlane import App, InvalidInput, Retry, State, current
from fairlane.backend import Backend
from fairlane.model.errors import StoreUnavailable
from fairlane.model.schedule import Missed, Overlap, Schedule, ScheduleSpec
from fairlane.sdk.call import Bound
from fairlane.sdk.schedules import declaration_of, declare
from fairlane.testing.kit import Testing


def new_app() -> App:
    app = App("valkey://127.0.0.1:1")  # where no server listens
    app.task(name="build", queue="reports", retry=Retry(5, base="2s", cap="1m"), timeout="10m")(build)
    return app


async def build(number: int, note: str = "") -> str:
    job = current()
    assert job.scheduled_for is not None
    return f"{job.tenant} {job.schedule} {job.scheduled_for:%H:%M} {number}{note}"


def bound(app: App, **options: Any) -> Bound[Any]:
    return app.registry["build"].using(**options).bind(1)


def test_a_declaration_says_what_the_task_says() -> None:
    app = new_app()
    call = app.registry["build"].using(priority=4).bind(1, note="!")
    app.cron("nightly", "0 3 * * *", call, tenant="acme", tz="Europe/Paris", missed="all", overlap="skip")
    [spec] = app.schedules
    assert (spec.tenant_id, spec.name, spec.cron, spec.timezone) == ("acme", "nightly", "0 3 * * *", "Europe/Paris")
    assert (spec.task, spec.queue, spec.priority, bytes(spec.payload)) == (
        "build", "reports", 4, b'{"number":1,"note":"!"}',
    )  # fmt: skip
    assert (spec.max_attempts, spec.timeout_seconds) == (5, 600)
    assert (spec.backoff_base_seconds, spec.backoff_cap_seconds) == (2, 60)
    assert (spec.missed, spec.overlap) == (Missed.ALL, Overlap.SKIP)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda app: app.cron("a", "0 3 * * *", build, tenant="acme"), r"write the call as `task\.bind\(\.\.\.\)`"),
        (lambda app: app.cron("a", "0 3 * * *", app.registry["build"], tenant="acme"), "not <Task build>"),
        (lambda app: app.cron("a", "0 3 * *", bound(app), tenant="acme"), "five fields"),
        (lambda app: app.cron("a", "61 3 * * *", bound(app), tenant="acme"), "cron"),
        (lambda app: app.cron("a", "0 3 * * *", bound(app), tenant="acme", tz="Paris"), "timezone"),
        (lambda app: app.cron("a b", "0 3 * * *", bound(app), tenant="acme"), "schedule's name"),
        (lambda app: app.cron("a", "0 3 * * *", bound(app)), "name the tenant"),
        (lambda app: app.cron("a", "0 3 * * *", bound(app), tenant="a b"), "tenant must be"),
        (lambda app: app.cron("a", "0 3 * * *", bound(app, tenant="acme"), tenant="globex"), "is for 'acme'"),
        (lambda app: app.cron("a", "0 3 * * *", bound(app), tenant="acme", missed="two"), "missed must be"),
        (lambda app: app.cron("a", "0 3 * * *", bound(app), tenant="acme", overlap="wait"), "overlap must be"),
        (lambda app: app.cron("a", "0 3 * * *", bound(app, key="k"), tenant="acme"), "`key`"),
        (lambda app: app.cron("a", "0 3 * * *", bound(app, delay="1m"), tenant="acme"), "`delay`"),
        (lambda app: app.cron("a", "0 3 * * *", bound(app, headers={"a": "b"}), tenant="acme"), "`headers`"),
        (lambda app: app.cron("a", "0 3 * * *", bound(app, idempotency_key="k"), tenant="acme"), "`idempotency_key`"),
        (lambda app: App().cron("a", "0 3 * * *", bound(app), tenant="acme"), "schedule a: this app has no task build"),
    ],
)
def test_what_cannot_be_is_refused_where_it_is_written(wrong: Callable[[App], None], told: str) -> None:
    app = new_app()
    with pytest.raises(InvalidInput, match=told):
        wrong(app)
    assert app.schedules == ()


def test_a_name_is_unique_within_its_tenant() -> None:
    app = new_app()
    app.cron("nightly", "0 3 * * *", bound(app), tenant="acme")
    app.cron("nightly", "0 3 * * *", bound(app), tenant="globex")
    with pytest.raises(InvalidInput, match="has a schedule nightly already"):
        app.cron("nightly", "0 4 * * *", bound(app), tenant="acme")


def test_the_tenant_is_found_as_for_a_submitted_job() -> None:
    app = new_app()
    with app.tenant("acme"):
        app.cron("a", "0 3 * * *", bound(app))
    app.cron("a", "0 3 * * *", bound(app, tenant="globex"))
    assert [spec.tenant_id for spec in app.schedules] == ["acme", "globex"]


def test_a_declaration_is_known_again_until_the_code_changes() -> None:
    def declared(cron: str = "0 3 * * *", **options: Any) -> str:
        app = new_app()
        app.cron("nightly", cron, bound(app, **options), tenant="acme")
        return declaration_of(app.schedules[0])

    assert declared() == declared()
    assert len({declared(), declared("0 4 * * *"), declared(priority=2), declared(queue="other")}) == 4


async def test_travel_fires_each_tick_on_its_way() -> None:
    app = new_app()
    app.cron("hourly", "30 * * * *", bound(app), tenant="acme", tz="Asia/Kolkata")
    async with app.testing() as t:
        assert await t.drain() == []
        await t.travel("3h")
        jobs = await t.drain()
        assert [job.state for job in jobs] == [State.COMPLETED] * 3
        results = [await app.job(job.id).result() for job in jobs]
        began = t.now - timedelta(hours=3)
        first = began.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        assert results == [f"acme hourly {first + timedelta(hours=hour):%H:%M} 1" for hour in range(3)]
        shown = await (await app.connect()).schedules.get("acme", "hourly")
        assert (shown.declared, shown.missed_count, shown.last_job_id) == (True, 0, jobs[-1].id)


async def test_a_tick_fires_to_the_millisecond() -> None:
    app = new_app()
    app.cron("minutely", "* * * * *", bound(app), tenant="acme")
    async with app.testing() as t:
        tick = t.now.replace(second=0, microsecond=0) + timedelta(minutes=1)
        await t.travel(tick - t.now - timedelta(milliseconds=1))
        assert await t.drain() == []
        await t.travel("1ms")
        [job] = await t.drain()
        assert job.created_at == tick


async def test_jobs_that_no_schedule_made_know_of_none() -> None:
    app = App("valkey://127.0.0.1:1", tenancy="default")
    seen: list[tuple[str | None, datetime | None]] = []

    @app.task
    async def look() -> None:
        seen.append((current().schedule, current().scheduled_for))

    async with app.testing() as t:
        await look.submit()
        await t.drain()
    assert seen == [(None, None)]


class World:
    """A private store, as a worker that starts and an operator see it."""

    def __init__(self, app: App, t: Testing) -> None:
        self.app = app
        self.t = t
        self.failures: list[Exception] = []
        """What the next openings of the store raise."""

    async def open(self) -> Backend:
        if self.failures:
            raise self.failures.pop(0)
        return await self.t._open_for_app()

    async def start(self, app: App) -> None:
        await asyncio.wait_for(declare(self.open, app.schedules), 20)

    async def shown(self, name: str = "nightly") -> Schedule:
        return await (await self.app.connect()).schedules.get("acme", name)


def nightly(cron: str = "0 3 * * *", *others: str) -> App:
    app = new_app()
    app.cron("nightly", cron, bound(app), tenant="acme")
    for name in others:
        app.cron(name, cron, bound(app), tenant="acme")
    return app


async def test_an_operators_change_outlives_restarts_until_the_code_changes() -> None:
    app = nightly()
    async with app.testing() as t:
        world = World(app, t)
        schedules = (await app.connect()).schedules
        await schedules.put(ScheduleSpec(**_fields(app.schedules[0]) | {"cron": "0 5 * * *"}), paused=True)
        await world.start(nightly())
        shown = await world.shown()
        assert (shown.cron, shown.paused, shown.declared) == ("0 5 * * *", True, True)
        await world.start(nightly("0 6 * * *"))
        shown = await world.shown()
        assert (shown.cron, shown.paused, shown.declared) == ("0 6 * * *", True, True)


async def test_a_schedule_that_left_the_code_stays() -> None:
    app = nightly("0 3 * * *", "weekly")
    async with app.testing() as t:
        world = World(app, t)
        await world.start(nightly())
        assert (await world.shown("weekly")).next_runs


async def test_a_store_that_is_away_is_waited_for() -> None:
    app = new_app()
    async with app.testing() as t:
        world = World(app, t)
        world.failures = [StoreUnavailable("away"), StoreUnavailable("away")]
        await world.start(nightly())
        assert (await world.shown()).declared


async def test_a_refused_schedule_is_told_of_and_keeps_no_other_out(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = new_app()
    monkeypatch.setattr("fairlane.engine.schedules.MAX_SCHEDULES", 1)
    async with app.testing() as t:
        world = World(app, t)
        declaring = nightly("0 3 * * *", "too-many")
        declaring.cron("other", "0 3 * * *", bound(declaring), tenant="globex")
        await world.start(declaring)
        assert (await world.shown()).declared
        assert (await (await app.connect()).schedules.get("globex", "other")).declared
    [told] = [record.getMessage() for record in caplog.records if record.name == "fairlane.sdk.schedules"]
    assert "schedule too-many of tenant acme was refused" in told


def _fields(spec: ScheduleSpec) -> dict[str, Any]:
    return {name: getattr(spec, name) for name in spec.__struct_fields__}
