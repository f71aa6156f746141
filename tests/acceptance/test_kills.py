"""SIGKILL of any process of `fairlane up`: nothing accepted is lost, and all is served again."""

import os
import signal
from datetime import datetime
from pathlib import Path

import pytest

from tests.support.running import Api, Running, eventually, fairlane, kill, run, up

from .load import TENANTS, Load, load

CONCURRENCY = 4
OPTIONS = ("--default-rate", "off", "--default-concurrency", str(CONCURRENCY), "--processes", "2")
LONG_LEASE = ("--lease", "10m")
"""Far longer than any test waits: what happens within a minute was not left to the end of the leases."""


def check_history(folder: Path, api: Api, clients: Load) -> None:
    """Everything accepted is done, once, within the limits, and the figures agree."""
    assert clients.refused == []
    accepted = set(clients.accepted.values())
    assert len(accepted) == len(clients.accepted) > 50

    def is_drained() -> bool:
        figures = api.get("/jobs/metrics")
        return bool(figures["completed"] == figures["submitted"] == len(accepted))

    eventually(is_drained, 90, "as many jobs are completed as were accepted")
    for job_id in accepted:
        assert api.job(job_id)["state"] == "completed"
    assert 0 < clients.most_running <= CONCURRENCY
    figures = [api.get(f"/tenants/{tenant}") for tenant in TENANTS]
    assert sum(tenant["completed"] for tenant in figures) == len(accepted)
    run(folder, "doctor")


def more_are_accepted(clients: Load, count: int) -> None:
    enough = len(clients.accepted) + count
    eventually(lambda: len(clients.accepted) >= enough, 60, f"{count} more jobs are accepted")


def is_started_again(system: Running, name: str, killed: int) -> None:
    eventually(lambda: system.pid_of(name) != killed, 30, f"{name} is started again")


@pytest.mark.parametrize("victims", ["worker-1", "api", "upkeep", "store", "store worker-1 worker-2"])
def test_killed_processes_are_started_again_and_nothing_is_lost(tmp_path: Path, victims: str) -> None:
    with up(tmp_path, *OPTIONS) as system:
        api = system.await_ready()
        with load(api.url) as clients:
            for _ in range(2):
                more_are_accepted(clients, 30)
                pids = {victim: system.pid_of(victim) for victim in victims.split()}
                for pid in pids.values():
                    kill(pid)
                for victim, pid in pids.items():
                    is_started_again(system, victim, pid)
                more_are_accepted(clients, 10)
        check_history(tmp_path, api, clients)
        system.press_ctrl_c()
        assert system.wait() == 0
        assert system.survivors() == []


@pytest.mark.parametrize("processes", ["1", "2"])
def test_the_jobs_of_a_killed_worker_run_again_at_once(tmp_path: Path, processes: str) -> None:
    with up(tmp_path, "--processes", processes, "--workers", "4", *LONG_LEASE) as system:
        api = system.await_ready()
        job_ids = [api.submit("acme", "demo.sleep", {"seconds": 120}) for _ in range(2)]
        job_ids += [api.submit("globex", "demo.sleep", {"seconds": 120}) for _ in range(2)]
        api.await_state(job_ids, "running")
        killed = {worker["id"]: worker["pid"] for worker in api.get("/workers")["workers"]}
        ran_in = [api.job(job_id)["workerId"] for job_id in job_ids]
        for pid in killed.values():
            kill(pid)

        def run_again() -> bool:
            jobs = [api.job(job_id) for job_id in job_ids]
            return all(job["state"] == "running" and job["workerId"] not in killed for job in jobs)

        def is_gone() -> bool:
            listed = {worker["id"] for worker in api.get("/workers")["workers"]}
            return not listed & set(killed)

        eventually(is_gone, 60, "killed workers are not listed")
        eventually(run_again, 60, "all jobs run again")
        outcomes = [[one["outcome"] for one in api.job(job_id)["attempts"]] for job_id in job_ids]
        alone = [ran_in.count(worker) == 1 for worker in ran_in]
        assert outcomes == [["worker_lost", "running"] if each else ["running"] for each in alone]
        # Nothing waits for the long jobs: they are killed with all else.


@pytest.mark.parametrize("over", ["the store", "HTTP"])
def test_workers_without_the_rest_are_looked_after_too(tmp_path: Path, over: str) -> None:
    with fairlane(tmp_path, "serve", "--port", "0") as served:
        api = served.await_ready()
        options = [*LONG_LEASE, *(["--url", api.url] if over == "HTTP" else [])]
        with fairlane(tmp_path, "worker", "fairlane.builtin:app", "--processes", "2", *options) as workers:
            job_id = api.submit("acme", "demo.sleep", {"seconds": 120})
            [job] = api.await_state([job_id], "running")
            kill(workers.pid_of(job["workerId"].split(":")[1]))
            eventually(lambda: api.job(job_id)["attempt"] == 2, 60, "the job runs again")


def test_a_job_that_crashes_its_worker_ends_in_the_dead_letter_queue(tmp_path: Path) -> None:
    with up(tmp_path) as system:
        api = system.await_ready()
        poison = api.submit("acme", "demo.crash", {}, maxAttempts=2)
        [job] = api.await_state([poison], "failed")
        assert (job["reason"], job["attempt"]) == ("worker_lost", 2)
        api.await_state([api.submit("acme", "default", 1)], "completed")


def test_no_process_outlives_a_killed_supervisor_and_the_next_start_recovers_all(tmp_path: Path) -> None:
    with up(tmp_path, *OPTIONS, *LONG_LEASE) as system:  # no test waits for it
        api = system.await_ready()
        with load(api.url) as clients:
            more_are_accepted(clients, 50)
            children = system.survivors()
            assert len(children) >= 5
            kill(system.process.pid)
            eventually(lambda: system.survivors() == [], 30, "all children are gone")
            port = api.url.rpartition(":")[2]
            with up(tmp_path, *OPTIONS[:-2], "--processes", "1", "--port", port) as again:
                assert again.await_ready().url == api.url
                more_are_accepted(clients, 10)
                clients.end()
                check_history(tmp_path, api, clients)


def test_a_stopped_worker_is_not_taken_for_dead_before_its_lease_ends(tmp_path: Path) -> None:
    with up(tmp_path, "--lease", "4s") as system:
        api = system.await_ready()
        job_id = api.submit("acme", "demo.sleep", {"seconds": 5})
        frozen = _freeze_while_running(system, api, job_id)
        try:
            expires = api.job(job_id)["leaseExpiresAt"]
            eventually(lambda: api.job(job_id)["state"] == "pending", 60, "its lease is reaped")
        finally:
            os.kill(frozen, signal.SIGCONT)
        [job] = api.await_state([job_id], "completed")
        assert datetime.fromisoformat(job["attempts"][0]["endedAt"]) >= datetime.fromisoformat(expires)
        assert [one["outcome"] for one in job["attempts"]] == ["worker_lost", "completed"]


def _freeze_while_running(system: Running, api: Api, job_id: str) -> int:
    """Stop the worker while the job runs; its process id."""
    pid = system.pid_of("worker-1")
    eventually(lambda: bool(api.job(job_id)["state"] == "running"), 30, "the job runs")
    os.kill(pid, signal.SIGSTOP)
    return pid
