"""Figures of tenants that their lanes are judged by."""

from fairlane.engine import Engine
from fairlane.model.lease import OutcomeKind

from .acting import claim, finish, lift_limits, submit
from .clock import Clock


async def test_the_longest_wait_is_seen_whatever_stands_first(engine: Engine, clock: Clock) -> None:
    async def longest() -> float | None:
        return (await engine.tenant("acme")).oldest_wait_seconds

    await lift_limits(engine)
    assert await longest() is None
    await submit(engine, "acme", 15)
    clock.advance(ms=1_000)
    await submit(engine, "acme", 3, priority=9)
    await submit(engine, "acme", 1, queue="other", priority=5)
    assert await longest() == 1
    leases = await claim(engine, 6)
    clock.advance(ms=1_000)
    await finish(engine, leases, OutcomeKind.RELEASED)  # to their old places, before those that have waited all along
    clock.advance(ms=1_000)
    assert await longest() == 3
    leases = await claim(engine, 19)
    assert await longest() is None
    await finish(engine, leases, OutcomeKind.RELEASED)
    clock.advance(ms=500)
    assert await longest() == 0.5
    assert (await engine.tenant("acme")).started == 25
