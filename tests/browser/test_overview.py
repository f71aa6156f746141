"""The overview: what happens now, and charts of what happened lately."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from .conftest import OpenPages, Pages, World
from .handwork import Handwork, post, put

POINTS = 361
"""An hour at ten seconds: more than a chart draws, so it joins three at a time: 120 points and one left over."""


def history(route: Route) -> None:
    """Equal points every ten seconds. Each third one has a mean wait of 4 s, the others have none."""
    points: list[dict[str, Any]] = [
        {
            "at": f"2026-03-01T{10 + n // 360:02}:{n // 6 % 60:02}:{n % 6 * 10:02}Z",
            "seconds": 10,
            "submitted": 40,
            "completed": 30,
            "failed": 1,
            "retried": 1,
            "started": 30,
            "waitSeconds": 4.0 if n % 3 == 0 else None,
            "runSeconds": 1.5,
            "pending": n,
            "running": 8,
            "scheduled": 2,
            "dlq": 0,
        }
        for n in range(POINTS)
    ]
    route.fulfill(json={"stepSeconds": 10, "points": points})


@pytest.fixture
def page(world: World, open_page: Pages, tenant: str) -> Page:
    """The overview of a world with a history."""
    world.api.submit(tenant, "default", 1)
    open_page.context.route(re.compile(r"/history\?"), history)
    return open_page("/")


def test_charts_show_what_happened(page: Page) -> None:
    charts = page.get_by_role("img")
    expect(charts).to_have_count(4)
    expect(charts.nth(0)).to_have_attribute("aria-label", "Throughput: Completed 3, Submitted 4")
    expect(charts.nth(1)).to_have_attribute("aria-label", "Wait and run time: Wait 4 s, Run 1.5 s")
    expect(charts.nth(2)).to_have_attribute("aria-label", "Queue depth: Pending 360, Running 8, Scheduled 2")
    expect(charts.nth(3)).to_have_attribute("aria-label", "Failures: Failed 6, Retried 6")
    expect(page.get_by_text("attempts per minute")).to_be_visible()
    expect(page.locator(".chart canvas")).to_have_count(4)
    charts.nth(0).hover()
    expect(page.locator(".chart-tip").first).to_have_text(re.compile(r"^\d\d:\d\d:\d\dCompleted3Submitted4$"))


def test_charts_survive_a_theme_a_size_and_leaving(page: Page) -> None:
    canvas = page.locator(".chart canvas")
    expect(canvas).to_have_count(4)
    before = canvas.first.evaluate("(canvas) => canvas.toDataURL()")
    page.emulate_media(color_scheme="dark")
    expect(canvas).to_have_count(4)
    page.wait_for_function("(before) => document.querySelector('.chart canvas')?.toDataURL() !== before", arg=before)
    page.set_viewport_size({"width": 500, "height": 700})
    page.wait_for_function("() => document.querySelector('.chart .uplot').clientWidth < 480")
    page.set_viewport_size({"width": 1280, "height": 800})
    page.get_by_role("link", name="Tenants", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Tenants")
    page.go_back()
    expect(canvas).to_have_count(4)


def test_the_time_that_charts_show_is_in_the_address(page: Page) -> None:
    with page.expect_request(re.compile(r"/history\?minutes=1440$")):
        page.get_by_text("24 h").click()
    expect(page).to_have_url(re.compile(r"\?minutes=1440$"))
    with page.expect_request(re.compile(r"/history\?minutes=1440$")):
        page.reload()
    expect(page.get_by_label("24 h")).to_be_checked()


def test_figures_lead_to_their_jobs(page: Page) -> None:
    page.locator(".figure").filter(has_text="waiting to start").click()
    expect(page).to_have_url(re.compile(r"/ui/jobs\?state=pending$"))


def test_the_top_tenants_are_shown_and_how_long_the_others_wait(fresh_world: World, pages_of: OpenPages) -> None:
    post(f"{fresh_world.api.url}/queues/default/pause")  # so that all jobs wait
    for name, count in (("calm", 1), ("busy", 31), ("third", 0), ("second", 30)):
        put(f"{fresh_world.api.url}/tenants/{name}", {"submitRate": None, "paused": name == "calm"})
        if count:
            post(
                f"{fresh_world.api.url}/jobs/batch", {"jobs": [{"tenantId": name, "payload": n} for n in range(count)]}
            )
    page = pages_of(fresh_world)("/")
    rows = page.get_by_role("table", name="Top tenants").locator("tbody tr")
    expect(rows.locator("a.name")).to_have_text(["busy", "second", "calm"])
    expect(rows.last).to_contain_text("Paused")
    expect(rows.first).to_contain_text("31")
    waits = page.get_by_text("Waiting now, 2 tenants")
    expect(waits).to_have_text(re.compile(r"2 tenants: p50 \d.*, p95 \d.*\. Without busy: p50 \d.*, p95 \d"))
    page.get_by_role("radiogroup", name="Order of the tenants").get_by_text("Most failures").click()
    expect(page.get_by_text("No attempt has failed.")).to_be_visible()
    page.get_by_role("radiogroup", name="Order of the tenants").get_by_text("Most pending").click()
    rows.first.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("busy")


def test_a_queue_says_that_no_worker_serves_it(workless: World, pages_of: OpenPages, tenant: str) -> None:
    put(f"{workless.api.url}/tenants/{tenant}", {"submitRate": None})
    jobs = [{"tenantId": tenant, "payload": n, "queue": tenant} for n in range(90)]
    post(f"{workless.api.url}/jobs/batch", {"jobs": jobs})
    page = pages_of(workless)("/")
    for path in ("/", "/ui/queues", f"/ui/jobs?state=pending&queue={tenant}"):
        page.goto(workless.api.url + path)
        expect(page.get_by_role("row").filter(has_text=tenant).first).to_contain_text("No worker")
    page.goto(f"{workless.api.url}/ui/submit?queue={tenant}")
    hint = page.get_by_text("No worker serves this queue now: the job will wait.")
    expect(hint).to_be_visible()
    Handwork(workless.api.url, f"{tenant}.here").beat(slots=1, queues=[tenant])
    expect(hint).to_have_count(0)
