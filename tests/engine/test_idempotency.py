"""How long idempotency keys hold."""

import pytest

from fairlane.engine import Engine
from fairlane.model.job import SubmitStatus
from tests.support.acting import lift_limits, submit
from tests.support.clock import Clock

DAY_MS = 86_400_000


async def _status(engine: Engine, tenant: str = "acme") -> SubmitStatus:
    (answer,) = await submit(engine, tenant, idempotency_key="i1")
    return answer.status


@pytest.mark.parametrize("pruned", [True, False])
async def test_a_key_holds_for_a_day_to_the_millisecond(engine: Engine, clock: Clock, pruned: bool) -> None:
    assert await _status(engine) is SubmitStatus.CREATED
    clock.advance(ms=DAY_MS - 1)
    await engine.maintenance.prune(10)
    assert await _status(engine) is SubmitStatus.REPLAYED
    clock.advance(ms=1)
    if pruned:
        await engine.maintenance.prune(10)
    assert await _status(engine) is SubmitStatus.CREATED
    await engine.maintenance.prune(10)
    assert await _status(engine) is SubmitStatus.REPLAYED


async def test_the_setting_of_the_store_is_for_new_keys(engine: Engine, clock: Clock) -> None:
    assert await _status(engine, "before") is SubmitStatus.CREATED
    await engine.maintenance.set_idempotency(60_000)
    assert await _status(engine, "after") is SubmitStatus.CREATED
    clock.advance(ms=60_000)
    assert await _status(engine, "before") is SubmitStatus.REPLAYED
    assert await _status(engine, "after") is SubmitStatus.CREATED


async def test_keys_are_counted_and_deleted_when_they_no_longer_hold(engine: Engine, clock: Clock) -> None:
    await lift_limits(engine)
    await engine.maintenance.set_idempotency(60_000)
    for number in range(25):
        await submit(engine, "acme", idempotency_key=f"i{number}")
    assert (await engine.maintenance.doctor()).idempotency_keys == 25
    clock.advance(ms=60_000)
    await engine.maintenance.prune(10)
    report = await engine.maintenance.doctor()
    assert (report.idempotency_keys, report.problems) == (0, [])
    assert await engine.store.client.keys("fl:{0}:i/*") == []


async def test_a_step_of_the_clock_ends_no_key(engine: Engine, clock: Clock) -> None:
    assert await _status(engine) is SubmitStatus.CREATED
    clock.set_store(2 * DAY_MS / 1_000)
    await engine.maintenance.prune(10)
    assert await _status(engine) is SubmitStatus.REPLAYED
