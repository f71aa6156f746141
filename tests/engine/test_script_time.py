"""No script keeps other clients waiting for long, however much a call asks for and however many names there are."""

from collections.abc import Awaitable, Callable
from statistics import median

import pytest

from fairlane.engine import Engine
from fairlane.engine.bulk import SCRIPT_JOBS
from fairlane.model.bulk import BulkAction
from fairlane.model.job import JobQuery, NewJob
from fairlane.model.lease import OutcomeKind
from fairlane.model.overview import UpkeepStep
from fairlane.model.tenant import PolicyChange
from fairlane.upkeep.expire import expire
from fairlane.upkeep.loop import STEP_JOBS
from fairlane.upkeep.promote import promote
from fairlane.upkeep.prune import prune
from fairlane.upkeep.reap import reap
from tests.support.acting import claim, finish, lift_limits, limit, submit
from tests.support.clock import Clock

MOST_US = 5_000
PLAIN_COMMANDS = 5_000
"""Which take about as long on the machines that this bound is meant for."""
JOBS = 2_000


async def script_times(engine: Engine) -> tuple[int, float]:
    """How many scripts have run since the statistics were reset, and the median of their times (µs)."""
    calls = (await engine.store.client.info("commandstats"))["cmdstat_fcall"]["calls"]
    times = (await engine.store.client.info("latencystats"))["latency_percentiles_usec_fcall"]
    return calls, float(times["p50"])


async def plain_commands_us(engine: Engine) -> float:
    """The median time that this number of plain commands takes in one script on this machine, busy as it is."""
    script = f"for i = 1, {PLAIN_COMMANDS} do redis.call('SET', 'plain', i) end"
    times = []
    for _ in range(9):
        await engine.store.client.config_resetstat()
        await engine.store.client.execute_command("EVAL", script, 0)  # type: ignore[no-untyped-call]
        times.append((await engine.store.client.info("commandstats"))["cmdstat_eval"]["usec"])
    await engine.store.client.delete("plain")
    return float(median(times))


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


MOST_COMMANDS = 1_250
"""Commands of the store a script, on average over the scripts of an act. The longest one may send more."""
TURNS = 5
Act = Callable[[], Awaitable[object]]


async def submit_over(engine: Engine, tenants: int, queues: int) -> None:
    """10,000 jobs, or one for each queue if there are more queues. Each queue is of one tenant."""
    for first in range(0, max(10_000, queues), 500):
        names = [(f"t{n % queues % tenants}", f"q{n % queues}") for n in range(first, first + 500)]
        await engine.jobs.submit([
            NewJob(id=engine.jobs.new_id(tenant), tenant_id=tenant, payload=b"{}", queue=queue)
            for tenant, queue in names
        ])  # fmt: skip


async def check_scripts(engine: Engine) -> None:
    """The scripts since the statistics were reset sent few commands and took little time."""
    figures = await engine.store.client.info("commandstats")
    scripts, median = await script_times(engine)
    assert sum(figure["calls"] for figure in figures.values()) < scripts * MOST_COMMANDS
    assert median < max(MOST_US, await plain_commands_us(engine))


@pytest.mark.parametrize(("tenants", "queues"), [(1, 1_000), (1, 10_000), (300, 30_000)])
async def test_scripts_are_short_whatever_the_number_of_queue_names(
    engine: Engine, clock: Clock, tenants: int, queues: int
) -> None:
    await lift_limits(engine)
    await submit_over(engine, tenants, queues)
    names = [f"q{n}" for n in range(0, queues, queues // 100)]

    async def claim_and_finish() -> None:
        await finish(engine, await claim(engine, 100))

    async def lose() -> None:
        await claim(engine, 50, lease_ms=1_000)
        clock.advance(ms=1_000)
        await engine.maintenance.reap(100)

    async def block() -> None:
        await limit(engine, "t0", paused=True)
        await claim(engine, 5, *names)
        await limit(engine, "t0", paused=False)

    async def pause() -> None:
        await engine.queues.pause("q1", True)
        await claim(engine, 5)
        await engine.queues.pause("q1", False)

    async def wait_for_limits() -> None:
        await limit(engine, "t0", concurrency=1)
        await claim_and_finish()
        await limit(engine, "t0", concurrency=None)

    async def expire() -> None:
        await submit(engine, "t0", 100, queue="q0", expires_in_ms=1)
        clock.advance(ms=1)
        await engine.maintenance.expire(100)

    async def unlock() -> None:
        (need,) = await submit(engine, "t0", queue="q0")
        await submit(engine, "t0", 100, queue="q0", needs=(need.job_id,))
        await engine.jobs.cancel(need.job_id)
        await engine.maintenance.unlock(STEP_JOBS)
        await engine.maintenance.unlock(STEP_JOBS)

    acts: list[Act] = [
        lambda: submit(engine, "quiet", 1, queue="q0"), lambda: submit(engine, "t0", 1, queue="new"), claim_and_finish,
        lambda: claim(engine, 1, *names), lose, block, pause, wait_for_limits,
        expire, unlock, lambda: engine.maintenance.promote(100), lambda: engine.maintenance.prune(100),
        engine.maintenance.sample,
    ]  # fmt: skip
    for act in acts:
        await act()  # loads the scripts
        await engine.store.client.config_resetstat()
        for _ in range(TURNS):
            await act()
        await check_scripts(engine)
    await engine.store.client.config_resetstat()
    assert len((await engine.monitor.overview()).queues) >= queues
    assert (await engine.tenants.get("t0")).pending > 0
    await check_scripts(engine)
    assert (await engine.maintenance.doctor()).problems == []


async def test_steps_of_upkeep_are_short_even_if_each_job_has_its_own_tenant_and_queue(
    engine: Engine, clock: Clock
) -> None:
    await lift_limits(engine)
    await engine.tenants.change_defaults(PolicyChange(keep_completed_max=1, keep_completed_seconds=1))
    await submit_over(engine, 1, 1)
    steps = [duty(engine.maintenance).step for duty in (promote, reap, prune, expire)]
    for step in steps:
        await step()  # loads the script
    for n in range(500):
        await submit(engine, f"t{n}", 1, queue=f"q{n}", delay_ms=1, expires_in_ms=60_000 if n % 2 else None)
    clock.advance(ms=1)
    await until_done(engine, steps[0])
    await finish(engine, await claim(engine, 200))
    await claim(engine, 100, lease_ms=1_000)
    clock.advance(ms=61_000)
    for step in steps[1:]:
        await until_done(engine, step)


async def until_done(engine: Engine, step: Callable[[], Awaitable[UpkeepStep]]) -> None:
    """Repeat a step while it finds work, and check its scripts. There is work for several."""
    await engine.store.client.config_resetstat()
    done = 0
    while (count := (await step()).count) > 0:
        done += count
    assert done > STEP_JOBS
    await check_scripts(engine)
