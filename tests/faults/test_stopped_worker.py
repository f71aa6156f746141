"""A worker that stands still for three leases: its jobs are taken over once, and nothing it says later counts."""

from __future__ import annotations

import os
import signal
from collections import Counter
from pathlib import Path

import httpx
import msgspec

from fairlane.rest.jobs import JobAnswer
from tests.support.history import History, held_by
from tests.support.running import Api, eventually, up

LEASE_S = 4
OPTIONS = ("--lease", f"{LEASE_S}s", "--processes", "2", "--workers", "8", "--default-concurrency", "off")


def test_a_sleeper_is_replaced_once_and_comes_back_to_nothing(tmp_path: Path) -> None:
    with up(tmp_path, *OPTIONS, "--default-rate", "off") as system:
        api = system.await_ready()
        ids = [api.submit("acme", "demo.sleep", {"seconds": 3 * LEASE_S - 3}) for _ in range(8)]
        eventually(lambda: len(api.get("/jobs/running")["jobs"]) == len(ids), 30, "all jobs run")
        sleeper = system.pid_of("worker-1")
        [name] = [worker["id"] for worker in api.get("/workers")["workers"] if worker["pid"] == sleeper]
        running = api.get("/jobs/running")["jobs"]
        os.kill(sleeper, signal.SIGSTOP)
        its_own = {job["id"] for job in running if job["workerId"] == name}
        try:
            api.await_state(ids, "completed", within_s=3 * LEASE_S + 40)
        finally:
            os.kill(sleeper, signal.SIGCONT)
        # It says that its jobs have ended, is told that they are no longer its own, and goes on with others.
        more = [api.submit("acme", "demo.sleep", {"seconds": 0.3}) for _ in range(16)]
        jobs = api.await_state(more, "completed")
        eventually(lambda: name in {worker["id"] for worker in api.get("/workers")["workers"]}, 30, "it is back")
        assert len(its_own) >= 1
        outcomes = {job_id: [one["outcome"] for one in api.job(job_id)["attempts"]] for job_id in ids}
        for job_id in ids:
            assert outcomes[job_id] == ["worker_lost"] * (job_id in its_own) + ["completed"]
        assert {job["attempt"] for job in jobs} == {1}
        assert api.get("/jobs/metrics")["completed"] == len(ids) + len(more)
        assert problems(api, [*ids, *more]) == []


def problems(api: Api, ids: list[str]) -> list[str]:
    found = [httpx.get(f"{api.url}/jobs/{job_id}").content for job_id in ids]
    jobs = [msgspec.json.decode(job, type=JobAnswer).to_job() for job in found]
    history = History(set(ids), [held for job in jobs for held in held_by(job)])
    assert Counter(job.state for job in jobs) == {"completed": len(ids)}
    return history.problems({job.id: job.state for job in jobs})
