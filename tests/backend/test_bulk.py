"""One change made to many jobs: what it reaches, what it leaves alone, and how it goes on."""

from collections import Counter

import pytest

from fairlane.backend import Backend
from fairlane.engine import bulk
from fairlane.model.bulk import BulkAction, BulkResult
from fairlane.model.errors import InvalidInput, NotFound
from fairlane.model.job import MAX_BATCH, JobQuery
from fairlane.model.lease import LeaseReport, LeaseStatus, OutcomeKind
from fairlane.model.states import Reason, State

from .world import WORKER, World

RETRY, CANCEL, DELETE = BulkAction


async def states_of(world: World) -> dict[str, State]:
    return {job.id: job.state for job in (await world.backend.jobs.list(JobQuery(limit=100))).jobs}


async def one_in_each_state(world: World) -> dict[State, str]:
    """Jobs of tenant acme."""
    await world.unlimit()
    done, lease = await world.run()
    await world.end(lease, OutcomeKind.COMPLETED)
    failed = await world.fail_for_good()
    cancelled = await world.submit()
    await world.backend.jobs.cancel(cancelled)
    running, _ = await world.run()
    waiting = await world.submit()
    later = await world.submit(delay_ms=60_000)
    return {
        State.COMPLETED: done, State.FAILED: failed, State.CANCELLED: cancelled,
        State.RUNNING: running, State.PENDING: waiting, State.SCHEDULED: later,
    }  # fmt: skip


async def in_steps(queue: Backend, action: BulkAction, query: JobQuery) -> list[int]:
    """How many each call changed, until none is left."""
    counts = []
    while True:
        result = await queue.jobs.change(action, query)
        counts.append(result.count)
        if not result.more:
            return counts


@pytest.mark.parametrize("by_filter", [False, True])
async def test_retry_changes_failed_jobs_alone(world: World, by_filter: bool) -> None:
    jobs = await one_in_each_state(world)
    which = JobQuery(tenant_id="acme") if by_filter else list(jobs.values())
    assert await world.backend.jobs.change(RETRY, which) == BulkResult(1, False)
    again = await world.backend.jobs.get(jobs.pop(State.FAILED))
    assert (again.state, again.reason) == (State.PENDING, Reason.RETRIED)
    assert {job_id: state for job_id, state in (await states_of(world)).items() if job_id != again.id} == {
        job_id: state for state, job_id in jobs.items()
    }
    assert await world.backend.jobs.change(RETRY, which) == BulkResult(0, False)


@pytest.mark.parametrize("by_filter", [False, True])
async def test_cancel_changes_unfinished_jobs_alone(world: World, by_filter: bool) -> None:
    jobs = await one_in_each_state(world)
    which = JobQuery(tenant_id="acme") if by_filter else list(jobs.values())
    assert await world.backend.jobs.change(CANCEL, which) == BulkResult(3, False)
    assert Counter((await states_of(world)).values()) == Counter(
        {State.CANCELLED: 3, State.COMPLETED: 1, State.FAILED: 1, State.RUNNING: 1}
    )
    assert await world.backend.jobs.change(CANCEL, which) == BulkResult(0, False)


async def test_a_running_job_is_asked_to_stop_once(world: World) -> None:
    job_id, lease = await world.run()
    assert (await world.backend.jobs.change(CANCEL, JobQuery(limit=1))).count == 1
    assert (await world.backend.jobs.change(CANCEL, [job_id])).count == 0
    (status,) = await world.backend.leases.extend(WORKER, [LeaseReport(job_id, lease.token)], 30_000)
    assert status is LeaseStatus.CANCELLED
    await world.end(lease, OutcomeKind.CANCELLED)
    assert (await world.backend.jobs.get(job_id)).state is State.CANCELLED


@pytest.mark.parametrize("by_filter", [False, True])
async def test_delete_forgets_ended_jobs_alone(world: World, by_filter: bool) -> None:
    jobs = await one_in_each_state(world)
    which = JobQuery(tenant_id="acme") if by_filter else list(jobs.values())
    assert await world.backend.jobs.change(DELETE, which) == BulkResult(3, False)
    assert await states_of(world) == {job_id: state for state, job_id in jobs.items() if not state.is_terminal}
    with pytest.raises(NotFound):
        await world.backend.jobs.get(jobs[State.COMPLETED])
    assert (await world.upkeep.doctor()).problems == []


async def test_filters_and_limits_are_kept_to(world: World) -> None:
    ours = [await world.fail_for_good(task="mail") for _ in range(3)]
    other = await world.fail_for_good(tenant="other")
    video = await world.fail_for_good(task="video")
    mail = JobQuery(tenant_id="acme", task="mail", limit=2)
    some = await world.backend.jobs.change(RETRY, mail)
    assert (some.count, some.more) == (2, True)
    rest = await world.backend.jobs.change(DELETE, mail)
    assert (rest.count, rest.more) == (1, False)
    states = await states_of(world)
    assert (states[other], states[video]) == (State.FAILED, State.FAILED)
    assert Counter(states.get(job_id) for job_id in ours) == Counter({State.PENDING: 2, None: 1})


async def test_ids_of_no_job_and_ids_twice_count_for_nothing(world: World) -> None:
    job_id = await world.submit()
    unknown = world.backend.jobs.new_id("acme")
    assert await world.backend.jobs.change(CANCEL, [job_id, unknown, job_id]) == BulkResult(1, False)
    assert (await world.backend.jobs.get(job_id)).state is State.CANCELLED


async def test_more_ids_than_a_batch_are_refused(world: World) -> None:
    with pytest.raises(InvalidInput) as refused:
        await world.backend.jobs.change(CANCEL, [world.backend.jobs.new_id("acme") for _ in range(MAX_BATCH + 1)])
    assert refused.value.pointer == "/ids"


async def test_a_state_that_never_allows_the_action_is_refused(world: World) -> None:
    for action in BulkAction:
        for state in set(State) - set(action.states):
            with pytest.raises(InvalidInput) as refused:
                await world.backend.jobs.change(action, JobQuery(state=state))
            assert refused.value.pointer == "/filter/state"


async def test_a_call_that_takes_long_leaves_the_rest_to_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "PATIENCE_S", 0.0)
    await world.unlimit()
    many = 2 * bulk.SCRIPT_JOBS + 1
    await world.backend.jobs.submit([world.job() for _ in range(many)])
    assert await in_steps(world.backend, CANCEL, JobQuery(limit=10_000)) == [bulk.SCRIPT_JOBS, bulk.SCRIPT_JOBS, 1]


async def test_a_cursor_goes_on_where_the_call_before_stopped(world: World) -> None:
    await world.unlimit()
    jobs = [await world.submit() for _ in range(5)]
    await world.claim(5)
    first = await world.backend.jobs.change(CANCEL, JobQuery(limit=3))
    assert (first.count, first.more) == (3, True)
    # Of the jobs that run, those asked before are not passed again.
    rest = await world.backend.jobs.change(CANCEL, JobQuery(limit=3, cursor=first.next_cursor))
    assert rest == BulkResult(2, False)
    assert (await world.backend.jobs.change(CANCEL, jobs)).count == 0


async def test_of_two_failed_jobs_with_one_key_one_is_sent_back(world: World) -> None:
    failed = [await world.fail_for_good(key="k") for _ in range(2)]
    assert await world.backend.jobs.change(RETRY, failed) == BulkResult(1, False)
    assert Counter((await states_of(world)).values()) == Counter({State.PENDING: 1, State.FAILED: 1})
    assert (await world.upkeep.doctor()).problems == []
