"""A page refuses an address that it cannot follow. It never shows more than the address asked for."""

import pytest
from playwright.sync_api import expect

from .conftest import Pages

JOBS = "/ui/jobs?tenant=acme&state=pending"


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("/ui/jobs?tennant=acme", "tennant This page has no such parameter."),
        (f"{JOBS}&tenantId=acme", "tenantId This page has no such parameter."),
        (f"{JOBS}&toString=1", "toString This page has no such parameter."),
        (f"{JOBS}&tenant=globex", "tenant It is given more than once."),
        ("/ui/jobs?tenant=", "tenant Use 1 to 128 of the characters A-Z a-z 0-9 . _ : @ -"),
        ("/ui/jobs?tenant=two words", "tenant Use 1 to 128 of the characters A-Z a-z 0-9 . _ : @ -"),
        ("/ui/jobs?key=two words", "key Use up to 255 visible ASCII characters without spaces."),
        ("/ui/jobs?batch=nothing", "batch Use the id of a batch: 26 of the characters 0-9 a-f."),
        ("/ui/batches?batch=nothing", "batch This page has no such parameter."),
        (
            "/ui/jobs?state=done",
            "state Use one of: all, pending, running, scheduled, completed, failed, cancelled.",
        ),
        ("/ui/jobs?created=1y", "created Use one of: 15m, 1h, 24h, 7d."),
        ("/ui/jobs?created=constructor", "created Use one of: 15m, 1h, 24h, 7d."),
        ("/ui/jobs?from=soon", "from Use a time such as 2026-03-01T10:00:00Z."),
        (
            "/ui/jobs?created=1h&from=2026-03-01T10:00:00Z",
            "from Give either “created”, or “from” and “to”.",
        ),
        ("/?minutes=7", "minutes Use one of: 15, 60, 360, 1440."),
        ("/ui/tenants?tenant=acme", "tenant This page has no such parameter."),
        ("/ui/tenants/acme?state=failed", "state This page has no such parameter."),
        ("/ui/schedules?tenantId=acme", "tenantId This page has no such parameter."),
        ("/ui/queues?queue=mail", "queue This page has no such parameter."),
    ],
)
def test_a_parameter_that_a_page_cannot_follow_is_refused(open_page: Pages, address: str, words: str) -> None:
    page = open_page(address)
    refusal = page.get_by_role("alert")
    expect(refusal.get_by_role("heading")).to_have_text("This address is not valid")
    expect(refusal).to_contain_text(words)
    expect(page.get_by_role("table")).to_have_count(0)
    expect(page.locator("main").get_by_role("button")).to_have_count(1)
    refusal.get_by_role("button", name="Open it without this parameter").click()
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_a_page_that_is_left_does_not_take_up_the_query_of_the_next(open_page: Pages) -> None:
    page = open_page("/ui/tenants")
    expect(page.get_by_role("heading", level=1)).to_have_text("Tenants")
    page.evaluate(
        """() => {
            const seen = (window.seen = new Set());
            const note = () => document.querySelectorAll("h1, h2").forEach(({ textContent }) => seen.add(textContent));
            new MutationObserver(note).observe(document.body, { subtree: true, childList: true, characterData: true });
        }"""
    )
    page.get_by_role("link", name="Overview", exact=True).click()
    page.locator(".figure").filter(has_text="Dead letters").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Jobs")
    assert "This address is not valid" not in page.evaluate("[...window.seen]")
