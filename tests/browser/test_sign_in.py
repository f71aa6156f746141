"""Signing in on a server that asks for access tokens, until the token is revoked."""

import json
from pathlib import Path

import httpx
from playwright.sync_api import Browser, Page, expect

from tests.support.running import run, up

from .conftest import Pages

SHOP = """
import logging

import fairlane

app = fairlane.App()


@app.task
def render(page: int) -> None:
    logging.getLogger("shop").info("rendered page %s", page)
"""


def test_an_admin_signs_in_and_is_asked_again_once_the_token_is_revoked(browser: Browser, tmp_path: Path) -> None:
    with up(tmp_path, "--auth", "tokens") as running, browser.new_context() as context:
        url = running.await_ready().url
        admin = run(tmp_path, "tokens", "create", "--kind", "admin", "--name", "alice").stdout.strip()
        worker = run(tmp_path, "tokens", "create", "--kind", "worker", "--name", "machine").stdout.strip()
        open_page = Pages(context, url)
        open_page.expect_console("401|403")
        page = open_page("/")
        expect(page).to_have_url(f"{url}/sign-in")
        for secret, answer in (("fl_mistyped", "not valid"), (worker, "no view for a worker token")):
            page.get_by_label("Access token").fill(secret)
            page.get_by_role("button", name="Sign in").click()
            expect(page.get_by_role("alert")).to_contain_text(answer)
        page.get_by_label("Access token").fill(admin)
        page.get_by_role("button", name="Sign in").click()
        expect(page).to_have_url(f"{url}/")
        expect(page.get_by_role("heading", name="Overview")).to_be_visible()
        assert admin not in str(page.evaluate("document.cookie + JSON.stringify(localStorage)"))
        run(tmp_path, "tokens", "revoke", "alice")
        expect(page).to_have_url(f"{url}/sign-in")
        assert open_page.unexpected() == []


def test_a_tenant_sees_its_own_tenant_and_nothing_else(browser: Browser, tmp_path: Path) -> None:
    create = ("tokens", "create", "--kind", "tenant", "--tenant", "acme", "--name")
    with up(tmp_path, "--auth", "tokens") as running, browser.new_context() as context:
        url = running.await_ready().url
        secret = run(tmp_path, *create, "acme-app").stdout.strip()
        reader = run(tmp_path, *create, "acme-reader", "--read-only").stdout.strip()
        for tenant in ("acme", "globex"):
            run(tmp_path, "submit", "--tenant", tenant, "--delay", "1h", '"of the payload"')
        run(tmp_path, "schedules", "set", "nightly", "--tenant", "acme", "--cron", "0 3 * * *")
        other = run(tmp_path, "tokens", "create", "--kind", "tenant", "--tenant", "globex", "--name", "globex-app")
        own_batch, _ = (create_batch(url, token) for token in (secret, other.stdout.strip()))
        open_page = Pages(context, url)
        open_page.expect_console("401")
        page = open_page("/")
        sign_in(page, secret)
        expect(page.get_by_role("heading", name="acme")).to_be_visible()
        pages = page.get_by_role("navigation", name="Pages").get_by_role("link")
        expect(pages).to_have_text(["Overview", "Jobs", "Batches", "Schedules"])
        expect(page.get_by_text("set by the operator")).to_be_visible()
        expect(page.get_by_role("button", name="Pause")).to_have_count(0)
        expect(page.locator("[data-connection=live]")).to_be_visible()
        own = page.get_by_role("region", name="Jobs").get_by_role("link")
        expect(own).to_have_count(1)
        own.click()
        expect(page.get_by_text("of the payload")).to_be_visible()
        expect(page.get_by_text("Why is it waiting?")).to_be_visible()
        expect(page.get_by_role("heading", name="Logs")).to_have_count(0)
        expect(page.get_by_role("button", name="Cancel")).to_be_visible()
        open_own_batch(page, own_batch)
        expect(page.get_by_role("button", name="Seal")).to_be_visible()
        pages.get_by_text("Schedules").click()
        expect(page.get_by_role("button", name="nightly", exact=True)).to_be_visible()
        pages.get_by_text("Jobs").click()
        expect(page.get_by_role("link", name="Scheduled 1")).to_be_visible()
        expect(page.get_by_text("globex")).to_have_count(0)
        submit_here(page)
        for path in ("/ui/tenants", "/ui/queues", "/ui/workers", "/ui/audit"):
            page.goto(url + path)
            expect(page.get_by_text("There is no such page")).to_be_visible()
        page.get_by_role("button", name="Sign out").click()
        expect(page).to_have_url(f"{url}/sign-in")
        assert context.cookies() == []
        sign_in(page, reader)
        expect(page.get_by_role("heading", name="acme")).to_be_visible()
        page.goto(f"{url}/ui/jobs")
        expect(page.get_by_role("link", name="default").first).to_be_visible()
        expect(page.get_by_role("link", name="Submit a job")).to_have_count(0)
        expect(page.get_by_role("checkbox")).to_have_count(0)
        open_own_batch(page, own_batch)
        expect(page.get_by_role("button", name="Seal")).to_have_count(0)
        assert open_page.unexpected() == []


def test_a_tenant_sees_what_its_jobs_log_if_the_operator_allows_it(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(SHOP, encoding="utf-8")
    options = ("shop:app", "--auth", "tokens", "--tenant-logs", "on")
    with up(tmp_path, *options) as running, browser.new_context() as context:
        url = running.await_ready().url
        create = ("tokens", "create", "--kind", "tenant", "--tenant", "acme", "--name", "acme")
        secret = run(tmp_path, *create).stdout.strip()
        submitted = run(tmp_path, "submit", "--tenant", "acme", "--task", "render", "--output", "json", "7").stdout
        open_page = Pages(context, url)
        open_page.expect_console("401")
        page = open_page("/")
        sign_in(page, secret)
        expect(page.get_by_role("heading", name="acme")).to_be_visible()
        page.goto(f"{url}/ui/jobs/{json.loads(submitted)['id']}")
        lines = page.get_by_role("list", name="Log lines").get_by_role("listitem")
        expect(lines).to_have_count(1)
        expect(lines).to_contain_text("rendered page 7")
        assert open_page.unexpected() == []


def create_batch(url: str, secret: str) -> str:
    """The id of an open batch of the token's tenant."""
    answer = httpx.post(f"{url}/batches", json={}, headers={"Authorization": f"Bearer {secret}"}, timeout=30)
    assert answer.is_success, answer.text
    return str(answer.json()["id"])


def open_own_batch(page: Page, batch: str) -> None:
    """Open the only batch that the session shows."""
    page.get_by_role("navigation", name="Pages").get_by_text("Batches").click()
    batches = page.get_by_role("table", name="Batches").get_by_role("link")
    expect(batches).to_have_text([f"…{batch[-8:]}"])
    batches.click()
    expect(page.get_by_role("heading", name="Facts")).to_be_visible()


def submit_here(page: Page) -> None:
    """Submit a job with the form, which does not ask for the tenant."""
    page.get_by_role("link", name="Submit a job").click()
    expect(page.get_by_role("heading", name="Submit a job")).to_be_visible()
    expect(page.get_by_label("Tenant")).to_have_count(0)
    page.get_by_role("button", name="Submit the job").click()
    expect(page.get_by_role("heading", name="default")).to_be_visible()


def sign_in(page: Page, secret: str) -> None:
    page.get_by_label("Access token").fill(secret)
    page.get_by_role("button", name="Sign in").click()
