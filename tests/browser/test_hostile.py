"""Whatever users write stays text: no markup, no script, and nothing in the console."""

import re
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import Page, expect

from .conftest import OpenPages, World
from .handwork import Handwork

MARKUP = '<img src=x onerror="window.broken=true"></textarea><script>window.broken=true</script>'
KEY = "<svg/onload=window.broken=true>"  # business keys have no spaces


@pytest.fixture
def page(workless: World, pages_of: OpenPages) -> Page:
    return pages_of(workless)("/")


def expect_inert(page: Page) -> None:
    """No element of the page came out of a user's text (the console is watched for all tests)."""
    expect(page.get_by_role("status", name="Loading")).to_have_count(0)
    assert page.locator("img, iframe, object, embed, main script, svg[onload], [onerror], [style*=url]").count() == 0
    assert page.evaluate("window.broken") is None


def test_what_a_job_and_its_worker_say_is_text(page: Page, workless: World, tenant: str) -> None:
    url = workless.api.url
    payload = {MARKUP: [MARKUP, {"__proto__": MARKUP}], "constructor": "\u202e\u0000{{x}}${x}"}
    job = workless.api.submit(
        tenant, "default", payload, queue=tenant, key=KEY, headers={MARKUP: MARKUP}, maxAttempts=1
    )
    worker = Handwork(url, "hostile:worker")
    leases = worker.claim(queues=[tenant])
    worker.beat(leases, {"current": 1, "total": 2, "message": MARKUP}, host=MARKUP, queues=[tenant])
    page.goto(f"{url}/ui/jobs/{job}")
    expect(page.get_by_role("region", name="Progress")).to_contain_text(MARKUP)
    expect(page.get_by_role("tree", name="Payload")).to_contain_text("onerror")
    expect(page.get_by_role("complementary", name="Facts")).to_contain_text(MARKUP)
    expect_inert(page)
    page.goto(f"{url}/ui/workers")
    expect(page.get_by_role("listitem", name="hostile:worker")).to_contain_text(MARKUP)
    expect_inert(page)
    worker.finish(leases, "failed", error={"type": MARKUP, "message": MARKUP, "traceback": MARKUP})
    page.goto(f"{url}/ui/jobs/{job}")
    expect(page.get_by_role("region", name="Error").locator("pre")).to_have_text(MARKUP)
    expect_inert(page)
    for path in (f"/ui/jobs?tenant={tenant}", f"/ui/jobs?state=failed&tenant={tenant}", f"/ui/jobs?key={quote(KEY)}"):
        page.goto(url + path)
        expect(page.get_by_role("table", name="Jobs").get_by_role("link", name="default")).to_be_visible()
        expect_inert(page)
    page.goto(f"{url}/ui/submit?from={job}")
    expect(page.get_by_role("textbox", name="Payload")).to_have_value(re.compile("onerror"))
    expect_inert(page)


def test_what_an_address_says_is_text(workless: World, pages_of: OpenPages) -> None:
    pages = pages_of(workless)
    pages.expect_console("status of 4(04|22)")
    page = pages("/")
    url, text = workless.api.url, quote(MARKUP, safe="")
    for path in (
        f"/ui/jobs?tenant={text}&queue={text}&task={text}&key={text}&from={text}&created={text}",
        f"/ui/jobs/{text}",
        f"/ui/submit?tenant={text}&task={text}&queue={text}&payload={text}",
        f"/ui/{text}",
    ):
        page.goto(url + path)
        expect(page.locator("h1, h2").first).to_be_visible()
        expect_inert(page)


def test_names_cannot_hold_markup(workless: World) -> None:
    url = workless.api.url
    for field in ("tenantId", "queue", "task"):
        body = {"tenantId": "a", "payload": 1, field: MARKUP}
        assert httpx.post(f"{url}/jobs", json=body).json()["errors"][0]["pointer"] == f"/{field}"
    beat = {"worker": {"id": MARKUP}, "leases": []}
    assert httpx.post(f"{url}/leases/extend", json=beat).json()["errors"][0]["pointer"] == "/worker/id"
