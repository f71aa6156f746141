"""`fairlane worker` as operators use it: replaced when used up, drained, asked how it is, reloaded."""

import json
import socket
import urllib.error
import urllib.request
from pathlib import Path

import httpx
import pytest

from tests.support.running import Api, Running, eventually, fairlane, kill, run

TASKS = """
from fairlane import App

app = App(tenancy="default")


@app.task
def version() -> int:
    return 1
"""


UPKEEP_FAILS_ONCE = (
    TASKS
    + """
from fairlane.runtime import upkeep

open_engine = upkeep.open_engine


async def cut(url, durability):
    upkeep.open_engine = open_engine
    raise ConnectionResetError("cut")


upkeep.open_engine = cut
"""
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FAIRLANE_DEFAULT_RATE", "off")
    monkeypatch.setenv("FAIRLANE_DEFAULT_CONCURRENCY", "off")
    (tmp_path / "shop.py").write_text(TASKS)
    return tmp_path


def worker_ids(api: Api) -> set[str]:
    return {worker["id"] for worker in api.get("/workers")["workers"]}


def done(api: Api) -> int:
    """The result of one more job."""
    job_id = api.submit("default", "version", [])
    [job] = api.await_state([job_id], "completed", within_s=30)
    result: int = job["result"]
    return result


def health(port: int, path: str) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            assert json.load(answer) == {"status": "ok"}
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def drain(api: Api, worker_id: str) -> None:
    assert httpx.post(f"{api.url}/workers/{worker_id}/drain", timeout=10).status_code == 202


def test_a_worker_is_replaced_after_its_jobs_and_tells_its_health(folder: Path) -> None:
    port = free_port()
    with fairlane(folder, "serve", "--port", "0") as served:
        api = served.await_ready()
        options = ("--max-jobs", "2", "--health", str(port), "--queues", "default=2,other")
        with fairlane(folder, "worker", "shop:app", *options) as worker:
            eventually(lambda: health(port, "/readyz") == 200, 30, "it is ready")
            assert (health(port, "/livez"), health(port, "/other")) == (200, 404)
            [first] = worker_ids(api)
            assert [done(api) for _ in range(5)] == [1] * 5
            eventually(lambda: worker_ids(api) != {first}, 30, "it was replaced")
            assert "died" not in worker.log() and "ended with code" not in worker.log()
            stop(worker)


def test_drained_workers_are_not_started_again(folder: Path) -> None:
    with fairlane(folder, "serve", "--port", "0") as served:
        api = served.await_ready()
        with fairlane(folder, "worker", "shop:app", "--processes", "2") as workers:
            eventually(lambda: len(worker_ids(api)) == 2, 30, "both are there")
            first, second = sorted(worker_ids(api))
            drain(api, first)
            eventually(lambda: worker_ids(api) == {second}, 30, "the drained one is gone")
            assert done(api) == 1
            drain(api, second)
            assert workers.wait() == 0, workers.log()
        with fairlane(folder, "worker", "shop:app") as alone:
            eventually(lambda: len(worker_ids(api)) == 1, 30, "it is there")
            drain(api, *worker_ids(api))
            assert alone.wait() == 0


def test_a_changed_file_starts_the_worker_again(folder: Path) -> None:
    with fairlane(folder, "serve", "--port", "0") as served:
        api = served.await_ready()
        with fairlane(folder, "worker", "shop:app", "--reload", "--url", api.url) as worker:
            assert done(api) == 1
            (folder / "shop.py").write_text(TASKS.replace("return 1", "return 22"))
            eventually(lambda: done(api) == 22, 30, "the new code runs")
            stop(worker)


def test_upkeep_beside_a_worker_that_cannot_begin_is_told_of_and_tried_again(folder: Path) -> None:
    (folder / "shop.py").write_text(UPKEEP_FAILS_ONCE)
    with fairlane(folder, "worker", "shop:app") as worker:
        eventually(lambda: "upkeep failed; retrying: cut" in worker.log(), 30, "it is logged")
        options = ("--tenant", "default", "--task", "version", "--delay", "0.3s", "--wait")
        assert "completed" in run(folder, "submit", *options, "[]").stdout
        stop(worker)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--queues", "a=x"),
        ("--queues", "a,a"),
        ("--queues", "a=0,b=1"),
        ("--queues", "a=0"),
        ("--queues", "a=-1,b=-1"),
        ("--max-worker-memory", "lots"),
        ("--health", "nowhere"),
        ("--max-jobs", "-1"),
    ],
)
def test_misuse_is_told(folder: Path, arguments: tuple[str, ...]) -> None:
    assert "Error: " in run(folder, "worker", "shop:app", *arguments, code=2).stderr


def stop(running: Running) -> None:
    running.press_ctrl_c()
    assert running.wait() == 0


LOOP = """
import asyncio
from fairlane import App

app = App(tenancy="default")


@app.task
async def loop() -> str:
    return type(asyncio.get_running_loop()).__module__
"""


@pytest.mark.parametrize(("option", "module"), [((), "uvloop"), (("--loop", "asyncio"), "asyncio.unix_events")])
def test_jobs_run_on_the_chosen_event_loop(tmp_path: Path, option: tuple[str, ...], module: str) -> None:
    (tmp_path / "shop.py").write_text(LOOP)
    with fairlane(tmp_path, "up", "shop:app", "--port", "0", *option) as system:
        api = system.await_ready()
        [job] = api.await_state([api.submit("default", "loop", [])], "completed")
        assert job["result"] == module


def test_a_killed_worker_of_a_remote_supervisor_is_not_listed(folder: Path) -> None:
    with fairlane(folder, "serve", "--port", "0") as served:
        api = served.await_ready()
        with fairlane(folder, "worker", "shop:app", "--processes", "2", "--url", api.url) as workers:
            eventually(lambda: len(worker_ids(api)) == 2, 30, "both are there")
            before = worker_ids(api)
            kill(workers.pid_of("worker-1"))
            eventually(lambda: len(worker_ids(api) - before) == 1, 30, "another worker is started")
            eventually(lambda: len(worker_ids(api)) == 2, 20, "the killed one is gone")
            stop(workers)
