"""No script keeps other clients waiting for long, however much a call asks for."""

import pytest

from fairlane.engine import Engine
from fairlane.engine.bulk import SCRIPT_JOBS
from fairlane.model.bulk import BulkAction
from fairlane.model.job import JobQuery
from fairlane.model.lease import OutcomeKind
from tests.support.acting import claim, finish, lift_limits, submit

MOST_US = 5_000
PLAIN_COMMANDS = 5_000
"""Which take about as long on the machines that this bound is meant for."""
JOBS = 2_000


async def script_times(engine: Engine) -> tuple[int, float]:
    """How many scripts have run since the statistics were reset, and the median of their times (µs)."""
    calls = (await engine.store.client.info("commandstats"))["cmdstat_evalsha"]["calls"]
    return calls, (await engine.store.client.info("latencystats"))["latency_percentiles_usec_evalsha"]["p50"]


async def plain_commands_us(engine: Engine) -> float:
    """The least time that this number of plain commands takes in one script on this machine."""
    script = f"for i = 1, {PLAIN_COMMANDS} do redis.call('SET', 'plain', i) end"
    times = []
    for _ in range(5):
        await engine.store.client.config_resetstat()
        await engine.store.client.execute_command("EVAL", script, 0)  # type: ignore[no-untyped-call]
        times.append((await engine.store.client.info("commandstats"))["cmdstat_eval"]["usec"])
    await engine.store.client.delete("plain")
    return float(min(times))


@pytest.mark.parametrize("action", BulkAction)
async def test_bulk_calls_change_a_bounded_number_of_jobs_a_script(engine: Engine, action: BulkAction) -> None:
    await lift_limits(engine)
    for tenant in range(4):
        await submit(engine, f"t{tenant}", JOBS // 4, max_attempts=1)
    while action is not BulkAction.CANCEL and (leases := await claim(engine, 500)):
        await finish(engine, leases, OutcomeKind.FAILED)
    await engine.store.client.config_resetstat()
    assert (await engine.jobs.change(action, JobQuery(limit=JOBS))).count == JOBS
    calls, median = await script_times(engine)
    assert calls >= 2 * JOBS / SCRIPT_JOBS  # each script of changes follows one of a listing
    assert median < max(MOST_US, await plain_commands_us(engine))
