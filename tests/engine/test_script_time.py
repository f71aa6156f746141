"""No script keeps other clients waiting for long, however much a call asks for."""

import pytest

from fairlane.engine import Engine
from fairlane.engine.bulk import SCRIPT_JOBS
from fairlane.model.bulk import BulkAction
from fairlane.model.job import JobQuery
from fairlane.model.lease import OutcomeKind

from .acting import claim, finish, lift_limits, submit

MOST_US = 5_000
JOBS = 2_000


async def script_times(engine: Engine) -> tuple[int, float]:
    """How many scripts have run since the statistics were reset, and the median of their times (µs)."""
    calls = (await engine.store.client.info("commandstats"))["cmdstat_evalsha"]["calls"]
    return calls, (await engine.store.client.info("latencystats"))["latency_percentiles_usec_evalsha"]["p50"]


@pytest.mark.parametrize("action", BulkAction)
async def test_bulk_calls_change_a_bounded_number_of_jobs_a_script(engine: Engine, action: BulkAction) -> None:
    await lift_limits(engine)
    for tenant in range(4):
        await submit(engine, f"t{tenant}", JOBS // 4, max_attempts=1)
    while action is not BulkAction.CANCEL and (leases := await claim(engine, 500)):
        await finish(engine, leases, OutcomeKind.FAILED)
    await engine.store.client.config_resetstat()
    assert (await engine.change_jobs(action, JobQuery(limit=JOBS))).count == JOBS
    calls, median = await script_times(engine)
    assert calls >= 2 * JOBS / SCRIPT_JOBS  # each script of changes follows one of a listing
    assert median < MOST_US
