"""Runs a worker as a process: event loop, signals, exit code."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

from ..process.loop import new_event_loop
from ..process.signals import stop_signals
from .worker import Worker

log = logging.getLogger("fairlane.worker")

END_SECONDS = 3.0
"""How long the process may take to end once the worker has: threads that jobs left behind would keep it for ever."""


def run_worker(make_worker: Callable[[], Worker], exit_code: Callable[[Worker], int] = lambda worker: 0) -> int:
    """Run the worker that `make_worker` returns (on its event loop) until one of `stop_signals`, then drain it.

    A second signal ends the process at once, with 128 + its number. To be called in the main thread, as the last
    thing that the process does: it ends within END_SECONDS after this. Returns the exit code that the worker, as it
    ended, calls for. Raises as `Worker.run` does.
    """
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
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
    signals_seen = 0

    # A handler of Python's own, not the loop's: it also runs while a job blocks the loop.
    def on_signal(number: int, _frame: FrameType | None) -> None:
        nonlocal signals_seen
        signals_seen += 1
        if signals_seen > 1:
            os._exit(128 + number)
        loop.call_soon_threadsafe(worker.stop)

    before = {number: signal.signal(number, on_signal) for number in stop_signals()}
    try:
        await worker.run()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return worker
