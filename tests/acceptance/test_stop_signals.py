"""A stop signal that reaches every process at once is one request: jobs get their drain, and nothing restarts."""

import re
import signal
import time
from pathlib import Path

import pytest

from tests.support.running import Api, Running, fairlane

APP = """
import asyncio, time
from fairlane import App
app = App()

@app.task
async def asynchronous(seconds: float) -> str:
    await asyncio.sleep(seconds)
    return "done"

@app.task
def threaded(seconds: float) -> str:
    time.sleep(seconds)
    return "done"

@app.task(executor="process")
def separate(seconds: float) -> str:
    time.sleep(seconds)
    return "done"
"""


def begin_jobs(api: Api) -> list[str]:
    """Run jobs of all executors that take 0.1 to 2.5 s."""
    jobs = [
        api.submit(task, task, [seconds]) for task in ("asynchronous", "threaded", "separate") for seconds in (2.5, 1.5)
    ]
    api.await_state(jobs, "running")
    return jobs + [api.submit("short", "asynchronous", [seconds]) for seconds in (0.1, 0.3)]


def restarted(system: Running) -> list[str]:
    return re.findall(r".*(?:restarting|started again|kept the).*", system.log())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_every_process_is_signalled_at_once(tmp_path: Path, number: int) -> None:
    (tmp_path / "shop.py").write_text(APP)
    with fairlane(tmp_path, "up", "shop:app", "--port", "0", "--processes", "2", "--drain", "10s") as system:
        jobs = begin_jobs(system.await_ready())
        system.signal_everything(number)
        time.sleep(0.3)
        system.signal_everything(number)
        assert system.wait(within_s=30) == 0, system.log()
        assert system.survivors() == []
        assert restarted(system) == []
    with fairlane(tmp_path, "up", "shop:app", "--port", "0") as system:
        found = system.await_ready().await_state(jobs, "completed")
        assert [job["attempt"] for job in found] == [1] * len(jobs)


@pytest.mark.soak
@pytest.mark.parametrize("turn", range(20))
def test_no_attempt_is_burnt_however_long_the_jobs_are(tmp_path: Path, turn: int) -> None:
    """Each executor has jobs of 0.1 to 8 s, and the signal comes earlier or later, in 20 turns."""
    (tmp_path / "shop.py").write_text(APP)
    lengths = (0.1, 0.7, 2.0, 4.5, 8.0)
    with fairlane(tmp_path, "up", "shop:app", "--port", "0", "--workers", "15", "--drain", "10s") as system:
        api = system.await_ready()
        jobs = [
            api.submit(task, task, [seconds])
            for task in ("asynchronous", "threaded", "separate")
            for seconds in lengths
        ]
        time.sleep(turn * 0.15)
        system.signal_everything(signal.SIGTERM)
        assert system.wait(within_s=60) == 0, system.log()
        assert system.survivors() == []
        assert restarted(system) == []
    with fairlane(tmp_path, "up", "shop:app", "--port", "0", "--workers", "15") as system:
        found = system.await_ready().await_state(jobs, "completed")
        assert [job["attempt"] for job in found] == [1] * len(jobs)
