"""Jobs whose code tries to end the worker: the worker serves on, and the jobs beside them lose no attempt."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.running import Api, Running, eventually, fairlane, run

TASKS = """
import asyncio
import dataclasses
import multiprocessing
import os
import signal
import sys
import threading
import time
from pathlib import Path

from fairlane import App, Retry, current

app = App(tenancy="default")
ONCE = Retry(1)
rested = None


async def leave(code=3):
    sys.exit(code)


async def interrupt():
    raise KeyboardInterrupt


class Own(BaseException):
    pass


async def own():
    raise Own("own")


@app.task(retry=Retry(3, base="0s"))
async def neighbour(seconds: float) -> int:
    await asyncio.sleep(seconds)
    return current().attempt


@app.task(retry=Retry(3, base="0s"))
async def waits_for(path: str) -> int:
    while not Path(path).exists():
        await asyncio.sleep(0.05)
    return current().attempt


@app.task(retry=ONCE)
async def gathers() -> None:
    await asyncio.gather(leave(), asyncio.sleep(1))


@app.task(retry=ONCE)
async def groups() -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(interrupt())
        group.create_task(asyncio.sleep(1))


@app.task(retry=ONCE)
async def forgets() -> None:
    global rested
    rested = asyncio.create_task(leave())
    await asyncio.sleep(0.3)


@app.task(retry=ONCE)
async def raises_own() -> None:
    await asyncio.gather(own(), asyncio.sleep(1))


@app.task(retry=ONCE)
async def closes_generator() -> None:
    raise GeneratorExit


@app.task(retry=ONCE)
def leaves_a_thread() -> None:
    sys.exit(3)


@app.task
async def heeds() -> str:
    try:
        await asyncio.create_task(leave(7))
    except SystemExit as error:
        return f"code {error.code}"


@app.task
async def calls_soon() -> None:
    loop = asyncio.get_running_loop()
    loop.call_soon(sys.exit, 3)
    loop.call_later(0.01, sys.exit)
    await asyncio.sleep(0.1)


@app.task
async def stops_the_loop() -> None:
    asyncio.get_running_loop().stop()
    await asyncio.sleep(0.05)


@app.task(retry=ONCE)
async def leaves_generator() -> None:
    async def numbers():
        try:
            yield 1
        finally:
            sys.exit(3)

    async for _ in numbers():
        break
    await asyncio.sleep(0.1)


@app.task
async def cancels_all() -> str:
    seen = asyncio.all_tasks() - {asyncio.current_task()}
    for task in seen:
        task.cancel()
    await asyncio.sleep(0.1)
    helpers = [asyncio.create_task(asyncio.sleep(60)) for _ in range(2)]
    return f"{len(asyncio.all_tasks() - seen)} tasks of the job"


@dataclasses.dataclass
class Leaver:
    number: int

    def __post_init__(self) -> None:
        if self.number:
            sys.exit(3)


@app.task(retry=ONCE)
def reads_and_leaves(leaver: Leaver | None = None) -> None: ...


@app.task(retry=ONCE)
async def reads_and_leaves_async(leaver: Leaver | None = None) -> None: ...


@app.task
async def alarms() -> None:
    def ring(*_):
        raise SystemExit(3)

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    await asyncio.sleep(0.3)


@app.task
def exits_in_own_threads() -> None:
    threads = [threading.Thread(target=sys.exit, args=(3,)) for _ in range(3)]
    for thread in threads:
        thread.start()
        thread.join()


def hook_leaves(job) -> None:
    sys.exit(3)


async def hook_interrupts(job) -> None:
    raise KeyboardInterrupt


@app.task(retry=ONCE, on_failure=hook_leaves)
async def hooked() -> None:
    raise ValueError("boom")


@app.task(retry=ONCE, on_failure=hook_interrupts)
async def hooked_async() -> None:
    raise ValueError("boom")


@app.task(retry=ONCE)
def dies(code: int) -> None:
    os._exit(code)


@app.task
def forks(awaited: str) -> list[int]:
    codes = []
    child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
    child.start()
    began = time.monotonic()
    child.terminate()
    child.join()
    codes.append(child.exitcode)
    for number in signal.SIGTERM, signal.SIGHUP:
        pid = os.fork()
        if pid == 0:
            time.sleep(60)
            os._exit(0)
        time.sleep(0.1)
        os.kill(pid, number)
        codes.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    assert time.monotonic() - began < 20
    return codes


@app.task(executor="process")
def forks_in_process() -> list[int]:
    os.kill(os.getpid(), signal.SIGTERM)
    return forks.function("")


