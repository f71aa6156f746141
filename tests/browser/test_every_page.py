"""Rules for every page: hostile text stays text, the page is accessible, and it fits a phone."""

import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from .accessibility import barriers
from .conftest import PHONE, Pages, World
from .handwork import post

MARKUP = "<img src=x onerror='window.owned=1'><script>window.owned=1</script><b>bold</b>${7*7}{{7*7}}"
HOSTILE = "hostile"
PAGES = [
    "/",
    "/ui/tenants",
    f"/ui/tenants/{HOSTILE}",
    "/ui/tenants/never-seen",
    f"/ui/jobs?tenant={HOSTILE}",
    f"/ui/jobs?state=failed&tenant={HOSTILE}&key=%3Cb%3Ekey%3C/b%3E",
    "/ui/jobs?state=cancelled&tenant=never-seen",
    "/ui/jobs/{failed}",
    "/ui/jobs/{completed}",
    "/ui/jobs/{running}",
    "/ui/jobs/{scheduled}",
    "/ui/batches",
    "/ui/batches?tenant=never-seen",
    "/ui/batches/{batch}",
    f"/ui/jobs?tenant={HOSTILE}&batch={{batch}}",
    "/ui/submit?from={completed}",
    "/ui/schedules",
    "/ui/queues",
    "/ui/workers",
    "/ui/audit",
]

every_page = pytest.mark.parametrize("path", PAGES)


@pytest.fixture(scope="package")
def hostile(world: World) -> World:
    """The world, with markup in every text that a client or a worker can set."""
    url = world.api.url
    failing = world.api.submit(
        HOSTILE, "demo.fail", {"message": MARKUP}, maxAttempts=1, headers={"x-note": MARKUP}, key="<b>key</b>"
    )
    world.api.await_state([failing], "failed")
    done = world.api.submit(HOSTILE, "default", {MARKUP: [MARKUP, {"deep": MARKUP}]}, headers={MARKUP[:50]: MARKUP})
    world.api.await_state([done], "completed")
    batch = {"tenantId": HOSTILE, "jobs": [{"task": "hostile.task", "delaySeconds": 3600, "payload": MARKUP}]}
    post(f"{url}/batches", batch | {"finally": {"task": "hostile.task", "payload": MARKUP}})
    sleepers = [world.api.submit(f"sleeper-{n}", "demo.sleep", {"seconds": 60}) for n in range(8)]
    world.api.await_state(sleepers, "running")  # they keep the world's worker busy, so the next job is left for us
    world.api.submit(HOSTILE, "hostile.task", MARKUP, queue="hostile.queue")
    claim = {"queues": ["hostile.queue"], "workerId": "hostile.worker", "leaseSeconds": 600}
    (lease,) = httpx.post(f"{url}/leases", json=claim).json()["leases"]
    for job in sleepers:
        httpx.post(f"{url}/jobs/{job}/cancel")
    report = {
        "jobId": lease["jobId"],
        "token": lease["token"],
        "progress": {"current": 1, "total": 2, "message": MARKUP},
    }
    worker = {"id": "hostile.worker", "slots": 2, "running": 1, "host": MARKUP}
    answer = httpx.post(f"{url}/leases/extend", json={"worker": worker, "leases": [report], "leaseSeconds": 600})
    assert answer.status_code == 200, answer.text
    world.api.submit(HOSTILE, "hostile.task", MARKUP, queue="hostile.queue", delaySeconds=3600)
    return world


def opened(world: World, open_page: Pages, path: str) -> Page:
    """A tab at this path, after it has loaded. `{failed}` stands for a job in that state, `{batch}` for the batch."""
    if "{batch}" in path:
        (batch,) = world.api.get(f"/batches?tenantId={HOSTILE}")["batches"]
        path = path.replace("{batch}", batch["id"])
    elif wanted := re.search(r"{(\w+)}", path):
        job, *_ = world.api.get(f"/jobs?tenantId={HOSTILE}&state={wanted[1]}")["jobs"]
        path = path.replace(wanted[0], job["id"])
    page = open_page(path)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator(".skeleton")).to_have_count(0)
    return page


@every_page
def test_hostile_text_stays_text_and_the_page_is_accessible(hostile: World, open_page: Pages, path: str) -> None:
    page = opened(hostile, open_page, path)
    assert page.evaluate("window.owned") is None
    assert page.locator("main :is(img, script, b:text-is('bold'))").count() == 0
    assert not barriers(page)
    page.emulate_media(color_scheme="dark")
    assert not barriers(page)


def test_hostile_addresses_are_words(hostile: World, open_page: Pages) -> None:
    open_page.expect_console("status of 4(04|22)")
    for path in (
        "/ui/tenants?prefix=%3Cimg%20src%3Dx%3E",
        "/ui/tenants/%3Cimg%20src%3Dx%20onerror%3Downed%3D1%3E",
        "/ui/%00",
        "/ui/jobs?tenant=%3Cimg%20src%3Dx%3E&key=%3Cimg%20src%3Dx%3E&from=%3Cimg%3E",
        "/ui/jobs/%3Cimg%20src%3Dx%20onerror%3Downed%3D1%3E",
        "/ui/submit?tenant=%3Cimg%20src%3Dx%3E&payload=%3C/textarea%3E%3Cimg%20src%3Dx%3E",
    ):
        page = open_page(path)
        expect(page.locator("main").get_by_role("heading").or_(page.get_by_role("alert")).first).to_be_visible()
        assert page.locator("main img").count() == 0
        assert page.evaluate("window.owned") is None
        page.close()  # browsers hold no more than six connections to a host, and each tab has a stream


@every_page
@pytest.mark.parametrize("viewport", [PHONE])
def test_a_phone_does_not_scroll_sideways(hostile: World, open_page: Pages, path: str) -> None:
    page = opened(hostile, open_page, path)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
    page.get_by_role("button", name="Navigation").click()
    expect(page.get_by_role("navigation", name="Pages").get_by_role("link", name="Tenants")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]


def test_the_checker_sees_barriers(world: World, open_page: Pages) -> None:
    page = opened(world, open_page, "/")
    page.evaluate("document.querySelector('main').append(document.createElement('button'))")
    assert [line.partition(":")[0] for line in barriers(page)] == ["button-name"]


@every_page
def test_the_keyboard_reaches_every_control(hostile: World, open_page: Pages, path: str) -> None:
    page = opened(hostile, open_page, path)
    page.evaluate(
        """() => {
            const usable = "a[href], :is(button, input, select, textarea):enabled:not([type=radio]:not(:checked))";
            window.unreached = () =>
                [...document.querySelectorAll(usable)].filter((one) => one.checkVisibility() && !one.reached);
            document.addEventListener("focusin", ({ target }) => (target.reached = true));
        }"""
    )
    for _ in range(len(page.evaluate("window.unreached().map(String)")) + 20):  # areas that scroll take the focus too
        page.keyboard.press("Tab")
    assert page.evaluate("window.unreached().map((one) => one.outerHTML)") == []


def test_the_page_of_the_api_is_accessible_too(open_page: Pages) -> None:
    page = open_page("/docs")
    page.get_by_text("Server-sent events of the whole store.").first.click()
    expect(page.get_by_text("load everything again")).to_be_visible()
    page.get_by_text("A tenant's limits and figures").first.click()
    expect(page.get_by_role("table").first).to_be_visible()
    for colours in ("light", "dark"):
        page.emulate_media(color_scheme="dark" if colours == "dark" else "light")
        assert not barriers(page)
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
