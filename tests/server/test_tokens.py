"""Who may call what: every operation with every kind of token, and what a token keeps from its holder."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from fairlane.access.known_tokens import MAX_AGE_S
from fairlane.model.token import TokenKind, TokenSpec, new_secret

from .holders import Holders, holding

ABSENT = "00" + "f" * 24
"""The id of no job."""
_JOB = {"payload": 1}
_BODIES: dict[str, Any] = {
    "POST /jobs": _JOB,
    "POST /jobs/batch": {"jobs": [_JOB]},
    "POST /jobs/actions": {"action": "cancel", "ids": [ABSENT]},
    "POST /batches": {},
    "POST /batches/{id}/jobs": {"jobs": [_JOB]},
    "PUT /tenants/{id}": {},
    "PUT /defaults": {},
    "PUT /queues/{name}": {},
    "PUT /tenants/{id}/schedules/{name}": {"cron": "0 3 * * *", "payload": 1},
    "POST /leases": {"workerId": "w1"},
    "POST /leases/extend": {"worker": {"id": "w1", "slots": 1}},
    "POST /leases/finish": {"outcomes": []},
    "POST /tokens": {"name": "walk", "kind": "monitor"},
}
T, W, M = "tenant", "worker", "monitor"
ALLOWED: dict[str, str | set[str]] = {
    "GET /livez": "everyone",
    "GET /readyz": "everyone",
    "POST /jobs": {T},
    "POST /jobs/batch": {T},
    "GET /jobs": {T, M},
    "GET /jobs/scheduled": {T, M},
    "GET /jobs/pending": {T, M},
    "GET /jobs/running": {T, M},
    "GET /jobs/completed": {T, M},
    "GET /jobs/dlq": {T, M},
    "GET /jobs/cancelled": {T, M},
    "GET /jobs/dlq/groups": {T, M},
    "GET /jobs/metrics": {T, M},
    "GET /jobs/counts": {T, M},
    "GET /jobs/{id}": {T, M},
    "GET /jobs/{id}/explain": {T, M},
    "GET /jobs/{id}/logs": set(),  # the server does not show logs to tenants: test_tenant_logs.py has one that does
    "GET /jobs/{id}/events": {T},
    "POST /jobs/{id}/cancel": {T},
    "POST /jobs/{id}/retry": {T},
    "POST /jobs/actions": {T},
    "POST /jobs/dlq/retry": {T},
    "DELETE /jobs/dlq": {T},
    "GET /batches": {T, M},
    "POST /batches": {T},
    "GET /batches/{id}": {T, M},
    "POST /batches/{id}/jobs": {T},
    "POST /batches/{id}/seal": {T},
    "POST /batches/{id}/cancel": {T},
    "GET /tenants": {M},
    "GET /defaults": {M},
    "PUT /defaults": set(),
    "GET /tenants/{id}": {T, M},
    "PUT /tenants/{id}": set(),
    "DELETE /tenants/{id}/limits": set(),
    "POST /tenants/{id}/pause": set(),
    "POST /tenants/{id}/resume": set(),
    "POST /tokens": set(),
    "GET /tokens": set(),
    "POST /tokens/{name}/rotate": set(),
    "DELETE /tokens/{name}": set(),
    "GET /audit": set(),
    "GET /schedules": {T, M},
    "GET /tenants/{id}/schedules/{name}": {T, M},
    "PUT /tenants/{id}/schedules/{name}": {T, W},
    "DELETE /tenants/{id}/schedules/{name}": {T},
    "POST /tenants/{id}/schedules/{name}/pause": {T},
    "POST /tenants/{id}/schedules/{name}/resume": {T},
    "POST /tenants/{id}/schedules/{name}/run": {T},
    "POST /leases": {W},
    "POST /leases/extend": {W},
    "POST /leases/finish": {W},
    "GET /queues": {W, M},
    "PUT /queues/{name}": set(),
    "POST /queues/{name}/pause": set(),
    "POST /queues/{name}/resume": set(),
    "GET /workers": {W, M},
    "GET /workers/{id}/orders": {W},
    "POST /workers/{id}/drain": set(),
    "POST /workers/{id}/reap": {W},
    "DELETE /workers/{id}": {W},
    "GET /overview": {M},
    "GET /history": {M},
    "GET /events": {T, M},
    "GET /metrics": {M},
    "GET /scaling": {M},
}
"""The kinds beside admins. An operation that is missing here fails the walk."""


@pytest.fixture(scope="module")
async def holders(store_url: str) -> AsyncIterator[Holders]:
    async with holding(store_url) as found:
        yield found


async def ask(client: httpx.AsyncClient, operation: str, target: str, name: str = "nightly") -> httpx.Response:
    """The answer to an operation whose path has `target` and `name`; only the head of a stream."""
    method, path = operation.split(" ")
    path = path.replace("{id}", target).replace("{name}", name)
    body = _BODIES.get(operation)
    if name == "declared" and operation.startswith("PUT"):
        body = {**_BODIES[operation], "declaration": "app"}
    async with client.stream(method, path, json=body) as answer:
        if answer.headers.get("content-type") != "text/event-stream":
            await answer.aread()
        return answer


def check_privacy(answer: httpx.Response) -> None:
    """No cache may give the answer to another client. What everyone gets may be cached, such as the document."""
    if "etag" not in answer.headers:
        assert (answer.headers["cache-control"], answer.headers["vary"]) == ("no-store", "authorization, cookie")


async def operations(holders: Holders) -> list[str]:
    document = (await holders["none"].get("/openapi.json")).json()
    return [f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods]


async def test_each_operation_is_for_the_kinds_of_the_table_and_admins(holders: Holders) -> None:
    found = await operations(holders)
    assert sorted(found) == sorted(ALLOWED)
    job_id = (await holders["acme"].post("/jobs", json=_JOB)).json()["id"]
    for operation in found:
        allowed = ALLOWED[operation]
        target = job_id if operation.split(" ")[1].startswith("/jobs/") else "acme"
        for name in ("none", "expired", "revoked", "unknown", "malformed"):
            answer = await ask(holders[name], operation, target)
            check_privacy(answer)
            if allowed == "everyone":
                assert answer.status_code == 200, (operation, name)
            else:
                assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer"), (operation, name)
        for name, kind in (("acme", T), ("reader", T), ("worker", W), ("monitor", M), ("admin", "admin")):
            answer = await ask(holders[name], operation, target, "declared" if kind == W else "nightly")
            check_privacy(answer)
            may = allowed == "everyone" or kind == "admin" or kind in allowed
            if name == "reader" and not operation.startswith("GET "):
                may = False
            assert (answer.status_code != 403) == may, (operation, name, answer.status_code)
            assert answer.status_code != 401, (operation, name)


async def test_the_document_tells_which_operations_need_a_token(holders: Holders) -> None:
    document = (await holders["none"].get("/openapi.json")).json()
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    assert document["security"] == [{"token": []}]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            needs_one = ALLOWED[f"{method.upper()} {path}"] != "everyone"
            assert operation.get("security") == (None if needs_one else []), path
            assert ("401" in operation["responses"]) == needs_one, path


async def test_the_token_is_checked_before_query_and_body(holders: Holders) -> None:
    answer = await holders["none"].post("/jobs?bad=1", content=b"{")
    assert answer.status_code == 401
    answer = await holders["worker"].get("/jobs?limit=-1")
    assert answer.status_code == 403


async def test_the_audit_log_names_the_token_that_made_a_change(holders: Holders) -> None:
    await holders["admin"].put("/tenants/audited", json={"concurrency": 3})
    job_id = (await holders["acme"].post("/jobs", json=_JOB)).json()["id"]
    cancelled = await holders["acme"].post(f"/jobs/{job_id}/cancel")
    assert cancelled.status_code == 200, cancelled.text
    entries = (await holders["admin"].get("/audit", params={"limit": 2})).json()["entries"]
    assert [(entry["author"], entry["action"], entry["targets"]) for entry in entries] == [
        ("token:acme", "job.cancel", [job_id]),
        ("token:admin", "tenant.limits", ["audited"]),
    ]


async def test_a_session_is_a_cookie_that_pages_of_other_origins_cannot_use(holders: Holders) -> None:
    _, secret = await holders.api.engine.tokens.create(TokenSpec(name="browser", kind=TokenKind.MONITOR))
    base = str(holders.api.client.base_url)
    async with httpx.AsyncClient(base_url=base) as browser:
        assert (await browser.get("/sign-in")).headers["content-type"].startswith("text/html")
        assert (await browser.post("/session", json={"token": new_secret()})).status_code == 401
        _, workers = await holders.api.engine.tokens.create(TokenSpec(name="no-browser", kind=TokenKind.WORKER))
        assert (await browser.post("/session", json={"token": workers})).status_code == 403
        signed_in = await browser.post("/session", json={"token": secret})
        assert signed_in.status_code == 204
        assert signed_in.headers["set-cookie"].endswith("; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict")
        assert (await browser.get("/overview")).status_code == 200
        assert (await browser.get("/overview", headers={"origin": "http://evil.example"})).status_code == 403
        assert (await browser.get("/overview", headers={"sec-fetch-site": "cross-site"})).status_code == 403
        assert (await browser.post("/queues/mail/pause")).status_code == 403
        await holders.api.engine.tokens.revoke("browser")
        await asyncio.sleep(MAX_AGE_S)
        assert (await browser.get("/overview")).status_code == 401
        await browser.delete("/session")
        assert not browser.cookies
