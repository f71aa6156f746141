"""The pages of tenants: every lane, what holds it back, and limits that are changed while jobs run."""

import re

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from .conftest import PHONE, OpenPages, Pages, World
from .handwork import Handwork


def limit(world: World, tenant: str, **limits: object) -> None:
    answer = httpx.put(f"{world.api.url}/tenants/{tenant}", json=limits, timeout=30)
    assert answer.status_code == 200, answer.text


def row_of(page: Page, tenant: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=tenant, exact=True))


def test_a_lane_shows_what_waits_what_runs_and_what_holds_it_back(world: World, open_page: Pages, tenant: str) -> None:
    limit(world, tenant, concurrency=2, submitRate={"limit": 4, "windowSeconds": 600})
    jobs = [world.api.submit(tenant, "demo.sleep", {"seconds": 60}) for _ in range(4)]
    world.api.await_state(jobs[:2], "running")
    page = open_page(f"/ui/tenants?prefix={tenant}")
    row = row_of(page, tenant)
    expect(row).to_contain_text("2 / 2")
    expect(row).to_contain_text("4 / 4")
    expect(row).to_contain_text("At limit (2)")
    expect(row).to_contain_text("Submissions refused")
    expect(row).to_contain_text("own limits")
    expect(row.get_by_role("meter", name=f"Running jobs of {tenant}")).to_have_attribute("aria-valuenow", "2")
    row.get_by_role("link", name=tenant).click()
    sentence = page.locator("[data-sentence]")
    expect(page.get_by_role("link", name="All jobs of this tenant")).to_have_attribute(
        "href", f"/ui/jobs?tenant={tenant}"
    )
    expect(page.get_by_role("region", name="Jobs").get_by_role("row")).to_have_count(5)  # a head, and four jobs
    expect(sentence).to_have_text(
        "At its concurrency limit (2). 2 jobs waiting. The next one starts when a running job ends."
    )
    for job in jobs:
        httpx.post(f"{world.api.url}/jobs/{job}/cancel")
    expect(sentence).to_have_text("No jobs waiting or running.")


def test_a_limit_edited_is_felt(world: World, open_page: Pages, tenant: str) -> None:
    limit(world, tenant, concurrency=1)
    jobs = [world.api.submit(tenant, "demo.sleep", {"seconds": 60}) for _ in range(3)]
    world.api.await_state(jobs[:1], "running")
    page = open_page(f"/ui/tenants/{tenant}")
    field = page.get_by_label("Concurrency", exact=True)
    expect(field).to_have_value("1")
    field.fill("3")
    expect(page.get_by_text("New concurrency: 3.")).to_be_visible()
    page.get_by_role("button", name="Save limits").click()
    expect(page.get_by_text(f"Limits of {tenant} saved")).to_be_visible()
    world.api.await_state(jobs, "running")
    expect(page.get_by_role("meter", name="Running jobs")).to_have_attribute("aria-valuenow", "3")
    shown = world.api.get(f"/tenants/{tenant}")
    assert (shown["concurrency"], shown["weight"], shown["submitRate"]) == (3, 1, None)
    for job in jobs:
        httpx.post(f"{world.api.url}/jobs/{job}/cancel")


def test_rates_and_weight_are_edited_too(world: World, open_page: Pages, tenant: str) -> None:
    page = open_page(f"/ui/tenants/{tenant}")
    expect(page.get_by_text("defaults", exact=True)).to_be_visible()
    page.get_by_label("Submission rate: no limit").uncheck()
    page.get_by_label("Submission rate", exact=True).fill("20")
    page.get_by_label("Submission rate: length of time").fill("2")
    page.get_by_label("Submission rate: unit of time").select_option("hours")
    page.get_by_label("Start rate: no limit").uncheck()
    page.get_by_label("Concurrency: no limit").check()
    expect(page.get_by_label("Concurrency", exact=True)).to_have_count(0)
    page.get_by_label("Weight").fill("2.5")
    page.get_by_role("button", name="Save limits").click()
    expect(page.get_by_text("set for this tenant")).to_be_visible()
    shown = world.api.get(f"/tenants/{tenant}")
    assert shown["submitRate"] == {"limit": 20, "windowSeconds": 7200}
    assert shown["startRate"] == {"limit": 10, "windowSeconds": 60}
    assert (shown["concurrency"], shown["weight"]) == (None, 2.5)


