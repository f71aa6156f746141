"""Signing in on a server that asks for access tokens, until the token is revoked."""

from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.support.running import run, up

from .conftest import Pages


def test_an_admin_signs_in_and_is_asked_again_once_the_token_is_revoked(browser: Browser, tmp_path: Path) -> None:
    with up(tmp_path, "--auth", "tokens") as running, browser.new_context() as context:
        url = running.await_ready().url
        admin = run(tmp_path, "tokens", "create", "--kind", "admin", "--name", "alice").stdout.strip()
        tenant = run(
            tmp_path, "tokens", "create", "--kind", "tenant", "--tenant", "acme", "--name", "acme"
        ).stdout.strip()
        open_page = Pages(context, url)
        open_page.expect_console("401|403")
        page = open_page("/")
        expect(page).to_have_url(f"{url}/sign-in")
        for secret, answer in (("fl_mistyped", "not valid"), (tenant, "use an admin or monitor token")):
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
