"""Listings of jobs: found by state and filter, changed in place, and many of them at once."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from .conftest import PHONE, OpenPages, Pages, World
from .handwork import Handwork, post, put


def rows(page: Page) -> Locator:
    return page.get_by_role("table", name="Jobs").locator("tbody tr:not([aria-hidden])")


def scroll_to_the_end(page: Page) -> None:
    """By the End key, which does nothing before the browser has laid out new rows. Reading a height makes it do so."""
    page.evaluate("document.documentElement.scrollHeight")
    page.keyboard.press("End")


def fail(world: World, tenant: str, count: int, **fields: object) -> list[str]:
    asked = {"tenantId": tenant, "task": "demo.fail", "payload": {"times": 1}, "maxAttempts": 1, **fields}
    made = post(f"{world.api.url}/jobs/batch", {"jobs": [asked] * count})["results"]
    jobs = [one["job"]["id"] for one in made]
    world.api.await_state(jobs, "failed")
    return jobs


def test_a_dead_letter_is_retried_from_its_page(world: World, open_page: Pages, tenant: str) -> None:
    (job,) = fail(world, tenant, 1)
    page = open_page(f"/ui/jobs?state=failed&tenant={tenant}")
    expect(rows(page)).to_contain_text("DemoFailure told to fail")
    rows(page).get_by_role("link", name="demo.fail").click()
    expect(page.get_by_role("region", name="Error")).to_contain_text("DemoFailure")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Failed")
    page.get_by_role("button", name="Retry").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Completed")
    assert world.api.job(job)["state"] == "completed"


def test_all_that_match_a_filter_are_retried(world: World, open_page: Pages, tenant: str) -> None:
    meant, others = fail(world, tenant, 12, queue="night"), fail(world, tenant, 2)
    page = open_page(f"/ui/jobs?state=failed&tenant={tenant}&queue=night")
    expect(rows(page)).to_have_count(12)
    page.get_by_role("button", name="Retry all").click()
    dialog = page.get_by_role("dialog", name="Retry 12 jobs?")
    expect(dialog).to_contain_text(f"dead letters, tenant {tenant}, queue night")
    dialog.get_by_role("button", name="Retry 12 jobs").click()
    done = page.get_by_role("dialog", name="12 jobs retried")
    done.get_by_role("button", name="Close", exact=True).last.click()
    expect(page.get_by_role("heading", name="No job matches")).to_be_visible()
    world.api.await_state(meant, "completed")
    assert {world.api.job(job)["state"] for job in others} == {"failed"}


def test_selected_jobs_are_deleted(world: World, open_page: Pages, tenant: str) -> None:
    fail(world, tenant, 6)
    page = open_page(f"/ui/jobs?state=failed&tenant={tenant}")
    expect(rows(page)).to_have_count(6)
    boxes = rows(page).get_by_role("checkbox")
    boxes.nth(1).click()
    boxes.nth(3).click(modifiers=["Shift"])
    bar = page.get_by_role("region", name="Selected jobs")
    expect(bar).to_contain_text("3 selected")
    bar.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog", name="Delete 3 jobs?").get_by_role("button", name="Delete 3 jobs").click()
    page.get_by_role("dialog", name="3 jobs deleted").get_by_role("button", name="Close", exact=True).last.click()
    expect(rows(page)).to_have_count(3)
    expect(bar).to_have_count(0)
    assert len(world.api.get(f"/jobs?state=failed&tenantId={tenant}")["jobs"]) == 3


def test_a_row_changes_in_place_and_new_ones_are_announced(workless: World, pages_of: OpenPages, tenant: str) -> None:
    page = pages_of(workless)(f"/ui/jobs?tenant={tenant}&state=pending")
    expect(page.get_by_role("heading", name="No job matches")).to_be_visible()
    first = workless.api.submit(tenant, "default", 1, queue=tenant)
    expect(rows(page)).to_have_count(1)
    workless.api.submit(tenant, "default", 2, queue=tenant)
    fresh = page.get_by_role("button", name="1 new")
    expect(fresh).to_be_visible()
    expect(rows(page)).to_have_count(1)
    worker = Handwork(workless.api.url)
    leases = worker.claim(queues=[tenant])
    assert leases[0]["jobId"] == first
    expect(rows(page)).to_contain_text("Running")
    worker.finish(leases, "completed", result=1)
    expect(rows(page)).to_contain_text("Completed")
    fresh.click()
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("Pending")
    expect(fresh).to_have_count(0)


def test_a_row_never_shows_a_new_state_with_old_details(workless: World, pages_of: OpenPages, tenant: str) -> None:
    workless.api.submit(tenant, "default", 1, queue=tenant)
    page = pages_of(workless)(f"/ui/jobs?tenant={tenant}")
    expect(rows(page)).to_contain_text("Pending")
    page.evaluate(
        """() => {
            const seen = (window.seen = new Set());
            const note = () => document.querySelectorAll(".table tbody tr").forEach((row) => {
                const text = (column) => row.querySelector(column).textContent.trim();
                seen.add(`${text(".state-cell")} ${text(".number-cell")}`);
            });
            note();
            new MutationObserver(note).observe(document.querySelector(".table tbody"), {
                subtree: true, childList: true, characterData: true,
            });
        }"""
    )
    worker = Handwork(workless.api.url)
    worker.finish(worker.claim(queues=[tenant]), "completed", result=1)
    expect(rows(page)).to_contain_text("Completed")
    expect(rows(page)).to_contain_text("1 / 3")
    shown = set(page.evaluate("[...window.seen]"))
    assert {"Pending 0 / 3", "Completed 1 / 3"} <= shown <= {"Pending 0 / 3", "Running 1 / 3", "Completed 1 / 3"}


def test_counts_are_of_the_tenant_that_is_filtered(workless: World, pages_of: OpenPages, tenant: str) -> None:
    for name, count in ((tenant, 4), (f"{tenant}.other", 2)):
        for n in range(count):
            workless.api.submit(name, "default", n, queue=name, tags=["red"])
    worker = Handwork(workless.api.url)
    worker.finish(worker.claim(queues=[tenant]), "completed", result=1)
    worker.claim(queues=[tenant])
    page = pages_of(workless)(f"/ui/jobs?tenant={tenant}")
    tabs = page.get_by_role("navigation", name="Jobs by state").get_by_role("link")
    expect(tabs.filter(has_text="Pending")).to_have_text(re.compile(r"^\s*Pending2\s*$"))
    expect(tabs.filter(has_text="Running")).to_have_text(re.compile(r"^\s*Running1\s*$"))
    expect(tabs.filter(has_text="Completed")).to_have_text(re.compile(r"^\s*Completed1\s*$"))
    for narrower in (f"queue={tenant}", "tag=red"):  # the API does not count what these match
        page.goto(f"{workless.api.url}/ui/jobs?tenant={tenant}&{narrower}")
        expect(rows(page)).to_have_count(4)
        expect(page.locator(".tabs .count")).to_have_count(0)


def test_a_word_is_searched_as_it_was_typed(workless: World, pages_of: OpenPages, tenant: str) -> None:
    job = workless.api.submit(tenant, "default", 1, key=f"order/{tenant}")
    page = pages_of(workless)("/ui/jobs")
    search = page.get_by_role("combobox", name="Search jobs")
    for word, found in ((tenant, f"tenant={tenant}"), (f"order/{tenant}", f"key=order%2F{tenant}")):
        search.fill(word)
        search.press("Enter")
        expect(page).to_have_url(re.compile(rf"\?{found}$"))
        expect(rows(page)).to_have_count(1)
        page.get_by_role("list", name="Filters").get_by_role("button").first.click()
        expect(page).to_have_url(re.compile("/ui/jobs$"))
    search.fill(job.upper())
    search.press("Enter")
    expect(page).to_have_url(re.compile(f"/ui/jobs/{job}$"))


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("absent-name", "No job, tenant or key is called “absent-name”."),
        (
            "tenant:<b>x</b>",
            "“<b>x</b>” cannot be a tenant. Use 1 to 128 of the characters A-Z a-z 0-9 . _ : @ -",
        ),
        ("acme mail", "Write a name before each word: tenant:acme queue:mail task:send key:report-42."),
    ],
)
def test_a_search_that_can_find_nothing_says_so(open_page: Pages, typed: str, words: str) -> None:
    page = open_page("/ui/jobs")
    search = page.get_by_role("combobox", name="Search jobs")
    search.fill(typed)
    search.press("Enter")
    expect(page.get_by_role("alert")).to_have_text(words)
    expect(search).to_have_attribute("aria-invalid", "true")
    expect(page).to_have_url(re.compile("/ui/jobs$"))
    search.fill("")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_filter_that_nothing_can_match_is_said_at_its_field(open_page: Pages) -> None:
    page = open_page("/ui/jobs")
    page.get_by_role("button", name="Filter", exact=True).click()
    fields = page.get_by_role("form", name="Filters")
    fields.get_by_label("Tenant").fill("two words")
    fields.get_by_role("button", name="Apply").click()
    expect(fields).to_contain_text("Use 1 to 128 of the characters A-Z a-z 0-9 . _ : @ -")
    expect(page).to_have_url(re.compile("/ui/jobs$"))


def test_filters_live_in_the_address(world: World, open_page: Pages, tenant: str) -> None:
    jobs = [world.api.submit(tenant, "default", i, key=f"{tenant}-{i}", tags=[f"n={i}"]) for i in range(3)]
    world.api.await_state(jobs, "completed")
    page = open_page("/ui/jobs")
    expect(rows(page).first).to_be_visible()
    page.keyboard.press("/")
    expect(page.get_by_role("combobox", name="Search jobs")).to_be_focused()
    page.keyboard.type(f"tenant:{tenant} key:{tenant}-1\n")
    expect(page).to_have_url(re.compile(f"tenant={tenant}&key={tenant}-1"))
    expect(rows(page)).to_have_count(1)
    page.get_by_role("button", name=f"Remove the filter Key {tenant}-1").click()
    expect(rows(page)).to_have_count(3)
    page.get_by_role("combobox", name="Search jobs").fill("tag:n=2")
    page.keyboard.press("Enter")
    expect(rows(page)).to_have_count(1)
    rows(page).get_by_role("link").first.click()
    page.get_by_role("complementary", name="Facts").get_by_role("link", name="n=2").click()
    expect(page).to_have_url(re.compile(r"/ui/jobs\?state=all&tag=n%3D2"))
    page.go_back()
    page.go_back()
    page.get_by_role("button", name="Remove the filter Tag n=2").click()
    expect(rows(page)).to_have_count(3)
    page.get_by_role("button", name="Filter", exact=True).click()
    fields = page.get_by_role("form", name="Filters")
    fields.get_by_label("Task").fill("demo.sleep")
    fields.get_by_label("Submitted").select_option("1h")
    fields.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("heading", name="No job matches")).to_be_visible()
    page.go_back()
    expect(rows(page)).to_have_count(3)
    page.get_by_role("navigation", name="Jobs by state").get_by_role("link", name="Completed").click()
    expect(page).to_have_url(re.compile(f"tenant={tenant}.*state=completed"))
    page.get_by_role("combobox", name="Search jobs").fill(jobs[2])
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{world.api.url}/ui/jobs/{jobs[2]}")


def test_rows_are_reached_and_chosen_by_keys(world: World, open_page: Pages, tenant: str) -> None:
    fail(world, tenant, 3)
    page = open_page(f"/ui/jobs?state=failed&tenant={tenant}")
    expect(rows(page)).to_have_count(3)
    page.keyboard.type("jjx")
    expect(page.get_by_role("region", name="Selected jobs")).to_contain_text("1 selected")
    expect(rows(page).nth(1).get_by_role("checkbox")).to_be_checked()
    page.keyboard.press("r")
    expect(page.get_by_role("dialog", name="Retry 1 job?")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("]")
    expect(page).to_have_url(re.compile("state=cancelled"))


def test_many_rows_are_read_as_they_are_scrolled_to(workless: World, pages_of: OpenPages, tenant: str) -> None:
    put(f"{workless.api.url}/tenants/{tenant}", {"submitRate": None})
    post(f"{workless.api.url}/jobs/batch", {"jobs": [{"tenantId": tenant, "payload": i} for i in range(400)]})
    page = pages_of(workless)(f"/ui/jobs?state=pending&tenant={tenant}")
    table = page.get_by_role("table", name="Jobs")
    expect(table).to_have_attribute("aria-rowcount", "101")
    for read in (201, 301, 401):
        scroll_to_the_end(page)
        expect(table).to_have_attribute("aria-rowcount", str(read))
    scroll_to_the_end(page)
    expect(page.get_by_text("400 jobs in total")).to_be_visible()
    assert rows(page).count() < 60


def test_all_that_match_are_selected_beyond_the_rows_that_are_loaded(
    workless: World, pages_of: OpenPages, tenant: str
) -> None:
    put(f"{workless.api.url}/tenants/{tenant}", {"submitRate": None})
    post(f"{workless.api.url}/jobs/batch", {"jobs": [{"tenantId": tenant, "payload": i} for i in range(250)]})
    page = pages_of(workless)(f"/ui/jobs?state=pending&tenant={tenant}")
    page.get_by_role("checkbox", name="Select all loaded rows").click()
    bar = page.get_by_role("region", name="Selected jobs")
    expect(bar).to_contain_text("100 selected")
    bar.get_by_role("button", name="Select all matching jobs").click()
    expect(bar).to_contain_text("All matching jobs")
    bar.get_by_role("button", name="Cancel", exact=True).click()
    dialog = page.get_by_role("dialog", name="Cancel 250 jobs?")
    dialog.get_by_role("button", name="Cancel 250 jobs").click()
    done = page.get_by_role("dialog", name="250 jobs cancelled")
    done.get_by_role("button", name="Close", exact=True).last.click()
    expect(page.get_by_role("heading", name="No job matches")).to_be_visible()
    assert workless.api.get(f"/tenants/{tenant}")["pending"] == 0


@pytest.mark.parametrize("viewport", [PHONE])
def test_a_phone_shows_jobs_without_scrolling_sideways(world: World, open_page: Pages, tenant: str) -> None:
    (job,) = fail(world, tenant, 1)
    for path in (f"/ui/jobs?tenant={tenant}", f"/ui/jobs/{job}", f"/ui/submit?from={job}", "/ui/queues", "/ui/workers"):
        page = open_page(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.get_by_role("status", name="Loading")).to_have_count(0)
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0], path


def test_dead_letters_are_grouped_and_a_group_is_sent_back(world: World, open_page: Pages, tenant: str) -> None:
    jobs = [world.api.submit(tenant, "demo.fail", {"message": f"order {n}"}, maxAttempts=1) for n in range(3)]
    jobs.append(world.api.submit(tenant, "demo.fail", {"message": "no card"}, maxAttempts=1))
    world.api.await_state(jobs, "failed")
    page = open_page(f"/ui/jobs?state=failed&tenant={tenant}")
    groups = page.get_by_role("table", name="Dead letters by task and error").locator("tbody tr")
    expect(groups).to_have_count(2)
    expect(groups.first).to_contain_text("order ")
    groups.first.get_by_role("button", name="Retry these: demo.fail").click()
    page.get_by_role("dialog", name="Retry 3 jobs?").get_by_role("button", name="Retry 3 jobs").click()
    page.get_by_role("dialog", name="3 jobs retried").get_by_role("button", name="Close", exact=True).last.click()
    assert world.api.get(f"/tenants/{tenant}")["retried"] == 3