def test_waiting_and_ended_jobs_are_bounded_too(world: World, open_page: Pages, tenant: str) -> None:
    page = open_page(f"/ui/tenants/{tenant}")
    expect(page.get_by_label("Completed jobs kept", exact=True)).to_have_value("1")
    expect(page.get_by_label("Completed jobs kept: number")).to_have_value("1000")
    page.get_by_label("Scheduled and pending jobs", exact=True).fill("250")
    page.get_by_label("Completed jobs kept: unit of time").select_option("day")
    page.get_by_label("Completed jobs kept: number").fill("20")
    page.get_by_label("Failed jobs kept", exact=True).fill("7")
    page.get_by_label("Failed jobs kept: number").fill("0")
    said = "scheduled and pending: 250, completed jobs kept: 1 d, completed jobs kept: 20 at most"
    expect(page.get_by_text(f"New {said}, failed jobs kept: 7 d, failed jobs kept: 0 at most.")).to_be_visible()
    page.get_by_role("button", name="Save limits").click()
    expect(page.get_by_text("set for this tenant")).to_be_visible()
    shown = world.api.get(f"/tenants/{tenant}")
    assert (shown["maxWaiting"], shown["keepCompletedSeconds"], shown["keepCompletedMax"]) == (250, 86_400, 20)
    assert (shown["keepFailedSeconds"], shown["keepFailedMax"]) == (7 * 86_400, 0)
    page.get_by_label("Scheduled and pending jobs: no limit").check()
    page.get_by_role("button", name="Save limits").click()
    expect(page.get_by_role("button", name="Discard")).to_be_disabled()
    assert world.api.get(f"/tenants/{tenant}")["maxWaiting"] is None


