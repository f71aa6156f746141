"""The pages of batches: how far each is, its callbacks and its jobs, and cancelling them all."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from .conftest import OpenPages, World
from .handwork import Handwork, post


@pytest.fixture(autouse=True)
def no_jobs_left(workless: World, tenant: str) -> Iterator[None]:
    """Other tests with the same system claim whatever waits."""
    yield
    post(f"{workless.api.url}/jobs/actions", {"action": "cancel", "filter": {"tenantId": tenant}})


def create(world: World, tenant: str, jobs: int, **callbacks: Any) -> str:
    """The id of an open batch whose jobs wait in the queue named as the tenant."""
    body = {"tenantId": tenant, "jobs": [{"payload": n, "queue": tenant, "maxAttempts": 1} for n in range(jobs)]}
    return str(post(f"{world.api.url}/batches", body | callbacks)["id"])


def figure(page: Page, name: str) -> Locator:
    return page.locator(".figure", has=page.get_by_text(name, exact=True))


def test_a_batch_shows_how_far_it_is_and_what_it_made(workless: World, pages_of: OpenPages, tenant: str) -> None:
    batch = create(workless, tenant, 3, onFailure={"task": "alarm", "payload": 1, "queue": tenant})
    worker = Handwork(workless.api.url, tenant)
    page = pages_of(workless)(f"/ui/batches?tenant={tenant}")
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name=f"…{batch[-8:]}"))
    expect(row).to_contain_text("Open")
    expect(row).to_contain_text("0 / 3")
    first, second = worker.claim(2, [tenant])
    worker.finish([first], "completed")
    worker.finish([second], "failed", error={"type": "Broken", "message": "no"})
    expect(row).to_contain_text("2 / 3")
    expect(row.get_by_role("meter")).to_have_attribute("aria-valuenow", "2")
    made = workless.api.get(f"/batches/{batch}")["onFailureJobId"]
    expect(row.get_by_role("link", name="on failure")).to_have_attribute("href", f"/ui/jobs/{made}")

    row.get_by_role("link", name=f"…{batch[-8:]}").click()
    expect(figure(page, "Failed")).to_contain_text("1")
    expect(page.get_by_role("table", name="Jobs").get_by_role("row")).to_have_count(4)  # a head, and three jobs
    page.get_by_role("button", name="Seal", exact=True).click()
    page.get_by_role("dialog", name="Seal this batch?").get_by_role("button", name="Seal it").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Running")
    figure(page, "Failed").get_by_role("link").click()
    expect(page).to_have_url(re.compile(f"batch={batch}&state=failed$"))
    jobs = page.get_by_role("table", name="Jobs").locator("tbody tr:not([aria-hidden])")
    expect(jobs).to_have_count(1)
    tabs = page.get_by_role("navigation", name="Jobs by state")
    tabs.get_by_role("link", name="All").click()
    expect(jobs).to_have_count(3)  # the job of the callback does not belong to the batch
    tabs.get_by_role("link", name="Dead letters").click()
    expect(jobs).to_have_count(1)
    jobs.get_by_role("link", name="default").click()
    expect(page.get_by_role("complementary", name="Facts").get_by_role("link", name=batch)).to_be_visible()


def test_all_jobs_of_a_batch_are_cancelled(workless: World, pages_of: OpenPages, tenant: str) -> None:
    batch, beside = create(workless, tenant, 3), create(workless, tenant, 1)
    page = pages_of(workless)(f"/ui/batches/{batch}")
    page.get_by_role("button", name="Cancel all jobs").click()
    page.get_by_role("dialog", name="Cancel 3 jobs?").get_by_role("button", name="Cancel 3 jobs").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Cancelled")
    expect(page.get_by_role("button", name="Cancel all jobs")).to_have_count(0)
    jobs = workless.api.get(f"/jobs?batchId={batch}")["jobs"]
    assert [job["state"] for job in jobs] == ["cancelled"] * 3
    assert workless.api.get(f"/batches/{beside}")["unfinished"] == 1