@app.task
def falls_out_of_a_fork() -> int:
    pid = os.fork()
    if pid == 0:
        sys.exit(5)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@app.task
async def returns_in_a_fork() -> int:
    pid = os.fork()
    if pid == 0:
        return 0
    return os.waitstatus_to_exitcode((await asyncio.to_thread(os.waitpid, pid, 0))[1])


@app.task
async def awaits_in_a_fork() -> int:
    pid = os.fork()
    if pid == 0:
        await asyncio.sleep(0.1)
        return 0
    return os.waitstatus_to_exitcode((await asyncio.to_thread(os.waitpid, pid, 0))[1])


@app.task
def pid() -> int:
    return os.getpid()
"""

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
    "cancels_all": "2 tasks of the job",
    "alarms": None,
    "exits_in_own_threads": None,
}


@pytest.fixture(scope="module", autouse=True)
def no_limits() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAIRLANE_DEFAULT_RATE", "off")
        patch.setenv("FAIRLANE_DEFAULT_CONCURRENCY", "off")
        yield


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Api]]:
    folder = tmp_path_factory.mktemp("exits")
    (folder / "jobs.py").write_text(TASKS)
    with fairlane(folder, "up", "jobs:app", "--port", "0", "--processes", "1", "--workers", "16") as running:
        yield running, running.await_ready()


def worker_of(api: Api) -> int:
    [job] = api.await_state([api.submit("default", "pid", [])], "completed")
    pid: int = job["result"]
    return pid


@pytest.mark.parametrize("task", [*FAILS, *RETURNS])
def test_a_job_that_exits_ends_alone(served: tuple[Running, Api], task: str) -> None:
    _, api = served
    worker = worker_of(api)
    beside = api.submit("default", "neighbour", [1.0])
    eventually(lambda: api.job(beside)["state"] == "running", 10, "the neighbour runs")
    guilty = api.submit("default", task, [], maxAttempts=1)
    if task in FAILS:
        [job] = api.await_state([guilty], "failed")
        assert job["error"]["type"] == FAILS[task]
    else:
        [job] = api.await_state([guilty], "completed")
        assert job["result"] == RETURNS[task]
    assert api.await_state([beside], "completed")[0]["result"] == 1
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
    (tmp_path / "jobs.py").write_text(TASKS)
    with fairlane(tmp_path, "serve", "--port", "0") as alone:
        api = alone.await_ready()
        guilty = [api.submit("default", "dies", [1]) for _ in range(3)]
        alone.press_ctrl_c()
        alone.wait()
    with fairlane(tmp_path, "up", "jobs:app", "--port", "0", "--processes", "1") as again:
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


def test_a_signal_that_a_job_sends_to_the_worker_gives_its_neighbours_back(served: tuple[Running, Api]) -> None:
    _, api = served
    worker = worker_of(api)
    beside = api.submit("default", "neighbour", [1.0])
    eventually(lambda: api.job(beside)["state"] == "running", 10, "the neighbour runs")
    os.kill(worker, 15)
    assert api.await_state([beside], "completed")[0]["result"] == 1
    assert worker_of(api) != worker


@pytest.mark.parametrize(("task", "payload"), [("forks", [""]), ("forks_in_process", [])])
def test_forks_of_a_job_have_default_signal_handlers(
    served: tuple[Running, Api], task: str, payload: list[str]
) -> None:
    _, api = served
    [job] = api.await_state([api.submit("default", task, payload)], "completed")
    assert job["result"] == [-15, -15, -1]


@pytest.mark.parametrize(("task", "code"), [("falls_out_of_a_fork", 5), ("returns_in_a_fork", 0)])
def test_a_fork_that_leaves_its_job_ends_and_is_no_second_worker(
    served: tuple[Running, Api], task: str, code: int
) -> None:
    _, api = served
    beside = api.submit("default", "neighbour", [1.0])
    eventually(lambda: api.job(beside)["state"] == "running", 10, "the neighbour runs")
    [job] = api.await_state([api.submit("default", task, [])], "completed")
    assert job["result"] == code
    assert api.await_state([beside], "completed")[0]["result"] == 1


def test_a_fork_that_awaits_ends(served: tuple[Running, Api]) -> None:
    _, api = served
    [job] = api.await_state([api.submit("default", "awaits_in_a_fork", [])], "completed")
    assert job["result"] == 1


def test_an_app_that_exits_when_imported_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "leaves.py").write_text("import sys\nsys.exit(3)\n")
    told = run(tmp_path, "worker", "leaves:app", code=2).stderr
    assert "Error: leaves cannot be imported: SystemExit: 3" in told
