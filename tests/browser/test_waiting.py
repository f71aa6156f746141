"""The page of a waiting job says why it waits, its position, and when the wait ends."""

import re

import pytest
from playwright.sync_api import Page, expect

from .conftest import OpenPages, Pages, World
from .handwork import Handwork, post, put


@pytest.fixture
def page(workless: World, pages_of: OpenPages) -> Page:
    """A tab of a system without workers."""
    return pages_of(workless)("/")


def expect_reason(page: Page, world: World, job: str, reason: str, sentence: str) -> None:
    """The job's page shows this reason and the API's sentence, which contains these words."""
    page.goto(f"{world.api.url}/ui/jobs/{job}")
    why = page.locator(f"[data-waiting-for={reason}]")
    expect(why).to_contain_text("Why is it waiting?")
    told = world.api.get(f"/jobs/{job}/explain")["sentence"]
    assert sentence in told
    expect(why).to_contain_text(told)


def test_no_worker(page: Page, workless: World, tenant: str) -> None:
    job = workless.api.submit(tenant, "default", 1, queue="lonely")
    expect_reason(page, workless, job, "no_worker", "No worker")


def test_turn(page: Page, workless: World, tenant: str) -> None:
    _, second = [workless.api.submit(tenant, "default", 1, queue="busy") for _ in range(2)]
    Handwork(workless.api.url, "busy-one").beat(slots=1, running=1, queues=["busy"])
    expect_reason(page, workless, second, "turn", "it waits for one of 1 busy worker slot.")
    expect(page.locator(".why-figures")).to_have_text("Position in lane2")


def test_concurrency(page: Page, workless: World, tenant: str) -> None:
    put(f"{workless.api.url}/tenants/{tenant}", {"concurrency": 1})
    _, second = [workless.api.submit(tenant, "default", 1, queue=tenant) for _ in range(2)]
    worker = Handwork(workless.api.url)
    leases = worker.claim(queues=[tenant])
    expect_reason(page, workless, second, "concurrency", f"{tenant} runs 1 job, and its limit is 1 at once")
    worker.finish(leases, "completed", result=1)
    expect(page.locator("[data-waiting-for=concurrency]")).to_have_count(0)


def test_start_rate(page: Page, workless: World, tenant: str) -> None:
    put(f"{workless.api.url}/tenants/{tenant}", {"startRate": {"limit": 1, "windowSeconds": 3600}})
    _, second = [workless.api.submit(tenant, "default", 1, queue=tenant) for _ in range(2)]
    worker = Handwork(workless.api.url)
    worker.finish(worker.claim(queues=[tenant]), "completed", result=1)
    expect_reason(page, workless, second, "start_rate", "as many jobs as its start rate allows")
    expect(page.get_by_role("timer")).to_have_text(re.compile(r"^(1 h|59 min)"))


def test_paused(page: Page, workless: World, tenant: str) -> None:
    job = workless.api.submit(tenant, "default", 1, queue=tenant)
    post(f"{workless.api.url}/tenants/{tenant}/pause")
    expect_reason(page, workless, job, "paused", f"The tenant {tenant} is paused")
    post(f"{workless.api.url}/queues/{tenant}/pause")
    expect_reason(page, workless, job, "paused", f"The queue {tenant} is paused")


def test_schedule_counts_down(page: Page, workless: World, tenant: str) -> None:
    job = workless.api.submit(tenant, "default", 1, delaySeconds=300)
    expect_reason(page, workless, job, "schedule", "It was submitted to start later")
    timer = page.get_by_role("timer")
    expect(timer).to_have_text(re.compile(r"^(5 min|4 min \d+ s)$"))
    first = timer.inner_text()
    expect(timer).not_to_have_text(first)


def test_backoff(page: Page, workless: World, tenant: str) -> None:
    job = workless.api.submit(tenant, "default", 1, queue=tenant)
    worker = Handwork(workless.api.url)
    error = {"type": "IOError", "message": "the disk is full"}
    worker.finish(worker.claim(queues=[tenant]), "failed", error=error, delaySeconds=600)
    expect_reason(page, workless, job, "backoff", "Attempt 1 of 3 failed")
    expect(page.get_by_role("region", name="Error")).to_contain_text("IOError the disk is full")


def test_a_job_that_runs_waits_for_nothing(world: World, open_page: Pages, tenant: str) -> None:
    job = world.api.submit(tenant, "demo.sleep", {"seconds": 60})
    world.api.await_state([job], "running")
    page = open_page(f"/ui/jobs/{job}")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Running")
    expect(page.locator("[data-waiting-for]")).to_have_count(0)
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel the job").click()
    # Its worker hears of it at once or with its next heartbeat; until then the button says so.
    expect(page.get_by_role("button", name="Cancel", exact=True)).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Cancelled")
