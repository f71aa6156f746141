"""Schedules, queues and workers: seen, paused, run and drained."""

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from .conftest import OpenPages, Pages, World
from .handwork import Handwork, put


@pytest.fixture
def page(workless: World, pages_of: OpenPages) -> Page:
    """A tab of a system whose workers are played by the test."""
    return pages_of(workless)("/")


def schedule(world: World, tenant: str, name: str, **fields: object) -> None:
    put(f"{world.api.url}/tenants/{tenant}/schedules/{name}", {"cron": "0 3 * * *", "payload": {"n": 1}, **fields})


def shown(page: Page, name: str) -> Locator:
    return page.get_by_role("listitem", name=name)


def test_a_schedule_is_shown_in_words_and_run_now(world: World, open_page: Pages, tenant: str) -> None:
    schedule(world, tenant, "nightly", timezone="Europe/Paris")
    page = open_page(f"/ui/schedules?tenant={tenant}")
    card = shown(page, "nightly")
    expect(card).to_contain_text(world.api.get(f"/tenants/{tenant}/schedules/nightly")["description"])
    expect(card).to_contain_text("Europe/Paris")
    expect(card.get_by_role("listitem")).to_have_count(5)
    expect(card).to_contain_text("Not yet.")
    card.get_by_role("button", name="Run nightly now").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Completed")
    expect(page.get_by_role("tree", name="Payload")).to_contain_text('"n": 1')
    page.go_back()
    job = world.api.get(f"/tenants/{tenant}/schedules/nightly")["lastJobId"]
    if job:
        expect(card.get_by_role("link", name=job)).to_be_visible()


def test_a_schedule_is_paused_resumed_and_deleted(world: World, open_page: Pages, tenant: str) -> None:
    schedule(world, tenant, "hourly")
    page = open_page(f"/ui/schedules?tenant={tenant}")
    card = shown(page, "hourly")
    card.get_by_role("button", name="Pause hourly").click()
    expect(card).to_contain_text("None while it is paused.")
    assert world.api.get(f"/tenants/{tenant}/schedules/hourly")["paused"]
    card.get_by_role("button", name="Resume hourly").click()
    expect(card.get_by_role("listitem")).to_have_count(5)
    card.get_by_role("button", name="More for hourly").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("dialog", name="Delete hourly?").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="No schedules of this tenant")).to_be_visible()


def test_a_queue_is_paused_and_resumed(page: Page, workless: World, tenant: str) -> None:
    workless.api.submit(tenant, "default", 1, queue=tenant)
    page.goto(f"{workless.api.url}/ui/queues")
    row = page.get_by_role("row").filter(has_text=tenant)
    expect(row).to_contain_text("Open")
    expect(row.get_by_role("link", name="1", exact=True)).to_have_attribute(
        "href", f"/ui/jobs?state=pending&queue={tenant}"
    )
    row.get_by_role("button", name=f"Pause queue {tenant}").click()
    expect(row).to_contain_text("Paused")
    assert [one["paused"] for one in workless.api.get("/queues")["queues"] if one["name"] == tenant] == [True]
    row.get_by_role("button", name=f"Resume queue {tenant}").click()
    expect(row).to_contain_text("Open")


def test_a_worker_shows_its_jobs_and_is_drained(page: Page, workless: World, tenant: str) -> None:
    job = workless.api.submit(tenant, "default", 1, queue=tenant)
    worker = Handwork(workless.api.url, f"{tenant}.worker")
    leases = worker.claim(queues=[tenant])
    worker.beat(leases, slots=4, running=1, queues=[tenant], host="somewhere", pid=7, jobs=[job])
    page.goto(f"{workless.api.url}/ui/workers")
    card = shown(page, f"{tenant}.worker")
    expect(card).to_contain_text("1 of 4 slots")
    expect(card).to_contain_text("somewhere · 7")
    expect(card.get_by_role("link", name=job)).to_have_attribute("href", f"/ui/jobs/{job}")
    card.get_by_role("button", name=f"Drain worker {tenant}.worker").click()
    page.get_by_role("dialog", name="Drain this worker?").get_by_role("button", name="Drain").click()
    expect(page.get_by_text(f"{tenant}.worker was asked to drain.")).to_be_visible()
    assert workless.api.get(f"/workers/{tenant}.worker/orders")["drain"]
    worker.beat(leases, slots=4, running=1, queues=[tenant], draining=True)
    expect(card).to_contain_text("Draining")
    worker.finish(leases, "completed", result=1)
    httpx.delete(f"{workless.api.url}/workers/{tenant}.worker")
    expect(card).to_have_count(0)
