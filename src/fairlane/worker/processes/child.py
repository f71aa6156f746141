"""The main program of a job process: it runs one job after the other, until the worker is gone."""

from __future__ import annotations

import contextlib
import contextvars
import importlib
import logging
import multiprocessing.spawn
import os
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import cache
from queue import SimpleQueue
from typing import Any

import msgspec

from ...job.context import JobContext
from ...job.parameters import Parameters
from ...model.job import Progress
from ...model.lease import Lease, Outcome
from ...process.lifeline import die_with
from ...process.logs import Setup, configure_logging
from ...process.signals import ignore_stop_signals
from .. import outcomes
from ..forks import forks_end
from ..invoke import Callee, call
from ..log_capture import captured_logs
from .frames import Began, Channel, Ended, FromWorker, Said, Start, Stop, look_up
from .records import MAX_WAITING, Record, record_of

TELL_SECONDS = 0.25
"""How often progress and lines go to the worker."""


def main(descriptor: int, worker: int, logging_setup: Setup | None) -> None:
    """Serve the worker with this process id over the socket that it passed, until the worker closes it."""
    die_with(worker)
    # The worker decides when a job stops, also when a stop signal reaches every process.
    ignore_stop_signals()
    os.set_inheritable(descriptor, False)
    if logging_setup is not None:
        configure_logging(*logging_setup)
    with forks_end():
        JobRunner(Channel(socket.socket(fileno=descriptor), FromWorker)).serve()


class JobRunner:
    """Runs jobs in the main thread, and listens to the worker in another one."""

    def __init__(self, channel: Channel[FromWorker]) -> None:
        self._channel = channel
        self._starts: SimpleQueue[tuple[Start, Lease, JobContext] | None] = SimpleQueue()
        """Jobs to run; None when there will be no more."""
        self._job: JobContext | None = None
        self._told: Progress | None = None
        self._records: deque[Record] = deque(maxlen=MAX_WAITING)
        self._telling = threading.Lock()
        """Held while news of the job are sent: news sent after its end would count for the next job."""

    def serve(self) -> None:
        threading.Thread(target=self._listen, name="fairlane-worker", daemon=True).start()
        with captured_logs(lambda record: self._records.append(record_of(record))):
            while (start := self._starts.get()) is not None:
                self._run(*start)

    def _listen(self) -> None:
        """Receive frames, and send the news of the job. End the process when the worker is gone."""
        try:
            while True:
                match self._channel.receive(None if self._job is None else TELL_SECONDS):
                    case Start() as start:
                        lease = msgspec.json.decode(start.lease, type=Lease)
                        self._job = JobContext(lease, time.monotonic() + start.timeout_seconds, _nothing)
                        self._told = None
                        self._starts.put((start, lease, self._job))
                    case Stop():
                        if self._job is not None:
                            self._job.tell_cancelled()
                    case None:
                        self._tell()
        except (OSError, EOFError):
            if self._job is not None:
                _leave()  # the job is another worker's by now, and may run for long
            self._starts.put(None)

    def _tell(self) -> None:
        with self._telling:
            job = self._job
            if job is None:
                return
            if job.latest_progress is not self._told or job.unsent_lines is not None or self._records:
                self._channel.send(self._news(job))

    def _news(self, job: JobContext) -> Said:
        self._told = job.latest_progress
        lines = job.unsent_lines
        piece = None if lines is None else lines.piece()
        if lines is None or piece is None:
            return Said(self._told, [], self._take_records())
        lines.sent(piece)
        return Said(self._told, piece.lines, self._take_records())

    def _take_records(self) -> list[Record]:
        return [self._records.popleft() for _ in range(len(self._records))]

    def _run(self, start: Start, lease: Lease, job: JobContext) -> None:
        outcome = self._outcome(start, lease, job)
        result = None if outcome.result is None else bytes(outcome.result)
        outcome = msgspec.structs.replace(outcome, result=None)
        with contextlib.suppress(OSError), self._telling:
            self._job = None
            self._channel.send(Ended(msgspec.json.encode(outcome), result, self._news(job)))

    def _outcome(self, start: Start, lease: Lease, job: JobContext) -> Outcome:
        try:
            _load_main(start)
            callee = _find(start.module, start.path)
        except BaseException as error:  # whatever the user's module raises
            return outcomes.raised(lease, error)
        logging.getLogger().setLevel(start.log_level)
        job.begin(time.monotonic() + start.timeout_seconds)
        self._channel.send(Began())
        return contextvars.copy_context().run(call, callee, job, lease)


def _load_main(start: Start) -> None:
    if start.main and "__mp_main__" not in sys.modules:
        multiprocessing.spawn.prepare(start.main)


class _Function:
    """A task's function, where its module has the function in place of the task."""

    def __init__(self, function: Callable[..., Any], path: str) -> None:
        self.call = function
        self.parameters = Parameters(function, path)


@cache
def _find(module: str, path: str) -> Callee:
    """The value that a module has under the name of a task's function: mostly the task."""
    found = look_up(importlib.import_module(module), path)
    return found if hasattr(found, "call") else _Function(found, path)


def _nothing() -> None:
    """Ignore new progress: `_tell` looks for it."""


def _leave() -> None:
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
