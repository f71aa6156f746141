"""Tasks that try to end their worker, and what they leave behind."""

import asyncio
import dataclasses
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from fairlane import App, Job, Retry, current

app = App(tenancy="default")
ONCE = Retry(1)
rested: list[asyncio.Task[None]] = []


async def leave(code: int = 3) -> None:
    sys.exit(code)


async def interrupt() -> None:
    raise KeyboardInterrupt


class Own(BaseException):
    pass


async def own() -> None:
    raise Own("own")


async def appears(path: str) -> None:
    while not await asyncio.to_thread(Path(path).exists):  # noqa: ASYNC110  another process makes the file
        await asyncio.sleep(0.05)


@app.task(retry=Retry(3, base="0s"))
async def waits_for(path: str) -> int:
    await asyncio.create_task(appears(path))
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
    rested.append(asyncio.create_task(leave()))
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
    return "no exit"


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
    async def numbers() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            sys.exit(3)

    async for _ in numbers():
        break
    await asyncio.sleep(0.1)


@app.task
async def cancels_all() -> str:
    helpers = [asyncio.create_task(asyncio.sleep(60)) for _ in range(2)]
    for task in asyncio.all_tasks():
        task.cancel()
    await asyncio.wait(helpers)
    assert all(helper.cancelled() for helper in helpers)
    return f"{len(asyncio.all_tasks())} tasks left"


@app.task
async def cancels_all_in_own_loop() -> str:
    def count() -> int:
        return asyncio.run(look())

    async def look() -> int:
        helper = asyncio.create_task(asyncio.sleep(60))
        seen = asyncio.all_tasks() - {asyncio.current_task()}
        helper.cancel()
        return len(seen)

    return f"{await asyncio.to_thread(count)} task of the other loop"


@app.task
async def shuts_executor() -> str:
    await asyncio.get_running_loop().shutdown_default_executor()
    return await asyncio.to_thread(lambda: "still a thread")


@app.task
async def replaces_executor() -> str:
    with ThreadPoolExecutor() as pool:
        asyncio.get_running_loop().set_default_executor(pool)
    return await asyncio.to_thread(lambda: "another thread")


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
    def ring(*_: object) -> None:
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


def hook_leaves(job: Job) -> None:
    sys.exit(3)


async def hook_interrupts(job: Job) -> None:
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
def forks(awaited: str) -> list[int | None]:
    codes: list[int | None] = []
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


@app.task
def leaves_a_fork() -> int | None:
    child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(600,))
    child.start()
    return child.pid


@app.task(executor="process")
def forks_in_process() -> list[int | None]:
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
