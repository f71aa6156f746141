"""Tasks that run in child processes, which import this module."""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import subprocess
import sys
import time
from contextvars import ContextVar

import msgspec
from opentelemetry import baggage

from fairlane import App, Cancel, JobContext, Middleware, RateLimited, Retry, Snooze, current
from fairlane.contrib.otel import Tracing

app = App(tenancy="default")
log = logging.getLogger("shop.orders")
process_task = app.task(executor="process", retry=Retry(2, base="1ms"))


class Seen(msgspec.Struct, kw_only=True):
    """What a job sees of itself."""

    id: str
    tenant: str
    attempt: int
    fence: int
    remaining: float
    cancelled: bool
    pid: int
    group: int


@process_task
def look() -> Seen:
    job = current()
    return Seen(
        id=job.id,
        tenant=job.tenant,
        attempt=job.attempt,
        fence=job.fence,
        remaining=job.remaining_seconds,
        cancelled=job.cancelled,
        pid=os.getpid(),
        group=os.getpgid(0),
    )


@process_task
def add(left: int, right: int) -> int:
    return left + right


@process_task
def results_of_needs() -> list[int]:
    return [need.result_as(int) for need in current().needs]


@process_task
def fail(message: str) -> None:
    raise ValueError(message)


def is_first_start(path: str) -> bool:
    """Whether no job has noted its start at `path` yet."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


@process_task
def snooze_once(path: str) -> int:
    if is_first_start(path):
        raise Snooze("1ms")
    return current().attempt


@process_task
def rate_limited_once(path: str) -> int:
    if is_first_start(path):
        raise RateLimited("over the rate", 0.1)
    return current().attempt


@process_task
def give_up() -> None:
    raise Cancel("not needed")


@process_task
def segfault() -> None:
    ctypes.string_at(0)


@process_task
def exit_now(code: int) -> None:
    os._exit(code)


@process_task
def killed_for_memory() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@app.task(executor="process", timeout="0.3s", retry=Retry(1))
def ignore_the_timeout() -> None:
    while True:
        time.sleep(60)


@process_task
def hold(path: str) -> str:
    """Go on until cancelled, and leave a process id behind that dies with this one."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    with open(path, "w") as file:
        file.write(f"{os.getpid()} {child.pid}")
    time.sleep(60)
    return "never"


@process_task
def heed() -> str:
    while not current().cancelled:
        time.sleep(0.01)
    return "stopped by itself"


@process_task
def burn(seconds: float) -> int:
    """Nothing but computing."""
    deadline, count = time.monotonic() + seconds, 0
    while time.monotonic() < deadline:
        count += 1
    return count


@process_task
def steps(count: int) -> None:
    for step in range(1, count + 1):
        current().progress(step, count)
        time.sleep(0.02)


@process_task
def long_text(size: int) -> str:
    return "x" * size


class Greeting(Middleware):
    """Says something to the task before it runs."""

    def before(self, job: JobContext) -> None:
        greeting.set(f"hello {job.tenant}")


greeting: ContextVar[str] = ContextVar("greeting", default="")
greeted = App(tenancy="default", middleware=[Greeting()])


@greeted.task(executor="process")
def listen() -> str:
    return greeting.get()


@process_task
def chat(path: str) -> None:
    """Say something, and something else once there is a file."""
    log.info("working")
    while not os.path.exists(path):
        time.sleep(0.01)
    current().progress(1, 1)
    log.error("done")


traced = App(tenancy="default", middleware=[Tracing()])


@traced.task(executor="process")
def read_baggage() -> dict[str, object]:
    return dict(baggage.get_all())


misplaced = App(tenancy="default", middleware=[Greeting()])


def plain() -> None: ...


def moved() -> None: ...


renamed = misplaced.task(name="renamed", executor="process")(plain)
gone = misplaced.task(name="gone", executor="process")(moved)
del moved


@misplaced.task(executor="process")
def in_its_place() -> int:
    return 7


class Opaque:
    def __repr__(self) -> str:
        raise ValueError("no repr")


@process_task
def log_whole() -> int:
    try:
        raise ValueError("no such order")
    except ValueError:
        log.exception("it %s", "failed", extra={"order": 7, "tags": ["a"], "opaque": Opaque()})
    return os.getpid()
