"""Dead letters by task and error, from a bounded number of reads."""

from __future__ import annotations

from typing import Any

import httpx

from fairlane.model.ids import new_claim_id
from fairlane.model.job import JobError, NewJob
from fairlane.model.lease import ClaimRequest, Outcome, OutcomeKind
from fairlane.model.tenant import PolicyChange

from .conftest import Served


async def fail(api: Served, tenant: str, task: str, errors: list[JobError]) -> list[str]:
    """Dead letters with these errors, in this order. Returns their ids."""
    engine = api.engine
    await engine.tenants.change(tenant, PolicyChange(submit_rate=None, concurrency=None))
    ids: list[str] = []
    for first in range(0, len(errors), 500):
        some = errors[first : first + 500]
        jobs = [
            NewJob(
                id=engine.jobs.new_id(tenant), tenant_id=tenant, task=task, queue=tenant, payload=b"1", max_attempts=1
            )
            for _ in some
        ]
        await engine.jobs.submit(jobs)
        leases = await engine.leases.claim(
            ClaimRequest(worker_id="w1", claim_id=new_claim_id(), max=500, queues=(tenant,))
        )
        await engine.leases.finish(
            [
                Outcome(job_id=lease.job_id, token=lease.token, kind=OutcomeKind.FAILED, error=error)
                for lease, error in zip(leases, some, strict=True)
            ]
        )
        ids += [lease.job_id for lease in leases]
    return ids


async def groups_of(client: httpx.AsyncClient, **query: Any) -> dict[str, Any]:
    answer = await client.get("/jobs/dlq/groups", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_dead_letters_are_grouped_by_task_and_error(
    api: Served, client: httpx.AsyncClient, free_tenant: str
) -> None:
    """Numbers and ids in a message make no other group."""
    timeouts = [JobError("Timeout", f"order {n} of 0x{n:x}: no answer in 30 s") for n in range(3)]
    charged = await fail(api, free_tenant, "charge", [*timeouts, JobError("ValueError", "no card")])
    mailed = await fail(api, free_tenant, "mail", timeouts[:1])
    found = await groups_of(client, tenantId=free_tenant)
    assert (found["compared"], found["more"]) == (5, False)
    shown = {(group["task"], group["errorType"]): group for group in found["groups"]}
    assert shown.keys() == {("charge", "Timeout"), ("charge", "ValueError"), ("mail", "Timeout")}
    assert found["groups"][0] is shown["charge", "Timeout"]
    assert set(shown["charge", "Timeout"]["jobIds"]) == set(charged[:3])
    assert (shown["charge", "Timeout"]["count"], shown["charge", "Timeout"]["tenants"]) == (3, 1)
    assert shown["charge", "ValueError"]["jobIds"] == charged[3:]
    only_mail = await groups_of(client, tenantId=free_tenant, task="mail")
    assert [group["jobIds"] for group in only_mail["groups"]] == [mailed]


async def test_a_group_is_sent_back_and_the_others_stay(
    api: Served, client: httpx.AsyncClient, free_tenant: str
) -> None:
    errors = [JobError("Timeout", "t"), JobError("ValueError", "v"), JobError("Timeout", "t")]
    ids = await fail(api, free_tenant, "charge", errors)
    group = (await groups_of(client, tenantId=free_tenant))["groups"][0]
    answer = await client.post("/jobs/actions", json={"action": "retry", "ids": group["jobIds"]})
    assert answer.json()["count"] == 2
    assert [(await api.job(job_id))["state"] for job_id in ids] == ["pending", "failed", "pending"]


async def test_a_thousand_are_compared_in_a_bounded_number_of_reads(
    api: Served, client: httpx.AsyncClient, free_tenant: str
) -> None:
    ids = await fail(api, free_tenant, "charge", [JobError("Timeout", f"order {n}") for n in range(1_100)])
    before = await calls(api)
    found = await groups_of(client, tenantId=free_tenant)
    assert await calls(api) - before <= 12
    assert (found["compared"], found["more"]) == (1_000, True)
    [group] = found["groups"]
    assert set(group["jobIds"]) <= set(ids)
    assert len(group["jobIds"]) == 1_000


async def calls(api: Served) -> int:
    """Functions that the store has run."""
    stats = await api.store.client.info("commandstats")
    return sum(int(stats.get(f"cmdstat_{name}", {"calls": 0})["calls"]) for name in ("fcall", "fcall_ro"))
