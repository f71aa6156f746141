"""Jobs whose code tries to end the worker: the worker serves on, and the jobs beside them lose no attempt."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.running import Api, Running, eventually, fairlane, run

ROOT = Path(__file__).parents[2]
APP = "tests.acceptance.exiting_tasks:app"

FAILS = {
    "gathers": "SystemExit",
    "groups": "KeyboardInterrupt",
    "forgets": "SystemExit",
    "raises_own": "Own",
    "closes_generator": "GeneratorExit",
    "leaves_a_thread": "SystemExit",
    "leaves_generator": "SystemExit",
    "hooked": "ValueError",
    "hooked_async": "ValueError",
}
RETURNS = {
    "heeds": "code 7",
    "calls_soon": None,
    "stops_the_loop": None,
    "cancels_all": "0 tasks left",
    "cancels_all_in_own_loop": "1 task of the other loop",
    "shuts_executor": "still a thread",
    "replaces_executor": "another thread",
    "alarms": None,
    "exits_in_own_threads": None,
}


@pytest.fixture(scope="module", autouse=True)
def environment() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.setenv("FAIRLANE_DEFAULT_RATE", "off")
        patch.setenv("FAIRLANE_DEFAULT_CONCURRENCY", "off")
        yield


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Api]]:
    folder = tmp_path_factory.mktemp("exits")
    with fairlane(folder, "up", APP, "--port", "0", "--processes", "1", "--workers", "16") as running:
        yield running, running.await_ready()


@contextlib.contextmanager
def neighbour(api: Api, folder: Path) -> Iterator[None]:
    """A job that runs in the same worker meanwhile, with a helper task and threads. It must lose no attempt."""
    end = folder / "end"
    beside = api.submit("default", "waits_for", [str(end)])
    api.await_state([beside], "running")
    yield
    end.touch()
    assert api.await_state([beside], "completed")[0]["result"] == 1


def worker_of(api: Api) -> int:
    [job] = api.await_state([api.submit("default", "pid", [])], "completed")
    pid: int = job["result"]
    return pid


@pytest.mark.parametrize("task", [*FAILS, *RETURNS])
def test_a_job_that_exits_ends_alone(served: tuple[Running, Api], task: str, tmp_path: Path) -> None:
    _, api = served
    worker = worker_of(api)
    with neighbour(api, tmp_path):
        guilty = api.submit("default", task, [], maxAttempts=1)
        if task in FAILS:
            [job] = api.await_state([guilty], "failed")
            assert job["error"]["type"] == FAILS[task]
        else:
            [job] = api.await_state([guilty], "completed")
            assert job["result"] == RETURNS[task]
    assert worker_of(api) == worker


@pytest.mark.parametrize("task", ["reads_and_leaves", "reads_and_leaves_async"])
def test_an_argument_that_exits_when_it_is_read_fails_its_job(served: tuple[Running, Api], task: str) -> None:
    _, api = served
    worker = worker_of(api)
    [job] = api.await_state([api.submit("default", task, [{"number": 3}])], "failed")
    assert job["error"]["type"] == "SystemExit"
    assert worker_of(api) == worker


@pytest.mark.parametrize("code", [1, 3, 4])
def test_no_exit_code_of_a_job_keeps_the_worker_from_being_started_again(
    served: tuple[Running, Api], code: int
) -> None:
    running, api = served
    worker = worker_of(api)
    guilty = api.submit("default", "dies", [code])
    assert api.await_state([guilty], "failed")[0]["reason"] == "worker_lost"
    assert worker_of(api) != worker
    assert running.process.poll() is None


def test_a_job_that_dies_at_once_is_not_taken_for_a_worker_that_cannot_start(tmp_path: Path) -> None:
    with fairlane(tmp_path, "serve", "--port", "0") as alone:
        api = alone.await_ready()
        guilty = [api.submit("default", "dies", [1]) for _ in range(3)]
        alone.press_ctrl_c()
        alone.wait()
    with fairlane(tmp_path, "up", APP, "--port", "0", "--processes", "1") as again:
        again.await_ready().await_state(guilty, "failed")


def test_a_job_that_ends_each_worker_costs_no_other_an_attempt(served: tuple[Running, Api], tmp_path: Path) -> None:
    running, api = served
    ended = tmp_path / "ended"
    beside = [api.submit("default", "waits_for", [str(ended)]) for _ in range(7)]
    api.await_state(beside, "running")
    poison = api.submit("default", "dies", [1], maxAttempts=2, priority=9)  # each time, it runs before its neighbours
    [job] = api.await_state([poison], "failed")
    assert (job["reason"], job["attempt"]) == ("worker_lost", 2)
    ended.touch()
    assert [job["result"] for job in api.await_state(beside, "completed")] == [1] * 7
    assert [len(api.job(job_id)["attempts"]) for job_id in beside] == [1] * 7
    worker_of(api)
    assert running.process.poll() is None


def test_a_stop_signal_to_the_worker_costs_its_jobs_no_attempt(served: tuple[Running, Api], tmp_path: Path) -> None:
    _, api = served
    worker = worker_of(api)
    with neighbour(api, tmp_path):
        os.kill(worker, 15)
    assert worker_of(api) != worker


def test_what_a_job_leaves_running_ends_with_its_worker(served: tuple[Running, Api]) -> None:
    _, api = served
    [job] = api.await_state([api.submit("default", "leaves_a_fork", [])], "completed")
    left = Path(f"/proc/{job['result']}")
    worker = worker_of(api)
    assert left.exists()
    os.kill(worker, 15)
    assert worker_of(api) != worker
    eventually(lambda: not left.exists(), 30, "the fork is killed and collected")


@pytest.mark.parametrize(("task", "payload"), [("forks", [""]), ("forks_in_process", [])])
def test_forks_of_a_job_have_default_signal_handlers(
    served: tuple[Running, Api], task: str, payload: list[str]
) -> None:
    _, api = served
    [job] = api.await_state([api.submit("default", task, payload)], "completed")
    assert job["result"] == [-15, -15, -1]


@pytest.mark.parametrize(("task", "code"), [("falls_out_of_a_fork", 5), ("returns_in_a_fork", 0)])
def test_a_fork_that_leaves_its_job_ends_and_is_no_second_worker(
    served: tuple[Running, Api], task: str, code: int, tmp_path: Path
) -> None:
    _, api = served
    with neighbour(api, tmp_path):
        [job] = api.await_state([api.submit("default", task, [])], "completed")
        assert job["result"] == code


def test_a_fork_that_awaits_ends(served: tuple[Running, Api]) -> None:
    _, api = served
    [job] = api.await_state([api.submit("default", "awaits_in_a_fork", [])], "completed")
    assert job["result"] == 1


def test_an_app_that_exits_when_imported_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "leaves.py").write_text("import sys\nsys.exit(3)\n")
    told = run(tmp_path, "worker", "leaves:app", code=2).stderr
    assert "Error: leaves cannot be imported: SystemExit: 3" in told
