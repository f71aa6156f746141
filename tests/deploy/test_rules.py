"""Each alerting rule: a test makes its fault on a real store, and promtool sees the alert fire, and not before."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from fairlane.contrib.sqlalchemy import Outbox
from fairlane.metrics.families import text_of
from fairlane.metrics.outbox import outbox_families
from tests.support.alerts import RULES, check_alert
from tests.support.scrape import Scrape

from .conftest import Site

pytestmark = pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not here: see tools/set_up.sh")


@asynccontextmanager
async def healthy(site: Site) -> AsyncIterator[Scrape]:
    """A site that has worked off jobs, with a worker that stays. Rates need series that are there already."""
    await site.engine.maintenance.sample()
    await site.work_off(*await site.submit("fine", 30))
    await site.work_off(*await site.submit("fine", queue="reports"), *await site.submit("broken", queue="reports"))
    async with site.worker("mail"):
        yield await site.scrape()


async def no_worker(site: Site) -> None:
    await site.submit("fine", queue="reports")


async def old_job(site: Site) -> None:
    await site.submit("fine", queue="reports")
    site.clock.travel(400)
    await site.engine.maintenance.sample()


async def starving_tenant(site: Site) -> None:
    """Another tenant may be at its limit as long as it likes."""
    await site.client.put("/tenants/limited", json={"paused": True})
    await site.submit("fine", tenant="limited", queue="reports")
    await site.submit("fine", tenant="starved", queue="reports")


async def dead_letters(site: Site) -> None:
    await site.work_off(*await site.submit("broken", queue="reports"))


async def failing_task(site: Site) -> None:
    await site.work_off(*await site.submit("broken", 20, queue="reports"))


async def long_waits(site: Site) -> None:
    jobs = await site.submit("fine", 30, queue="reports")
    site.clock.travel(200)
    await site.engine.maintenance.sample()
    await site.work_off(*jobs)


async def late_schedule(site: Site) -> None:
    rule = {"task": "fine", "cron": "* * * * *", "payload": []}
    assert (await site.client.put("/tenants/acme/schedules/hourly", json=rule)).status_code == 200
    site.clock.travel(200)
    await site.engine.maintenance.sample()


async def nearly_full_store(site: Site) -> None:
    used = (await site.engine.store.client.info("memory"))["used_memory"]
    await site.engine.store.client.config_set("maxmemory", round(used * 1.1))


async def silent_upkeep(site: Site) -> None:
    site.clock.travel(120)


FAULTS: list[tuple[str, Callable[[Site], Awaitable[None]], Mapping[str, str]]] = [
    ("FairlaneQueueWithoutWorkers", no_worker, {"queue": "reports"}),
    ("FairlaneOldestJobWaits", old_job, {"queue": "reports"}),
    ("FairlaneTenantStarves", starving_tenant, {"tenant": "starved"}),
    ("FairlaneDeadLettersRise", dead_letters, {"job": "fairlane"}),
    ("FairlaneTaskFails", failing_task, {"queue": "reports", "task": "broken"}),
    ("FairlaneJobsWaitLong", long_waits, {"queue": "reports"}),
    ("FairlaneScheduleLate", late_schedule, {"job": "fairlane"}),
    ("FairlaneStoreNearlyFull", nearly_full_store, {"job": "fairlane"}),
    ("FairlaneUpkeepSilent", silent_upkeep, {"job": "fairlane"}),
]


@pytest.mark.parametrize(("alert", "make_fault", "labels"), FAULTS, ids=[fault[0] for fault in FAULTS])
async def test_a_fault_makes_its_alert_fire(
    site: Site, tmp_path: Path, alert: str, make_fault: Callable[[Site], Awaitable[None]], labels: Mapping[str, str]
) -> None:
    limit = (await site.engine.store.client.config_get("maxmemory"))["maxmemory"]
    try:
        async with healthy(site) as before:
            await make_fault(site)
            after = await site.scrape()
    finally:
        await site.engine.store.client.config_set("maxmemory", limit)
    await asyncio.to_thread(check_alert, tmp_path, alert, labels, before, after)


async def test_an_api_that_is_gone_is_noticed(site: Site, tmp_path: Path) -> None:
    before = await site.scrape()
    await asyncio.to_thread(check_alert, tmp_path, "FairlaneDown", {"severity": "page"}, before, None)


async def test_an_outbox_without_a_relay_is_noticed(site: Site, tmp_path: Path) -> None:
    metadata = sa.MetaData()
    outbox = Outbox(metadata)
    database = sa.create_engine(f"sqlite:///{tmp_path}/orders.db")
    metadata.create_all(database)
    relay = outbox.relay(site.app, database)

    async def scrape() -> Scrape:
        backlog = await relay.backlog()
        families = outbox_families(backlog.waiting, backlog.oldest_seconds or 0, backlog.refused)
        return Scrape(text_of(families).decode())

    with database.begin() as connection:
        connection.execute(outbox.insert(site.app.registry["fine"].using(tenant="acme").bind()))
    before = await scrape()
    with database.begin() as connection:
        made = connection.execute(sa.select(outbox.table.c.created_at)).scalar_one()
        connection.execute(outbox.table.update().values(created_at=made - timedelta(minutes=5)))
    after = await scrape()
    database.dispose()
    await asyncio.to_thread(check_alert, tmp_path, "FairlaneOutboxStuck", {"job": "fairlane"}, before, after)


def test_every_rule_is_provoked_or_its_fault_cannot_be_made_here() -> None:
    """A disk that refuses writes needs a separate file system: tests/faults/test_disk_full.py has one."""
    rules = set(re.findall(r"- alert: (\w+)", RULES.read_text(encoding="utf-8")))
    provoked = {alert for alert, _, _ in FAULTS} | {"FairlaneDown", "FairlaneOutboxStuck"}
    assert rules - provoked == {"FairlaneStoreDoesNotWrite"}
