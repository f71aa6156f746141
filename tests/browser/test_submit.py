"""The form that submits a job, and the page of that job as it runs."""

import re

import httpx
from playwright.sync_api import Page, expect

from .conftest import Pages, World

LARGE = "130775545883395173"


def fill(page: Page, **fields: str) -> None:
    for name, value in fields.items():
        page.get_by_role("textbox", name=name).or_(page.get_by_role("combobox", name=name)).fill(value)


def test_a_submitted_job_is_watched_until_it_completes(open_page: Pages, tenant: str) -> None:
    page = open_page("/ui/submit")
    fill(page, Tenant=tenant, Task="demo.progress", Payload='{"steps": 4, "seconds": 2}')
    page.evaluate("window.notReloaded = true")
    page.get_by_role("button", name="Submit the job").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("demo.progress")
    expect(page.get_by_role("progressbar", name="Progress of the job")).to_be_visible()
    expect(page.get_by_text("step 2 of 4")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Completed")
    expect(page.get_by_role("tree", name="Result")).to_have_text("4")
    expect(page.get_by_role("listitem").filter(has_text="Attempt 1")).to_contain_text("Completed")
    assert page.evaluate("window.notReloaded")


def test_a_large_number_keeps_its_digits_from_the_form_to_the_result(
    world: World, open_page: Pages, tenant: str
) -> None:
    page = open_page(f"/ui/submit?tenant={tenant}")
    fill(page, Payload=f'{{"order": {LARGE}, "price": 2.50}}')
    page.get_by_role("button", name="Lay out").click()
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
    expect(page.get_by_text("Say whose job it is.")).to_be_visible()
    fill(page, Tenant=tenant, Payload="1e999")
    open_page.expect_console("status of 422")
    page.get_by_role("button", name="Submit the job").click()
    expect(payload).to_have_attribute("aria-invalid", "true")
    expect(payload).to_be_focused()
    fill(page, Payload="{}", Delay="soon")
    expect(page.get_by_role("textbox", name="Delay")).to_have_accessible_description(
        re.compile("Write a number and a unit")
    )


def test_a_repeated_idempotency_key_with_another_payload_is_refused_in_words(
    world: World, open_page: Pages, tenant: str
) -> None:
    httpx.post(f"{world.api.url}/jobs", json={"tenantId": tenant, "payload": 1}, headers={"idempotency-key": "k1"})
    page = open_page(f"/ui/submit?tenant={tenant}")
    fill(page, **{"Idempotency key": "k1"}, Payload="2")
    open_page.expect_console("status of 422")
    page.get_by_role("button", name="Submit the job").click()
    expect(page.get_by_text("this idempotency key was used before with a different body")).to_be_visible()
    expect(page.get_by_role("textbox", name="Idempotency key")).to_be_focused()