def test_a_tenant_goes_back_to_the_defaults(world: World, open_page: Pages, tenant: str) -> None:
    defaults = world.api.get(f"/tenants/{tenant}")
    limit(world, tenant, concurrency=77, weight=2)
    page = open_page(f"/ui/tenants/{tenant}")
    expect(page.get_by_label("Concurrency", exact=True)).to_have_value("77")
    page.get_by_role("button", name="Reset to defaults").click()
    expect(page.get_by_text("defaults", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Reset to defaults")).to_have_count(0)
    expect(page.get_by_label("Concurrency", exact=True)).to_have_value(str(defaults["concurrency"]))
    assert world.api.get(f"/tenants/{tenant}") == defaults


@pytest.mark.parametrize(
    ("label", "text", "words"),
    [
        ("Concurrency", "0", "Enter a whole number of jobs from 1 to 100,000."),
        ("Concurrency", "1.5", "Enter a whole number of jobs from 1 to 100,000."),
        ("Concurrency", "", "Enter a whole number of jobs from 1 to 100,000."),
        ("Scheduled and pending jobs", "10000001", "Enter a whole number of jobs from 1 to 10,000,000."),
        ("Completed jobs kept", "9000", "Enter a time from 0 to 366 days."),
        ("Failed jobs kept: number", "-1", "Enter a whole number of jobs from 0 to 1,000,000."),
        ("Weight", "0", "Enter a number from 0.01 to 1,000."),
        ("Weight", "many", "Enter a number from 0.01 to 1,000."),
    ],
)
def test_what_cannot_be_is_said_in_words(open_page: Pages, tenant: str, label: str, text: str, words: str) -> None:
    page = open_page(f"/ui/tenants/{tenant}")
    field = page.get_by_label(label, exact=True)
    before = field.input_value()
    field.fill(text)
    expect(page.get_by_role("alert")).to_have_text(words)
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("button", name="Save limits")).to_be_disabled()
    page.get_by_role("button", name="Discard").click()
    expect(field).to_have_value(before)
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_limit_that_the_server_refuses_is_said_at_its_field(open_page: Pages, tenant: str) -> None:
    open_page.expect_console("status of 422")
    page = open_page(f"/ui/tenants/{tenant}")
    page.route(
        re.compile("/tenants/"),
        lambda route: (
            route.fulfill(
                status=422,
                json={"detail": "no", "errors": [{"pointer": "/concurrency", "detail": "not today"}]},
            )
            if route.request.method == "PUT"
            else route.continue_()
        ),
    )
    page.get_by_label("Concurrency", exact=True).fill("7")
    page.get_by_role("button", name="Save limits").click()
    expect(page.get_by_role("alert")).to_have_text("not today")


def test_a_tenant_is_paused_and_resumed(world: World, open_page: Pages, tenant: str) -> None:
    page = open_page(f"/ui/tenants/{tenant}")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Paused")
    job = world.api.submit(tenant, "default", {})
    expect(page.locator("[data-sentence]")).to_contain_text(
        "Paused. 1 job waiting. Running jobs continue, and new jobs are accepted."
    )
    assert world.api.job(job)["state"] == "pending"
    page.get_by_role("button", name="Resume").click()
    world.api.await_state([job], "completed")
    expect(page.get_by_role("heading", level=1)).not_to_contain_text("Paused")
    page.keyboard.press("p")
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    assert world.api.get(f"/tenants/{tenant}")["paused"]
    page.keyboard.press("p")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()


def test_tenants_are_found_by_prefix_and_by_page(world: World, open_page: Pages, tenant: str) -> None:
    names = [f"{tenant}.{n:03}" for n in range(60)]
    items = [{"tenantId": name, "payload": 1} for name in names]
    assert httpx.post(f"{world.api.url}/jobs/batch", json={"jobs": items}, timeout=30).status_code == 200
    page = open_page("/ui/tenants")
    expect(page.get_by_role("table")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type(f"{tenant}.")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(50)
    expect(page).to_have_url(re.compile(rf"\?prefix={tenant}\.$"))
    page.get_by_role("link", name="Next page").click()
    expect(rows).to_have_count(10)
    expect(rows.last).to_contain_text(names[-1])
    page.go_back()
    expect(rows).to_have_count(50)
    page.get_by_role("searchbox").fill(names[7])
    expect(rows).to_have_count(1)
    page.get_by_role("searchbox").fill("absent <b>")
    expect(page.get_by_role("alert")).to_have_text("Use 1 to 128 of the characters A-Z a-z 0-9 . _ : @ -")
    expect(rows).to_have_count(1)
    page.get_by_role("searchbox").fill("absent")
    expect(page.get_by_text("No tenant id begins with “absent”.")).to_be_visible()
    page.get_by_role("button", name="Show all tenants").click()
    expect(rows).not_to_have_count(0)


def test_tenants_are_sorted_by_trouble(workless: World, pages_of: OpenPages, tenant: str) -> None:
    names = [f"{tenant}.{letter}" for letter in "abcd"]
    calm, slow, stuck, broken = names
    worker = Handwork(workless.api.url)
    for name in (slow, calm):  # the slow one has waited longer
        workless.api.submit(name, "default", 1, queue=tenant)
    workless.api.submit(broken, "default", 1, queue=f"{tenant}.broken", maxAttempts=1)
    worker.finish(worker.claim(queues=[f"{tenant}.broken"]), "failed", error={"type": "E", "message": "m"})
    limit(workless, stuck, paused=True)
    page = pages_of(workless)(f"/ui/tenants?prefix={tenant}.")
    links = page.get_by_role("table", name="Tenants").locator("tbody tr a.name")
    expect(links).to_have_text(names)
    for order, found in (("Longest wait", [slow, calm]), ("Most failures", [broken]), ("Blocked", [stuck])):
        page.get_by_role("radiogroup", name="Order").get_by_text(order).click()
        expect(links).to_have_text(found)
    page.reload()
    expect(links).to_have_text([stuck])
    expect(page.get_by_text("1 tenant", exact=True)).to_be_visible()
    page.get_by_role("radiogroup", name="Order").get_by_text("Most running").click()
    expect(
        page.get_by_text(f"No tenant that begins with “{tenant}.” belongs in the list “Most running”.")
    ).to_be_visible()


def test_all_jobs_of_a_tenant_are_cancelled(world: World, open_page: Pages, tenant: str) -> None:
    limit(world, tenant, paused=True)
    jobs = [world.api.submit(tenant, "default", n) for n in range(3)]
    jobs.append(world.api.submit(tenant, "default", 3, delaySeconds=3600))
    beside = world.api.submit(f"{tenant}.beside", "default", 1, delaySeconds=3600)
    page = open_page(f"/ui/tenants/{tenant}")
    page.get_by_role("button", name="Cancel all jobs").click()
    asked = page.get_by_role("dialog", name="Cancel 4 jobs?")
    expect(asked).to_contain_text(f"all unfinished jobs of {tenant}")
    asked.get_by_role("button", name="Cancel 4 jobs").click()
    page.get_by_role("dialog", name="4 jobs cancelled").get_by_role("button", name="Close", exact=True).last.click()
    for job in jobs:
        assert world.api.get(f"/jobs/{job}")["state"] == "cancelled"
    assert world.api.get(f"/jobs/{beside}")["state"] == "scheduled"
    expect(page.get_by_role("link", name="Schedules", exact=True).last).to_have_attribute(
        "href", f"/ui/schedules?tenant={tenant}"
    )


def test_a_tenant_says_that_no_worker_serves_its_queue(workless: World, pages_of: OpenPages, tenant: str) -> None:
    workless.api.submit(tenant, "default", 1, queue=f"{tenant}.lonely")
    Handwork(workless.api.url, f"{tenant}.elsewhere").beat(slots=1, queues=[f"{tenant}.other"])
    page = pages_of(workless)(f"/ui/tenants/{tenant}")
    sentence = page.locator("[data-sentence]")
    expect(sentence).to_have_text(
        f"1 job waiting. No worker serves the queue {tenant}.lonely: its jobs wait until one does."
    )
    expect(page.get_by_role("heading", level=1)).to_contain_text("No worker")
    Handwork(workless.api.url, f"{tenant}.here").beat(slots=1, queues=[f"{tenant}.lonely"])
    expect(sentence).to_have_text("1 job waiting for a free worker slot.")
    expect(page.get_by_role("heading", level=1)).not_to_contain_text("No worker")


@pytest.mark.parametrize("viewport", [PHONE])
def test_the_longest_id_fits_a_phone(world: World, open_page: Pages) -> None:
    name = "m" * 128
    world.api.submit(name, "default", {})
    for path in (f"/ui/tenants?prefix={name}", f"/ui/tenants/{name}"):
        page = open_page(path)
        expect(page.get_by_text(name).first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
