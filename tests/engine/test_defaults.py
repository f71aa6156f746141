"""Default limits: they hold at once for new calls, and reach the jobs of many tenants in steps of bounded work."""

from fairlane.engine import Engine
from fairlane.model.tenant import PolicyChange
from tests.support.acting import claim, finish, submit
from tests.support.clock import Clock

TENANTS = 250
MOST_COMMANDS = 2_500


async def change(engine: Engine, **limits: object) -> None:
    """Change the defaults by a bounded number of store commands."""
    await engine.store.client.config_resetstat()
    await engine.tenants.change_defaults(PolicyChange(**limits))  # type: ignore[arg-type]
    figures = await engine.store.client.info("commandstats")
    assert sum(figure["calls"] for figure in figures.values()) < MOST_COMMANDS


async def promote_all(engine: Engine) -> int:
    """Promote as upkeep does, until nothing is due. Returns the number of steps."""
    steps = 1
    while (await engine.maintenance.promote(100)).next_ms == 0:
        steps += 1
    return steps


async def test_new_defaults_reach_all_tenants_in_steps(engine: Engine, clock: Clock) -> None:
    await change(engine, submit_rate=None, concurrency=1)
    for n in range(TENANTS):
        await submit(engine, f"t{n}", 4)
    first = await claim(engine, 500)
    assert (len(first), len(await claim(engine, 500))) == (TENANTS, 0)

    await change(engine, concurrency=3)
    assert await promote_all(engine) > 1
    second = await claim(engine, 500)
    assert len(second) == 2 * TENANTS

    # A lower limit holds at once, and a claim does not stop at the tenants that have not been checked yet.
    await finish(engine, second)
    await change(engine, concurrency=1)
    await submit(engine, "zz", 1)
    leases = [lease for _ in range(5) for lease in await claim(engine, 1)]
    assert {lease.tenant_id for lease in leases} == {"zz"}
    await promote_all(engine)
    assert (await engine.maintenance.doctor()).problems == []


async def test_a_shorter_retention_deletes_jobs_of_all_tenants(engine: Engine, clock: Clock) -> None:
    await change(engine, submit_rate=None, concurrency=None)
    for n in range(TENANTS):
        await submit(engine, f"t{n}", 1)
    await finish(engine, await claim(engine, 500))
    clock.advance(ms=10_000)
    assert (await engine.maintenance.prune(1_000)).count == 0

    await change(engine, keep_completed_seconds=10.0)
    await promote_all(engine)
    assert (await engine.maintenance.prune(1_000)).count == TENANTS
