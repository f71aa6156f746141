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
from .worker import Worker

log = logging.getLogger("fairlane.worker")

END_SECONDS = 3.0
"""How long the process may take to end once the worker has: threads that jobs left behind would keep it for ever."""


def run_worker(
    make_worker: Callable[[], Worker], exit_code: Callable[[Worker], int] = lambda worker: 0, loop: LoopKind = "uvloop"
) -> int:
    """Run the worker from `make_worker`, which is called on the event loop, until a stop signal; then drain it.

    A second request to stop ends the process at once, with 128 + the signal's number. Call this in the main thread, as
    the last act of the process, which ends within END_SECONDS afterwards. Returns the exit code that `exit_code` gives
    for the stopped worker. Raises the errors of `Worker.run`.
    """
    with asyncio.Runner(loop_factory=loop_factory(loop)) as runner:
        worker = runner.run(_run_until_signalled(make_worker))
        code = exit_code(worker)
        if worker.abandoned:  # what does not stop when told to will not do so now
            _end(code)
        threading.Thread(target=_end_soon, args=(code,), name="fairlane-end", daemon=True).start()
        return code


def _end_soon(code: int) -> None:
    time.sleep(END_SECONDS)
    log.warning("the process ends without the threads or tasks that jobs have left behind")
    _end(code)


def _end(code: int) -> None:
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


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
        await worker.run()
    finally:
        release_stop_signals()
    return worker
