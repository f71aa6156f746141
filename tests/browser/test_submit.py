"""The form that submits a job, and the page of that job as it runs."""

import re

import httpx
from playwright.sync_api import Page, expect

from .conftest import OpenPages, Pages, World
from .handwork import Handwork

LARGE = "130775545883395173"


def fill(page: Page, **fields: str) -> None:
    for name, value in fields.items():
        page.get_by_role("textbox", name=name).or_(page.get_by_role("combobox", name=name)).fill(value)


def test_a_submitted_job_is_watched_until_it_completes(workless: World, pages_of: OpenPages, tenant: str) -> None:
    page = pages_of(workless)("/ui/submit")
    fill(page, Tenant=tenant, Task="demo.progress", Queue=tenant, Payload='{"steps": 4, "seconds": 2}')
    page.evaluate("window.notReloaded = true")
    page.get_by_role("button", name="Submit the job").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("demo.progress")
    worker = Handwork(workless.api.url)
    leases = worker.claim(queues=[tenant])
    worker.beat(leases, {"current": 2, "total": 4, "message": "step 2 of 4"}, slots=1, queues=[tenant])
    expect(page.get_by_role("progressbar", name="Progress of the job")).to_be_visible()
    expect(page.get_by_text("step 2 of 4")).to_be_visible()
    worker.finish(leases, "completed", result=4)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Completed")
    expect(page.get_by_role("tree", name="Result")).to_have_text("4")
    expect(page.get_by_role("listitem").filter(has_text="Attempt 1")).to_contain_text("Completed")
    assert page.evaluate("window.notReloaded")


def test_a_large_number_keeps_its_digits_from_the_form_to_the_result(
    world: World, open_page: Pages, tenant: str
) -> None:
    page = open_page(f"/ui/submit?tenant={tenant}")
    fill(page, Payload=f'{{"order": {LARGE}, "price": 2.50}}')
    page.get_by_role("button", name="Format").click()
    expect(page.get_by_role("textbox", name="Payload")).to_have_value(f'{{\n  "order": {LARGE},\n  "price": 2.50\n}}')
    page.keyboard.press("Control+Enter")
    for name in ("Payload", "Result"):
        tree = page.get_by_role("tree", name=name)
        expect(tree.get_by_role("treeitem", name=f'"order": {LARGE}')).to_be_visible()
        expect(tree.get_by_role("treeitem", name='"price": 2.50')).to_be_visible()
    page.get_by_role("button", name="Copy the result").click()
    assert page.evaluate("navigator.clipboard.readText()") == f'{{\n  "order": {LARGE},\n  "price": 2.50\n}}'
    page.get_by_role("link", name="Submit again").click()
    expect(page.get_by_role("textbox", name="Payload")).to_have_value(f'{{\n  "order": {LARGE},\n  "price": 2.50\n}}')


def test_what_is_wrong_is_said_at_its_field(world: World, open_page: Pages, tenant: str) -> None:
    page = open_page("/ui/submit")
    payload = page.get_by_role("textbox", name="Payload")
    payload.fill('{"a": 1,\n "b": }')
    expect(payload).to_have_accessible_description(
        re.compile("not JSON: in line 2 at character 7, a value should be here")
    )
    page.get_by_role("button", name="Submit the job").click()
    expect(page.get_by_role("combobox", name="Tenant")).to_be_focused()
    expect(page.get_by_text("Enter a tenant.")).to_be_visible()
    fill(page, Tenant=tenant, Payload="1e999")
    open_page.expect_console("status of 422")
    page.get_by_role("button", name="Submit the job").click()
    expect(payload).to_have_attribute("aria-invalid", "true")
    expect(payload).to_be_focused()
    fill(page, Payload="{}", Delay="soon")
    expect(page.get_by_role("textbox", name="Delay")).to_have_accessible_description(
        re.compile("Enter a number and a unit, such as 30s, 10m, 2h or 1d.")
    )


def test_a_repeated_idempotency_key_with_another_payload_is_refused_in_words(
    world: World, open_page: Pages, tenant: str
) -> None:
    httpx.post(f"{world.api.url}/jobs", json={"tenantId": tenant, "payload": 1}, headers={"idempotency-key": "k1"})
    page = open_page(f"/ui/submit?tenant={tenant}")
    fill(page, **{"Idempotency key": "k1"}, Payload="2")
    open_page.expect_console("status of 422")
    page.get_by_role("button", name="Submit the job").click()
    expect(page.get_by_text("the idempotency key was used before with another request")).to_be_visible()
    expect(page.get_by_role("textbox", name="Idempotency key")).to_be_focused()


def test_what_a_job_logs_is_shown(workless: World, pages_of: OpenPages, tenant: str) -> None:
    job = workless.api.submit(tenant, "default", 1, queue=tenant)
    page = pages_of(workless)(f"/ui/jobs/{job}")
    expect(page.get_by_text("Log lines appear here when the job runs.")).to_be_visible()
    worker = Handwork(workless.api.url)
    leases = worker.claim(queues=[tenant])
    at = {"at": "2026-11-24T12:00:00Z", "attempt": 1, "logger": "shop"}
    lines = [
        {**at, "level": "info", "message": "<b>rendering</b>"},
        {**at, "level": "warning", "message": "slow relay"},
    ]
    worker.finish(leases, "completed", result=1, logs={"first": 0, "lines": lines})
    shown = page.get_by_role("list", name="Log lines").get_by_role("listitem")
    expect(shown).to_have_count(2)
    expect(shown.first).to_contain_text("<b>rendering</b>")
    page.get_by_text("Warnings", exact=True).click()
    expect(shown).to_have_count(1)
    expect(shown).to_contain_text("slow relay")
    page.get_by_role("button", name="Copy the logs").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == "2026-11-24T12:00:00Z warning shop: slow relay"


def test_deep_and_long_payloads_fold(workless: World, pages_of: OpenPages, tenant: str) -> None:
    deep: object = "bottom"
    for _ in range(150):
        deep = [deep]
    job = workless.api.submit(tenant, "default", {"list": list(range(20_000)), "deep": deep, "long": "x" * 100_000})
    page = pages_of(workless)(f"/ui/jobs/{job}")
    tree = page.get_by_role("tree", name="Payload")
    items = tree.get_by_role("treeitem")
    expect(tree).to_contain_text("20,000 items")
    assert items.count() < 60
    tree.get_by_role("treeitem", name='"list"').click()
    expect(items.filter(has_text=re.compile("^99: 99$"))).to_be_visible()
    tree.get_by_role("button", name="Show 100 of 19,900 more").click()
    expect(items.filter(has_text=re.compile("^199: 199$"))).to_be_visible()
    page.get_by_role("button", name="Expand").click()
    expect(tree).to_contain_text('"bottom"')
    tree.get_by_role("button", name="Show all 100,002 characters").click()
    expect(tree).to_contain_text("x" * 1_000)
    page.get_by_role("button", name="Collapse").click()
    expect(items).to_have_count(1)
    items.first.focus()
    page.keyboard.press("ArrowRight")
    expect(items).to_have_count(4)
    page.keyboard.press("End")
    expect(items.last).to_be_focused()
