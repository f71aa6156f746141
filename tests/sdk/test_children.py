"""Fan-out: a job that submits jobs is not held up by its tenant's submission rate."""

from __future__ import annotations

import pytest

from fairlane import RateLimited
from fairlane.model.tenant import PolicyChange, Rate
from tests.support.app_world import World


async def test_a_job_submits_beyond_the_rate_of_its_tenant(connected: World) -> None:
    app = connected.app

    @app.task
    async def leaf(n: int) -> int:
        return n

    @app.task
    async def fan_out(count: int) -> None:
        await leaf.submit_many([(n,) for n in range(count)])
        await leaf.submit(count)

    @app.task
    def fan_out_in_a_thread(count: int) -> None:
        for n in range(count):
            leaf.submit_sync(n)

    await connected.engine.tenants.change("default", PolicyChange(submit_rate=Rate(2, 3_600)))
    async with connected.worker():
        for task in fan_out, fan_out_in_a_thread:
            await (await task.submit(20)).result(timeout=20)
        with pytest.raises(RateLimited):
            await leaf.submit(1)
    assert (await connected.engine.monitor.counters()).submitted == 2 + 21 + 20
