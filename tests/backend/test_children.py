"""Jobs that a running job submits: the submission rate does not count them, if the lease proves it."""

from __future__ import annotations

import hashlib

import pytest

from fairlane.model.job import Parent, SubmitStatus
from fairlane.model.lease import LeaseStatus, OutcomeKind
from fairlane.model.tenant import PolicyChange, Rate

from .world import World

CREATED, LIMITED = SubmitStatus.CREATED, SubmitStatus.RATE_LIMITED


async def limit(world: World, tenant: str = "acme") -> None:
    """Let the tenant submit one job an hour."""
    await world.backend.tenants.change(tenant, PolicyChange(submit_rate=Rate(1, 3_600), concurrency=None))


async def test_a_running_job_submits_as_many_as_it_likes(world: World) -> None:
    await limit(world)
    _, lease = await world.run()
    one = await world.submit_one(world.job(parent=lease.as_parent))
    many = await world.backend.jobs.submit([world.job(parent=lease.as_parent) for _ in range(20)])
    assert {answer.status for answer in [one, *many]} == {CREATED}
    assert {answer.rate for answer in [one, *many]} == {None}
    assert (await world.backend.tenants.get("acme")).submit_rate_used == 1
    mixed = await world.backend.jobs.submit([world.job(), world.job(parent=lease.as_parent)])
    assert [answer.status for answer in mixed] == [LIMITED, CREATED]


async def test_children_do_not_use_up_the_rate_for_others(world: World) -> None:
    await world.backend.tenants.change("acme", PolicyChange(submit_rate=Rate(2, 3_600)))
    _, lease = await world.run()
    await world.submit_one(world.job(parent=lease.as_parent))
    assert (await world.submit_one(world.job())).status is CREATED
    assert (await world.submit_one(world.job())).status is LIMITED


@pytest.mark.parametrize("outcome", [OutcomeKind.COMPLETED, OutcomeKind.RELEASED])
async def test_a_job_that_runs_no_longer_is_no_parent(world: World, outcome: OutcomeKind) -> None:
    await limit(world)
    _, lease = await world.run()
    assert await world.end(lease, outcome) is LeaseStatus.OK
    assert (await world.submit_one(world.job(parent=lease.as_parent))).status is LIMITED


async def test_an_earlier_lease_proves_nothing(world: World) -> None:
    await limit(world)
    _, first = await world.run()
    await world.end(first, OutcomeKind.RELEASED)
    (second,) = await world.claim()
    assert (await world.submit_one(world.job(parent=first.as_parent))).status is LIMITED
    assert (await world.submit_one(world.job(parent=second.as_parent))).status is CREATED


async def test_who_knows_only_the_id_proves_nothing(world: World) -> None:
    await limit(world)
    job_id, lease = await world.run()
    digest = hashlib.sha1(b"", usedforsecurity=False).hexdigest()
    claims = [Parent(job_id, ""), Parent(job_id, digest), Parent("0" * 26, lease.as_parent.proof)]
    for claim in claims:
        assert (await world.submit_one(world.job(parent=claim))).status is LIMITED
    waiting = await world.submit_one(world.job(parent=lease.as_parent))
    nothing = Parent(waiting.job_id, digest)
    assert (await world.submit_one(world.job(parent=nothing))).status is LIMITED


async def test_a_job_of_another_tenant_is_counted(world: World) -> None:
    await limit(world, "other")
    await world.submit(tenant="other")
    _, lease = await world.run()
    assert (await world.submit_one(world.job(tenant="other", parent=lease.as_parent))).status is LIMITED


async def test_a_parent_does_not_change_what_an_idempotency_key_stands_for(world: World) -> None:
    _, lease = await world.run()
    first = await world.submit_one(world.job(idempotency_key="once"))
    again = await world.submit_one(world.job(idempotency_key="once", parent=lease.as_parent))
    assert (again.status, again.job_id) == (SubmitStatus.REPLAYED, first.job_id)
