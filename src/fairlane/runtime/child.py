"""A child process of a supervisor: started, restarted when it ends, stopped on request."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import random
import signal
import sys
import time
from collections.abc import Mapping, Sequence

from ..model.backoff import Backoff
from ..model.errors import FairlaneError
from ..process.exit_report import DESCRIPTOR_VARIABLE, ExitReports, Report
from ..process.identity import NAME_VARIABLE, PARENT_VARIABLE
from ..process.signals import SAME_REQUEST_SECONDS

COMMAND = (sys.executable, "-P", "-m", "fairlane.cli.main")
"""The `fairlane` command. Without -P, a file in the current folder could take the place of a module."""
FAILED, MISUSED = 1, 2
"""Exit codes of a fairlane command that cannot work. Its stderr says why."""
_RESTART_SECONDS = 3.0
_PAUSES = Backoff(base_ms=100, cap_ms=5_000)
_HEALTHY_AFTER_SECONDS = 10.0
_ENDED_BY_REQUEST = frozenset({0, -signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP})
"""Exit codes of a child that another process asked to stop. The supervisor may be about to receive the same request."""

_log = logging.getLogger(__name__)


class CannotStart(FairlaneError):
    """A child ended before it was ready for the first time. Its stderr says why."""

    code = "cannot_start"


class Child:
    """A `fairlane` command in its own process, which runs until `stop`."""

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        *,
        stop_seconds: float,
        pass_fds: Sequence[int] = (),
    ) -> None:
        """`environment` extends this process's. After `stop_seconds`, a stop becomes a kill."""
        self.name = name
        self.is_ready = False
        """Set by the owner. Before that, a child that exits with FAILED or MISUSED is not restarted."""
        self.is_drained = False
        """Whether the process ended as an operator asked, so that it is not kept any more."""
        self._arguments = arguments
        self._environment = environment
        self._stop_seconds = stop_seconds
        self._pass_fds = tuple(pass_fds)
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()
        self._is_restarting = False
        self._reports: ExitReports

    async def keep(self) -> None:
        """Run the process and restart it when it ends, until `stop`. Raises CannotStart."""
        deaths = 0
        while not self._stopping.is_set():
            began = time.monotonic()
            self._reports = reports = ExitReports()
            try:
                self._process = process = await self._spawn()
            except (OSError, RuntimeError) as error:  # RuntimeError: no thread can be started
                reports.read()
                if not self.is_ready:
                    raise CannotStart(f"{self.name} could not start: {error}") from None
                deaths += 1
                await self._pause(_pause_seconds(deaths), f"could not be started: {error}")
                continue
            finally:
                reports.child_has_it()
            if self._stopping.is_set():  # `stop` came while it was being started
                _signal(process, signal.SIGKILL)
            code = await process.wait()
            _kill_session(process.pid)
            reported = reports.read()
            if self._stopping.is_set():
                if code != 0:
                    self.has_died()
                return
            if Report.DRAINED in reported:
                _log.info("%s (pid %d) has drained", self.name, process.pid)
                self.is_drained = True
                return
            if self._is_restarting or Report.USED_UP in reported:
                self._is_restarting = False
                continue
            if code in (FAILED, MISUSED) and not self.is_ready and Report.STARTED not in reported:
                raise CannotStart(f"{self.name} could not start")
            deaths = 1 if time.monotonic() - began > _HEALTHY_AFTER_SECONDS else deaths + 1
            self.has_died()
            pause = _pause_seconds(deaths)
            if code in _ENDED_BY_REQUEST:
                pause = max(pause, SAME_REQUEST_SECONDS)
            await self._pause(pause, _end(process.pid, code))

    def start_no_more(self) -> None:
        """Let the process run, but do not restart it when it ends."""
        self._stopping.set()

    async def stop(self, at_once: asyncio.Event) -> None:
        """Ask the process to end. Kill it after `stop_seconds`, or as soon as `at_once` is set."""
        self.start_no_more()
        process = self._process
        if process is None or process.returncode is not None:
            return
        _signal(process, signal.SIGTERM)
        ending = asyncio.ensure_future(process.wait())
        hurry = asyncio.ensure_future(at_once.wait())
        await asyncio.wait({ending, hurry}, timeout=self._stop_seconds, return_when=asyncio.FIRST_COMPLETED)
        hurry.cancel()
        if not ending.done():
            _log.warning("killing %s (pid %d)", self.name, process.pid)
            _signal(process, signal.SIGKILL)
        await ending
        _log.info("%s stopped", self.name)

    async def restart(self) -> None:
        """End the process and start it again. Kill it if it takes longer than _RESTART_SECONDS."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        self._is_restarting = True
        _signal(process, signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_RESTART_SECONDS):
                await process.wait()
                return
        self._is_restarting = False  # so that `keep` calls `has_died`, which gives its jobs back
        _signal(process, signal.SIGKILL)

    def kill(self) -> None:
        """Kill the process, which `keep` then replaces."""
        if self._process is not None:
            _signal(self._process, signal.SIGKILL)

    @property
    def runs(self) -> bool:
        """Whether there is a process now."""
        return self._process is not None and self._process.returncode is None

    def arguments(self) -> Sequence[str]:
        """The arguments of the next start."""
        return self._arguments

    def has_died(self) -> None:
        """Called when the process ended on its own, or with an error while it was stopping."""

    async def _pause(self, seconds: float, what: str) -> None:
        """Wait before the next start; return early when the child is to stop."""
        _log.warning("%s %s; restarting in %.1f s", self.name, what, seconds)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    async def _spawn(self) -> asyncio.subprocess.Process:
        report_to = self._reports.descriptor
        own = {PARENT_VARIABLE: str(os.getpid()), NAME_VARIABLE: self.name, DESCRIPTOR_VARIABLE: str(report_to)}
        process = await asyncio.create_subprocess_exec(
            *COMMAND,
            *self.arguments(),
            stdin=asyncio.subprocess.DEVNULL,
            # What tasks print must not mix with what our own caller reads.
            stdout=sys.stderr.fileno(),
            env=os.environ | self._environment | own,
            pass_fds=(*self._pass_fds, report_to),
            # Ctrl-C in a terminal then signals the supervisor alone, which stops the children in order.
            start_new_session=True,
        )
        _log.info("%s started (pid %d)", self.name, process.pid)
        return process


def _pause_seconds(deaths: int) -> float:
    return _PAUSES.delay_ms(deaths, random.random()) / 1000


def _signal(process: asyncio.subprocess.Process, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(number)


def _kill_session(pid: int) -> None:
    """Kill what the process has left running, such as forks of jobs, unless that has started a session too."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _end(pid: int, code: int) -> str:
    if code >= 0:
        return f"(pid {pid}) ended with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:  # a real-time signal
        name = f"signal {-code}"
    return f"(pid {pid}) was ended by {name}"
