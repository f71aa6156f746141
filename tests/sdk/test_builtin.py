"""The built-in tasks do what the reference says."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairlane import State, builtin
from fairlane.model.states import Reason
from tests.support.app_world import WorkerProcess, World, json_of


@pytest.mark.parametrize("payload", [b'{"b":1,"a":[]}', b"[1, 2]", b"130775545883395173", b"null", b'"x"', b"{}"])
async def test_default_returns_its_payload_as_it_came(world: World, payload: bytes) -> None:
    async with world.worker(app=builtin.app):
        job = await world.finished(await world.submit_raw("default", payload))
    assert job.state is State.COMPLETED
    assert bytes(job.result or b"") == payload


async def test_the_demo_tasks(world: World) -> None:
    async with world.worker(app=builtin.app):
        slept = await world.submit_raw("demo.sleep", b'{"seconds": 0.05}')
        failed_once = await world.submit_raw("demo.fail", b'{"times": 1, "message": "oh"}')
        failed = await world.submit_raw("demo.fail", b'{"message": "no"}', max_attempts=1)
        progressed = await world.submit_raw("demo.progress", b'{"steps": 3, "seconds": 1.5}')
        assert json_of((await world.finished(slept)).result) == 0.05
        job = await world.finished(failed_once)
        assert (job.state, json_of(job.result), job.attempt) == (State.COMPLETED, 2, 2)
        assert job.attempts[0].error is not None and job.attempts[0].error.message == "oh"
        job = await world.finished(failed)
        assert (job.state, job.error and job.error.message) == (State.FAILED, "no")
        job = await world.finished(progressed)
        assert json_of(job.result) == 3


def test_they_are_all_there() -> None:
    assert set(builtin.app.registry) == {"default", "demo.sleep", "demo.fail", "demo.progress", "demo.crash"}


async def test_a_crash_costs_an_attempt_and_no_more(world: World, tmp_path: Path) -> None:
    crashing = await world.submit_raw("demo.crash", b"{}", max_attempts=2)
    for _ in range(2):
        with WorkerProcess(world, tmp_path, lease_ms=1_000) as worker:
            assert await worker.ended() == 70
    job = await world.finished(crashing)
    assert (job.state, job.reason, job.attempt) == (State.FAILED, Reason.WORKER_LOST, 2)
