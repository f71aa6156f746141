"""Sessions of the dashboard: whose they are, how long they last, and their cookie behind a proxy with TLS."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from fairlane.model.token import TokenKind, TokenSpec
from fairlane.server.settings import ServerSettings

from .conftest import Served, serving

TLS = {"x-forwarded-proto": "https", "x-forwarded-for": "203.0.113.9"}


@pytest.fixture(params=["", "/queues"], scope="module")
async def proxied(request: pytest.FixtureRequest, store_url: str) -> AsyncIterator[Served]:
    """A server behind a proxy at 127.0.0.1, at the root or below a path."""
    settings = ServerSettings(allowed_hosts=None, proxies=("127.0.0.1",), base_path=request.param)
    async with serving(store_url, settings, with_tokens=True) as served:
        yield served


@pytest.fixture
async def browser(proxied: Served) -> AsyncIterator[httpx.AsyncClient]:
    """A client behind the proxy."""
    async with httpx.AsyncClient(base_url=proxied.client.base_url, headers=TLS) as client:
        yield client


async def create(api: Served, name: str, lasts: timedelta | None = None) -> str:
    """The secret of a tenant's new token."""
    expires_at = None if lasts is None else datetime.now(UTC) + lasts
    spec = TokenSpec(name=name, kind=TokenKind.TENANT, tenant_id="acme", read_only=True, expires_at=expires_at)
    return (await api.engine.tokens.create(spec))[1]


async def test_behind_tls_the_cookie_is_secure_and_bound_to_the_host(
    proxied: Served, browser: httpx.AsyncClient
) -> None:
    base = proxied.app.context.settings.base_path
    secret = await create(proxied, "tls")
    signed_in = await browser.post("/session", json={"token": secret})
    name = f"{'__Secure' if base else '__Host'}-fairlane_session"
    cookie, _, attributes = signed_in.headers["set-cookie"].partition("; ")
    assert cookie.startswith(f"{name}=") and secret not in cookie
    assert attributes == f"Path={base}/; Max-Age=43200; HttpOnly; SameSite=Strict; Secure"
    browser.cookies.clear()
    session = await browser.get("/session", headers={"cookie": f"other=1; {cookie}"})
    view = {"kind": "tenant", "name": "tls", "tenantId": "acme", "readOnly": True, "readsLogs": False}
    assert session.json() == view
    for refused in (f"fairlane_session={cookie.partition('=')[2]}", f"{name}={secret}", f"{cookie}x"):
        assert (await browser.get("/session", headers={"cookie": refused})).status_code == 401
    assert (await browser.delete("/session")).headers["set-cookie"].startswith(f"{name}=; Path={base}/; Max-Age=0;")


async def test_a_session_ends_with_its_token(proxied: Served, browser: httpx.AsyncClient) -> None:
    secret = await create(proxied, "short", timedelta(seconds=90))
    cookie = (await browser.post("/session", json={"token": secret})).headers["set-cookie"]
    (age,) = [part for part in cookie.split("; ") if part.startswith("Max-Age=")]
    assert 0 < int(age.removeprefix("Max-Age=")) <= 90


@pytest.mark.parametrize("proxies", [(), ("203.0.113.0/24",)])
async def test_forwarded_headers_of_other_addresses_count_nothing(store_url: str, proxies: tuple[str, ...]) -> None:
    settings = ServerSettings(allowed_hosts=None, proxies=proxies)
    async with serving(store_url, settings, with_tokens=True) as api:
        secret = await create(api, "direct")
        signed_in = await api.client.post("/session", json={"token": secret}, headers=TLS)
        assert signed_in.headers["set-cookie"].startswith("fairlane_session=")
        assert "Secure" not in signed_in.headers["set-cookie"]


async def test_a_server_without_tokens_shows_no_name(client: httpx.AsyncClient) -> None:
    view = {"kind": None, "name": None, "tenantId": None, "readOnly": False, "readsLogs": True}
    assert (await client.get("/session")).json() == view


async def test_signing_out_ends_the_session_at_the_server(proxied: Served, browser: httpx.AsyncClient) -> None:
    signed_in = await browser.post("/session", json={"token": await create(proxied, "leaving")})
    copied = {"cookie": signed_in.headers["set-cookie"].partition(";")[0]}
    assert (await browser.get("/jobs", headers=copied)).status_code == 200
    from_elsewhere = {"origin": "https://evil.example", **copied}
    assert (await browser.delete("/session", headers=from_elsewhere)).status_code == 403
    assert (await browser.get("/jobs", headers=copied)).status_code == 200
    assert (await browser.delete("/session", headers=copied)).status_code == 204
    browser.cookies.clear()
    assert (await browser.get("/jobs", headers=copied)).status_code == 401
