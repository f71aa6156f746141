"""Runs a worker as a process: event loop, signals, exit code."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

from ..process.loop import LoopKind, loop_factory
from ..process.signals import Stop, StopRequests, catch_stop_signals, release_stop_signals
from .event_loop import run_to_its_end
from .forks import forks_end
from .worker import Worker

log = logging.getLogger("fairlane.worker")

END_SECONDS = 3.0
"""How long the process may take to end once the worker has. Threads that jobs left behind could keep it forever."""


def run_worker(
    make_worker: Callable[[], Worker],
    on_end: Callable[[Worker], None] = lambda worker: None,
    loop: LoopKind = "uvloop",
) -> None:
    """Run the worker from `make_worker`, which is called on the event loop, until a stop signal; then drain it.

    A second request to stop ends the process at once, with 128 + the signal's number. Call this in the main thread, as
    the last act of the process, which ends within END_SECONDS after the call of `on_end`. Raises the errors of
    `Worker.run`.
    """
    runner = asyncio.Runner(loop_factory=loop_factory(loop))
    try:
        worker = run_to_its_end(runner.get_loop(), _run_until_signalled(make_worker))
        on_end(worker)
        if worker.abandoned:  # a job that did not stop when told to will not stop now
            _end()
        threading.Thread(target=_end_soon, name="fairlane-end", daemon=True).start()
    finally:
        _close(runner)


def _close(runner: asyncio.Runner) -> None:
    """Close the event loop. Tasks that jobs left behind can raise anything when they are cancelled."""
    try:
        runner.close()
    except BaseException as error:
        log.error("a task that a job left behind failed when it was cancelled", exc_info=error)


def _end_soon() -> None:
    time.sleep(END_SECONDS)
    log.warning("the process ends without the threads or tasks that jobs have left behind")
    _end()


def _end() -> None:
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


async def _run_until_signalled(make_worker: Callable[[], Worker]) -> Worker:
    worker = make_worker()
    loop = asyncio.get_running_loop()
    requests = StopRequests()

    def on_signal(number: int, _frame: FrameType | None) -> None:
        match requests.note():
            case Stop.IN_ORDER:
                loop.call_soon_threadsafe(worker.stop)
            case Stop.AT_ONCE:
                os._exit(128 + number)
            case Stop.REPEATED:
                pass

    catch_stop_signals(on_signal)
    try:
        with forks_end(loop):
            await worker.run()
    finally:
        release_stop_signals()
    return worker
