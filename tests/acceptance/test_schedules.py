"""Schedules, put into the store by the processes that run an app and fired by processes that are killed."""

import asyncio
import random
import time
from collections import defaultdict
from datetime import datetime
from pathlib import Path

import httpx
import msgspec

from fairlane.engine import Engine, keys
from fairlane.model.job import JobQuery, Large
from fairlane.model.schedule import Missed, ScheduleSpec
from fairlane.store import Durability, EmbeddedServer, open_store
from tests.support.running import Running, eventually, fairlane, up

MINUTE_MS = 60_000
WAVES = 40

APP = """
from fairlane import App

app = App()


@app.task
async def build(report: int) -> int:
    return report


app.cron("nightly", "{cron}", build.bind(1), tenant="acme", tz="Europe/Paris")
"""


def test_workers_declare_what_their_app_does_beside_the_store_and_over_http(tmp_path: Path) -> None:
    (tmp_path / "reports.py").write_text(APP.format(cron="0 3 * * *"))
    with up(tmp_path, "reports:app", "--processes", "2") as system:
        api = system.await_ready()
        path = "/tenants/acme/schedules/nightly"
        eventually(lambda: httpx.get(api.url + path).status_code == 200, 30, "the schedule is in the store")
        shown = api.get(path)
        assert (shown["declared"], shown["task"], shown["payload"]) == (True, "build", {"report": 1})
        assert shown["description"] == "At 03:00 every day, Europe/Paris time"
        (tmp_path / "reports.py").write_text(APP.format(cron="0 4 * * *"))
        with fairlane(tmp_path, "worker", "reports:app", "--url", api.url):
            eventually(lambda: api.get(path)["cron"] == "0 4 * * *", 30, "the changed code is in the store")
        assert "was refused" not in system.log()


async def test_each_tick_makes_one_job_while_the_processes_that_fire_are_killed(tmp_path: Path) -> None:
    """Three processes of upkeep, killed at random while they catch up what schedules missed before."""
    server = EmbeddedServer(tmp_path / "store", Durability.MEMORY)
    server.start()
    store = await open_store(f"embedded:{server.data_dir}", Durability.MEMORY)
    engine = await Engine.open(store)
    processes = [Running(tmp_path, *upkeep_of(server)) for _ in range(3)]
    chance = random.Random(4)
    kills = 0
    try:
        for wave in range(WAVES):
            for number in range(10):
                await put_overdue(engine, minutely(f"t{wave % 4}", f"s{wave}-{number}"))
            await asyncio.sleep(0.1)
            if wave % 4 == 3:
                victim = chance.randrange(len(processes))
                processes[victim].end()
                kills += 1
                processes[victim] = Running(tmp_path, *upkeep_of(server))
        await until_all_are_up_to_date(engine)
        for process in processes:
            process.end()
        made = await ticks_by_schedule(engine)
        assert (len(made), kills) == (WAVES * 10, WAVES // 4)
        for (tenant, name), ticks in made.items():
            shown = await engine.schedules.get(tenant, name)
            [following] = [round(run.timestamp() * 1000) for run in shown.next_runs[:1]]
            assert (shown.missed_count, shown.skipped_count, len(ticks) >= 5) == (0, 0, True)
            assert sorted(ticks) == list(range(min(ticks), following, MINUTE_MS))
        assert (await engine.maintenance.doctor()).problems == []
    finally:
        for process in processes:
            process.end()
        await store.close()
        server.stop()


async def put_overdue(engine: Engine, spec: ScheduleSpec) -> None:
    """Put a schedule whose first tick was due five minutes ago."""
    first_tick = (time.time_ns() // 1_000_000 // MINUTE_MS - 5) * MINUTE_MS
    await engine.schedules.put(spec, paused=True)
    member = f"{spec.tenant_id}/{spec.name}"
    await engine.store.client.zadd(keys.prefix(0) + "schedules_due", {member: first_tick})
    await engine.schedules.pause(spec.tenant_id, spec.name, False)


def minutely(tenant: str, name: str) -> ScheduleSpec:
    return ScheduleSpec(
        tenant_id=tenant, name=name, cron="* * * * *", payload=msgspec.Raw(b"1"), queue="none", missed=Missed.ALL
    )


def upkeep_of(server: EmbeddedServer) -> tuple[str, ...]:
    return ("upkeep", "--data-dir", str(server.data_dir), "--durability", "memory")


async def until_all_are_up_to_date(engine: Engine) -> None:
    """Wait until no schedule has a tick behind it."""
    deadline = time.monotonic() + 60
    while True:
        now = time.time() * 1000
        behind = await engine.store.client.zcount(keys.prefix(0) + "schedules_due", "-inf", now - 2_000)
        if not behind:
            return
        assert time.monotonic() < deadline, f"{behind} schedules are behind"
        await asyncio.sleep(0.2)


async def ticks_by_schedule(engine: Engine) -> dict[tuple[str, str], list[int]]:
    """The tick of every job that was made, twice if it was made twice."""
    made: dict[tuple[str, str], list[int]] = defaultdict(list)
    cursor = None
    while True:
        page = await engine.jobs.list(JobQuery(limit=100, cursor=cursor, include=frozenset({Large.HEADERS})))
        for job in page.jobs:
            assert isinstance(job.headers, dict)
            tick = datetime.fromisoformat(job.headers["fairlane-scheduled-for"])
            made[job.tenant_id, job.headers["fairlane-schedule"]].append(round(tick.timestamp() * 1000))
        cursor = page.next_cursor
        if cursor is None:
            return made
