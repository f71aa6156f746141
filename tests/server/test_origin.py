"""Web pages of other origins can neither change anything nor read through a name that they control."""

from __future__ import annotations

import httpx
import pytest

from fairlane.server.settings import allowed_hosts_for

from .conftest import Served, fields_of


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:3000"},
        {"origin": "http://127.0.0.1"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "http://evil.example", "sec-fetch-site": "same-origin"},
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/jobs"),
        ("PUT", "/tenants/never"),
        ("DELETE", "/jobs/dlq"),
        ("POST", "/leases"),
        ("GET", "/events"),
        ("GET", "/jobs/never/events"),
    ],
)
async def test_other_origins_may_change_nothing_and_hold_no_stream(
    client: httpx.AsyncClient, method: str, path: str, headers: dict[str, str]
) -> None:
    answer = await client.request(method, path, json={"tenantId": "never", "payload": 1}, headers=headers)
    assert (answer.status_code, fields_of(answer)) == (403, [])
    assert "access-control-allow-origin" not in answer.headers


async def test_own_pages_may(api: Served, client: httpx.AsyncClient, tenant: str) -> None:
    origin = f"http://127.0.0.1:{api.port}"
    for headers in ({"origin": origin, "sec-fetch-site": "same-origin"}, {"sec-fetch-site": "none"}, {}):
        answer = await client.post("/jobs", json={"tenantId": tenant, "payload": 1}, headers=headers)
        assert answer.status_code == 202


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "10.0.0.1", "[::2]:80"])
async def test_other_names_are_not_ours(client: httpx.AsyncClient, host: str) -> None:
    for method, path in (("GET", "/jobs"), ("POST", "/jobs"), ("GET", "/"), ("GET", "/metrics"), ("GET", "/events")):
        answer = await client.request(method, path, headers={"host": host})
        assert (answer.status_code, fields_of(answer)) == (421, [])


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "localhost.:1", "127.0.0.1", "[::1]:8000"])
async def test_loopback_names_are_ours(client: httpx.AsyncClient, host: str) -> None:
    assert (await client.get("/livez", headers={"host": host})).status_code == 200


def test_a_server_answers_to_its_own_names_whatever_it_was_given() -> None:
    loopback = {"localhost", "127.0.0.1", "::1"}
    assert allowed_hosts_for("LOCALHOST", "127.0.0.1") == loopback
    assert allowed_hosts_for("Box.example.", "127.0.1.1") == loopback | {"box.example", "127.0.1.1"}
    assert allowed_hosts_for("127.0.0.2", "127.0.0.2") == loopback | {"127.0.0.2"}
