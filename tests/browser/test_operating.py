"""Schedules, queues and workers: seen, paused, run and drained."""

import re

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


def row_of(page: Page, name: str) -> Locator:
    return page.get_by_role("table", name="Schedules").get_by_role("row").filter(has_text=name)


def test_a_schedule_is_shown_in_words_and_run_now(world: World, open_page: Pages, tenant: str) -> None:
    schedule(world, tenant, "nightly", timezone="Europe/Paris")
    page = open_page(f"/ui/schedules?tenant={tenant}")
    row = row_of(page, "nightly")
    expect(row).to_contain_text(world.api.get(f"/tenants/{tenant}/schedules/nightly")["description"])
    row.get_by_role("button", name="nightly", exact=True).click()
    details = page.get_by_role("dialog", name="nightly")
    expect(details).to_contain_text("Europe/Paris")
    expect(details).to_contain_text("None yet")
    expect(details.get_by_role("list", name="Next runs").get_by_role("listitem")).to_have_count(5)
    details.get_by_role("button", name="Close", exact=True).click()
    row.get_by_role("button", name="Run nightly now").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Completed")
    expect(page.get_by_role("tree", name="Payload")).to_contain_text('"n": 1')
    page.go_back()
    expect(row).to_contain_text("Completed")


def test_a_schedule_is_paused_resumed_and_deleted(world: World, open_page: Pages, tenant: str) -> None:
    schedule(world, tenant, "hourly")
    page = open_page(f"/ui/schedules?tenant={tenant}")
    row = row_of(page, "hourly")
    row.get_by_role("button", name="Pause hourly").click()
    expect(row).to_contain_text("Paused")
    assert world.api.get(f"/tenants/{tenant}/schedules/hourly")["paused"]
    row.get_by_role("button", name="hourly", exact=True).click()
    details = page.get_by_role("dialog", name="hourly")
    expect(details).to_contain_text("None while it is paused.")
    details.get_by_role("button", name="Close", exact=True).click()
    row.get_by_role("button", name="Resume hourly").click()
    expect(row).not_to_contain_text("Paused")
    row.get_by_role("button", name="hourly", exact=True).click()
    details.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog", name="Delete hourly?").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="No schedules of this tenant")).to_be_visible()
    expect(details).to_have_count(0)


def test_a_schedule_that_the_code_dropped_can_be_deleted(world: World, open_page: Pages, tenant: str) -> None:
    schedule(world, tenant, "dropped")
    page = open_page("/ui/queues")
    declared = {**world.api.get(f"/tenants/{tenant}/schedules/dropped"), "declared": True}
    page.route(
        re.compile(r"(?<!/ui)/schedules\?"),
        lambda route: route.fulfill(json={"schedules": [declared], "nextCursor": None}),
    )
    page.goto(f"{world.api.url}/ui/schedules?tenant={tenant}")
    row = row_of(page, "dropped")
    expect(row).to_contain_text("From code")  # which it was; the store does not know whether it still is
    row.get_by_role("button", name="dropped", exact=True).click()
    page.get_by_role("dialog", name="dropped").get_by_role("button", name="Delete").click()
    question = page.get_by_role("dialog", name="Delete dropped?")
    expect(question).to_contain_text("If the code of an app still has it, it returns when a worker of that app starts.")
    with page.expect_request(lambda request: request.method == "DELETE"):
        question.get_by_role("button", name="Delete").click()
    page.unroute_all()


def test_a_schedule_takes_one_short_row(world: World, open_page: Pages, tenant: str) -> None:
    for n in range(3):
        schedule(world, tenant, f"rule-{n}", cron="*/15 8-18 * * mon-fri")
    page = open_page(f"/ui/schedules?tenant={tenant}")
    box = row_of(page, "rule-1").bounding_box()
    assert box is not None
    assert box["height"] <= 37


def test_a_tenant_that_cannot_be_is_refused_as_a_filter_of_schedules(
    world: World, open_page: Pages, tenant: str
) -> None:
    schedule(world, tenant, "nightly")
    page = open_page(f"/ui/schedules?tenant={tenant}")
    search = page.get_by_role("searchbox", name="Schedules of the tenant")
    search.fill("two words")
    search.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Use 1 to 128 of the characters A-Z a-z 0-9 . _ : @ -")
    expect(row_of(page, "nightly")).to_be_visible()


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


def test_a_queue_is_limited_and_says_so_when_it_is_at_its_limit(page: Page, workless: World, tenant: str) -> None:
    workless.api.submit(tenant, "default", 1, queue=tenant)
    waiting = workless.api.submit(tenant, "default", 2, queue=tenant)
    page.goto(f"{workless.api.url}/ui/queues")
    row = page.get_by_role("row").filter(has_text=tenant)
    expect(row).to_contain_text("none")
    row.get_by_role("button", name=f"Limits of queue {tenant}").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Concurrency: no limit").uncheck()
    amount = dialog.get_by_label("Concurrency", exact=True)
    amount.fill("0")
    expect(dialog.get_by_role("alert")).to_have_text("Enter a whole number of jobs from 1 to 100,000.")
    expect(dialog.get_by_role("button", name="Save limits")).to_be_disabled()
    amount.fill("1")
    dialog.get_by_label("Start rate: no limit").uncheck()
    dialog.get_by_label("Start rate", exact=True).fill("14")
    dialog.get_by_role("button", name="Save limits").click()
    expect(row).to_contain_text("1 at once, 14 per minute")
    Handwork(workless.api.url).claim(queues=[tenant])
    expect(row).to_contain_text("At its limit")
    page.goto(f"{workless.api.url}/ui/jobs/{waiting}")
    expect(page.get_by_role("heading", name="Queue at its concurrency limit")).to_be_visible()


def test_a_worker_shows_its_jobs_and_is_drained(page: Page, workless: World, tenant: str) -> None:
    job = workless.api.submit(tenant, "default", 1, queue=tenant)
    worker = Handwork(workless.api.url, f"{tenant}.worker")
    leases = worker.claim(queues=[tenant])
    worker.beat(
        leases,
        slots=4,
        running=1,
        queues=[tenant],
        host="somewhere",
        pid=7,
        jobs=[job],
        version="1.2.3",
        memoryBytes=64_000_000,
    )
    page.goto(f"{workless.api.url}/ui/workers")
    card = shown(page, f"{tenant}.worker")
    expect(card).to_contain_text("1 of 4 slots")
    expect(card).to_contain_text("somewhere · 7")
    expect(card).to_contain_text("64 MB")
    expect(card).to_contain_text("1.2.3")
    running = card.get_by_role("listitem")
    expect(running).to_contain_text("default for")
    expect(running.get_by_role("link", name="default", exact=True)).to_have_attribute("href", f"/ui/jobs/{job}")
    expect(running.get_by_role("link", name=tenant, exact=True)).to_have_attribute("href", f"/ui/tenants/{tenant}")
    card.get_by_role("button", name=f"Drain worker {tenant}.worker").click()
    page.get_by_role("dialog", name="Drain this worker?").get_by_role("button", name="Drain").click()
    expect(page.get_by_text(f"{tenant}.worker was asked to drain")).to_be_visible()
    assert workless.api.get(f"/workers/{tenant}.worker/orders")["drain"]
    worker.beat(leases, slots=4, running=1, queues=[tenant], draining=True)
    expect(card).to_contain_text("Draining")
    worker.finish(leases, "completed", result=1)
    httpx.delete(f"{workless.api.url}/workers/{tenant}.worker")
    expect(card).to_have_count(0)
