"""What jobs logged comes with heartbeats and outcomes, is kept once and within bounds, and goes with the job."""

from datetime import UTC, datetime

import pytest

from fairlane.model.bulk import BulkAction
from fairlane.model.errors import NotFound
from fairlane.model.job import JobError, Progress
from fairlane.model.lease import Lease, LeaseReport, LeaseStatus, OutcomeKind
from fairlane.model.logs import MAX_LOG_BYTES, MAX_LOG_LINES, JobLog, LogLine, LogPiece

from .world import WORKER, World

AT = datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)


def line(number: int, attempt: int = 1, message: str = "") -> LogLine:
    return LogLine(AT, attempt, "info", "app.mail", message or f"line {number} ü\n<b>")


def piece(first: int, count: int, attempt: int = 1) -> LogPiece:
    return LogPiece(first, [line(number, attempt) for number in range(first, first + count)])


async def beat(world: World, lease: Lease, logs: LogPiece) -> LeaseStatus:
    (status,) = await world.backend.leases.extend(WORKER, [LeaseReport(lease.job_id, lease.token, None, logs)], 30_000)
    return status


async def test_lines_of_heartbeats_and_of_the_outcome_are_kept_once(world: World) -> None:
    job_id, lease = await world.run()
    assert await world.backend.jobs.log(job_id) == JobLog([], truncated=False)
    await beat(world, lease, piece(0, 3))
    await beat(world, lease, piece(0, 3))
    await beat(world, lease, piece(1, 4))
    assert (await world.backend.jobs.log(job_id)).lines == piece(0, 5).lines
    await world.end(lease, OutcomeKind.COMPLETED, logs=piece(5, 1), progress=Progress(7, 7))
    await world.end(lease, OutcomeKind.COMPLETED, logs=piece(5, 1))
    assert await world.backend.jobs.log(job_id) == JobLog(piece(0, 6).lines, truncated=False)
    assert (await world.backend.jobs.get(job_id)).progress == Progress(7, 7)


async def test_lines_of_all_attempts_are_kept_and_none_of_a_stale_lease(world: World) -> None:
    job_id, first = await world.run()
    await world.end(first, OutcomeKind.FAILED, error=JobError("E", "e"), delay_ms=0, logs=piece(0, 2))
    await world.upkeep.promote(10)
    (second,) = await world.claim()
    assert await beat(world, first, piece(2, 1)) is LeaseStatus.STALE_LEASE
    assert await world.end(first, OutcomeKind.FAILED, logs=piece(2, 1)) is LeaseStatus.STALE_LEASE
    await world.end(second, OutcomeKind.COMPLETED, logs=piece(0, 2, attempt=2))
    found = await world.backend.jobs.log(job_id)
    assert found == JobLog([*piece(0, 2).lines, *piece(0, 2, attempt=2).lines], truncated=False)


async def test_the_last_lines_are_kept(world: World) -> None:
    job_id, lease = await world.run()
    await beat(world, lease, piece(0, MAX_LOG_LINES))
    assert not (await world.backend.jobs.log(job_id)).truncated
    await beat(world, lease, piece(MAX_LOG_LINES, 50))
    found = await world.backend.jobs.log(job_id)
    assert (len(found.lines), found.truncated) == (MAX_LOG_LINES, True)
    assert found.lines[-1] == line(MAX_LOG_LINES + 49)
    big = LogPiece(MAX_LOG_LINES + 50, [line(0, message=f"{number:04}" * 250) for number in range(80)])
    await beat(world, lease, big)
    found = await world.backend.jobs.log(job_id)
    assert sum(len(one.message) for one in found.lines) <= MAX_LOG_BYTES
    assert found.lines == big.lines[-len(found.lines) :]
    assert len(found.lines) > 25


async def test_lines_that_were_never_sent_are_missed(world: World) -> None:
    job_id, lease = await world.run()
    await beat(world, lease, piece(10, 1))
    assert await world.backend.jobs.log(job_id) == JobLog(piece(10, 1).lines, truncated=True)


async def test_lines_go_with_their_job(world: World) -> None:
    job_id, lease = await world.run(max_attempts=1)
    await world.end(lease, OutcomeKind.FAILED, logs=piece(0, 2))
    assert len((await world.backend.jobs.log(job_id)).lines) == 2
    assert (await world.upkeep.doctor()).problems == []
    await world.backend.jobs.change(BulkAction.DELETE, [job_id])
    with pytest.raises(NotFound):
        await world.backend.jobs.log(job_id)
    with pytest.raises(NotFound):
        await world.backend.jobs.log("nonsense")
    assert (await world.upkeep.doctor()).problems == []
