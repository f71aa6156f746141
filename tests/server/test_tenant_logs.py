"""Logs of jobs: a tenant reads the logs of its jobs, if the server shows logs to tenants."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from fairlane.model.ids import new_job_id

from .holders import Holders, holding, store_work, told

LINE = {"at": "2026-11-24T12:00:00Z", "attempt": 1, "level": "info", "logger": "shop"}


@pytest.fixture(scope="module", params=["off", "on"])
async def holders(store_url: str, request: pytest.FixtureRequest) -> AsyncIterator[Holders]:
    async with holding(store_url, tenant_logs=request.param == "on") as found:
        yield found


@pytest.fixture
def shown(holders: Holders) -> bool:
    """Whether the server shows logs to tenants."""
    return holders.api.app.context.settings.tenant_logs


async def logged_job(holders: Holders, owner: str) -> str:
    """The id of a job of this tenant that has ended and has one log line."""
    job_id: str = (await holders[owner].post("/jobs", json={"payload": 1, "queue": "mail"})).json()["id"]
    (lease,) = (await holders["worker"].post("/leases", json={"workerId": "w1", "max": 50})).json()["leases"]
    logs = {"first": 0, "lines": [LINE | {"message": f"rendered for {owner}"}]}
    outcome = {"jobId": lease["jobId"], "token": lease["token"], "outcome": "completed", "result": 1, "logs": logs}
    await holders["worker"].post("/leases/finish", json={"outcomes": [outcome]})
    assert lease["jobId"] == job_id
    return job_id


async def log_of(client: httpx.AsyncClient, job_id: str) -> tuple[int, Any]:
    """The status of the answer, and the messages of the log, or the type of the problem."""
    answer = await client.get(f"/jobs/{job_id}/logs")
    body = answer.json()
    return answer.status_code, [line["message"] for line in body["lines"]] if "lines" in body else body["type"]


async def test_the_operator_decides_whether_a_tenant_reads_the_logs_of_its_jobs(holders: Holders, shown: bool) -> None:
    own = await logged_job(holders, "acme")
    refused = (403, "urn:fairlane:problem:forbidden")
    for name in ("acme", "reader"):
        assert await log_of(holders[name], own) == ((200, ["rendered for acme"]) if shown else refused), name
    assert await log_of(holders["admin"], own) == (200, ["rendered for acme"])
    for name in ("monitor", "worker"):
        assert await log_of(holders[name], own) == refused, name
    for name in ("none", "expired", "revoked"):
        assert (await log_of(holders[name], own))[0] == 401, name


async def test_the_log_of_a_foreign_job_is_answered_as_that_of_an_absent_one(holders: Holders, shown: bool) -> None:
    foreign, absent = await logged_job(holders, "globex"), new_job_id(0)
    there, gone = [told(await holders["acme"].get(f"/jobs/{name}/logs"), name) for name in (foreign, absent)]
    assert there == gone
    assert there[0] == (404 if shown else 403)
    assert await log_of(holders["admin"], foreign) == (200, ["rendered for globex"])


async def test_the_log_of_a_foreign_job_costs_the_store_the_same_as_that_of_an_absent_one(holders: Holders) -> None:
    foreign, absent = await logged_job(holders, "globex"), new_job_id(0)
    await log_of(holders["acme"], absent)  # the token is looked up
    costs = []
    for job_id in (foreign, absent):
        before = await store_work(holders)
        await log_of(holders["acme"], job_id)
        costs.append(await store_work(holders) - before)
    assert costs[0] == costs[1]


async def test_a_session_says_whether_its_owner_reads_logs(holders: Holders, shown: bool) -> None:
    reads = {name: (await holders[name].get("/session")).json()["readsLogs"] for name in ("acme", "monitor", "admin")}
    assert reads == {"acme": shown, "monitor": False, "admin": True}
