"""Limits that were set for a tenant, and those that follow the defaults."""

import asyncio

import msgspec
import pytest

from fairlane.model.errors import InvalidInput
from fairlane.model.tenant import PolicyChange, Rate, TenantPolicy

from .world import World


async def test_a_tenant_gets_the_default_limits_again(world: World) -> None:
    before = (await world.backend.tenants.get("acme")).policy
    await world.backend.tenants.change("acme", PolicyChange(concurrency=1, submit_rate=None, paused=True))
    await world.submit()
    await world.submit()
    reset = await world.backend.tenants.reset("acme")
    assert (reset.customized, reset.paused, reset.policy.concurrency) == (False, True, before.concurrency)
    resumed = await world.backend.tenants.change("acme", PolicyChange(paused=False))
    assert (resumed.customized, resumed.policy) == (False, before)
    assert len(await world.claim(5)) == 2
    assert (await world.backend.tenants.reset("never-seen")).policy == before


async def test_a_tenant_has_of_its_own_what_was_set_for_it_and_all_else_follows_the_defaults(world: World) -> None:
    await world.backend.tenants.change("acme", PolicyChange(concurrency=2))
    await world.backend.tenants.change("paused-once", PolicyChange(paused=True))
    await world.backend.tenants.change("paused-once", PolicyChange(paused=False))
    await world.backend.tenants.change_defaults(PolicyChange(submit_rate=Rate(7, 1.0), concurrency=9, weight=3.0))
    assert (await world.backend.tenants.get("acme")).policy == TenantPolicy(Rate(7, 1.0), 2, weight=3.0)
    assert (await world.backend.tenants.get("paused-once")).policy == TenantPolicy(Rate(7, 1.0), 9, weight=3.0)


async def test_changes_of_limits_that_are_made_at_once_are_all_kept(world: World) -> None:
    changes = [
        PolicyChange(concurrency=2),
        PolicyChange(weight=2.0),
        PolicyChange(paused=True),
        PolicyChange(submit_rate=Rate(3, 5.0)),
        PolicyChange(start_rate=Rate(4, 6.0)),
    ]
    for tenant in ("a", "b", "c", "d"):
        await asyncio.gather(*(world.backend.tenants.change(tenant, change) for change in changes))
        assert (await world.backend.tenants.get(tenant)).policy == TenantPolicy(
            Rate(3, 5.0), 2, Rate(4, 6.0), 2.0, True
        )


async def test_default_limits_are_read_and_changed_one_by_one(world: World) -> None:
    tenants = world.backend.tenants
    before = await tenants.defaults()
    changes = [PolicyChange(concurrency=2), PolicyChange(weight=2.0), PolicyChange(keep_failed_max=7)]
    await asyncio.gather(*(tenants.change_defaults(change) for change in changes))
    expected = msgspec.structs.replace(before, concurrency=2, weight=2.0, keep_failed_max=7)
    assert await tenants.defaults() == expected
    assert (await tenants.get("never-seen")).policy == expected
    for wrong in (PolicyChange(paused=True), PolicyChange(concurrency=0), PolicyChange(weight=0.0)):
        with pytest.raises(InvalidInput):
            await tenants.change_defaults(wrong)
    assert await tenants.defaults() == expected
