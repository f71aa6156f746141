"""Job processes: each runs one job at a time, and can be killed."""

from __future__ import annotations

import contextlib
import json
import logging
import multiprocessing.spawn
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence

import msgspec

from ...model.errors import InvalidInput
from ...model.lease import Lease, Outcome
from ...process.environment import environment_without_credentials
from ...process.logs import logging_setup
from ...process.signals import stop_signals_blocked
from .. import outcomes
from ..runnable import Runnable
from .frames import Began, Channel, Ended, FromJob, Said, Start, Stop, look_up

_LOOK_SECONDS = 1.0
"""How often a silent process is checked: its forks may keep the socket open when it is gone."""
_END_SECONDS = 3.0
"""How long a process may take to end: functions registered with `atexit` send what they have gathered."""
_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from fairlane.worker.processes.child import main; "
    "main(int(sys.argv[2]), int(sys.argv[3]), json.loads(sys.argv[4]))"
)
OnBegan = Callable[[], None]
OnSaid = Callable[[Said], None]


class JobProcess:
    """A child process, not a fork: it shares no memory, lock or connection with the worker."""

    def __init__(self) -> None:
        """Raises OSError. Call this in a thread that lives as long as the process, see `die_with`."""
        ours, theirs = socket.socketpair()
        with theirs, stop_signals_blocked():
            arguments = [json.dumps(sys.path), str(theirs.fileno()), str(os.getpid()), json.dumps(logging_setup())]
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", _BOOT, *arguments],
                stdin=subprocess.DEVNULL,
                env=environment_without_credentials(),
                pass_fds=[theirs.fileno()],
                # Its own process group: Ctrl-C does not reach it, and it is killed with all that the job starts.
                start_new_session=True,
            )
        self._channel: Channel[FromJob] = Channel(ours, FromJob)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def lives(self) -> bool:
        return self._process.poll() is None

    def run(self, runnable: Runnable, lease: Lease, on_began: OnBegan, on_said: OnSaid) -> Outcome:
        """Run a job, and wait until it or the process has ended. Blocks; the callbacks are called in this thread."""
        try:
            self._channel.send(_start(runnable, lease))
            while True:
                match self._channel.receive(_LOOK_SECONDS):
                    case None if not self.lives:
                        break
                    case Began():
                        on_began()
                    case Said() as said:
                        on_said(said)
                    case Ended() as ended:
                        on_said(ended.said)
                        return _outcome(ended)
        except (OSError, EOFError, msgspec.MsgspecError):
            pass
        return outcomes.process_died(lease, self.await_end())

    def ask_to_stop(self) -> None:
        """Make `current().cancelled` true in the job."""
        with contextlib.suppress(OSError):
            self._channel.send(Stop())

    def kill(self) -> None:
        """Kill the process and everything that it has started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def let_end(self) -> None:
        """Ask an idle process to end."""
        self._channel.close()

    def await_end(self, until: float | None = None) -> int:
        """See the process to its end, killing it at `until`; its exit code, negative for the number of a signal.

        `until` is on the monotonic clock, by default in _END_SECONDS.
        """
        seconds = _END_SECONDS if until is None else max(0.0, until - time.monotonic())
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        self.kill()
        self._channel.close()
        return self._process.wait()


class Processes:
    """Job processes: made when they are needed, and kept for the next jobs."""

    def __init__(self) -> None:
        self._idle: list[JobProcess] = []
        self._lock = threading.Lock()
        self._is_closed = False

    def take(self) -> JobProcess:
        """An idle process, or a new one. Raises OSError. Call this in the event loop's thread."""
        while True:
            with self._lock:
                if not self._idle:
                    break
                process = self._idle.pop()
            if process.lives:
                return process
            _end_all([process])
        return JobProcess()

    @property
    def idle_pids(self) -> list[int]:
        with self._lock:
            return [process.pid for process in self._idle]

    def give_back(self, process: JobProcess) -> None:
        """The job of this process has ended. Any thread may call this."""
        with self._lock:
            if not self._is_closed and process.lives:
                self._idle.append(process)
                return
        _end_all([process])

    def close(self) -> None:
        """Let idle processes end. Busy ones end with their job."""
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, []
        _end_all(idle)


def _end_all(processes: Sequence[JobProcess]) -> None:
    """Have idle processes end side by side."""
    for process in processes:
        process.let_end()
    until = time.monotonic() + _END_SECONDS
    for process in processes:
        process.await_end(until)


def check_reachable(name: str, runnable: Runnable) -> None:
    """Raises InvalidInput if another process would not find the task."""
    function = runnable.function
    path = function.__qualname__
    try:
        found = look_up(sys.modules[function.__module__], path)
    except (AttributeError, KeyError):
        raise InvalidInput(
            f'task {name}: with executor="process" another process imports its function, and {function.__module__} '
            f"has no {path}; define it at the top level of the module"
        ) from None
    # Without middleware, the task is just its function.
    if found is not runnable and not (found is function is runnable.call):
        raise InvalidInput(
            f'task {name}: with executor="process" the task itself must go by its function\'s name, '
            f"{function.__module__}.{path}, where another process will look for it"
        )


def _start(runnable: Runnable, lease: Lease) -> Start:
    module = runnable.function.__module__
    main: dict[str, str] = {}
    if module == "__main__":
        prepared = multiprocessing.spawn.get_preparation_data("")
        main = {key: value for key, value in prepared.items() if key.startswith("init_main_from_")}
    path = runnable.function.__qualname__
    level = logging.getLogger().level
    return Start(module, path, main, msgspec.json.encode(lease), lease.timeout_seconds, level)


def _outcome(ended: Ended) -> Outcome:
    outcome = msgspec.json.decode(ended.outcome, type=Outcome)
    result = None if ended.result is None else msgspec.Raw(ended.result)
    return msgspec.structs.replace(outcome, result=result)
