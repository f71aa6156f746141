"""A child process of a supervisor: started, started again when it dies, stopped when told to."""

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
from ..process.identity import NAME_VARIABLE, PARENT_VARIABLE

FAILED, MISUSED = 1, 2
"""Exit codes with which our commands say that they cannot work, having told why on stderr."""
DRAINED, USED_UP = 3, 4
"""Exit codes of workers that were told to drain (and are not to be started again), or are to be replaced."""
_RESTART_SECONDS = 3.0
_PAUSES = Backoff(base_ms=100, cap_ms=5_000)
_HEALTHY_AFTER_SECONDS = 10.0

_log = logging.getLogger(__name__)


class CannotStart(FairlaneError):
    """A child gave up before it had ever been ready; it said why on stderr."""

    code = "cannot_start"


class Child:
    """A `fairlane` command that runs in a process of its own until `stop`."""

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        *,
        stop_seconds: float,
        pass_fds: Sequence[int] = (),
    ) -> None:
        """`environment` is added to ours. `stop_seconds`: how long the process may take to end when told to."""
        self.name = name
        self.is_ready = False
        """Set by who knows. Until then, a child that says it cannot work is not started again."""
        self._arguments = arguments
        self._environment = environment
        self._stop_seconds = stop_seconds
        self._pass_fds = tuple(pass_fds)
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()
        self._is_restarting = False

    async def keep(self) -> None:
        """Run the process, again and again, until `stop`. Raises CannotStart."""
        deaths = 0
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                self._process = process = await self._spawn()
            except (OSError, RuntimeError) as error:  # RuntimeError: no thread can be started
                if not self.is_ready:
                    raise CannotStart(f"{self.name} could not start: {error}") from None
                deaths += 1
                await self._pause(deaths, f"could not be started: {error}")
                continue
            if self._stopping.is_set():  # told so while it was being started
                _signal(process, signal.SIGKILL)
            code = await process.wait()
            if self._stopping.is_set():
                return
            if code == DRAINED:
                _log.info("%s (pid %d) was told to drain, and has", self.name, process.pid)
                return
            if self._is_restarting or code == USED_UP:
                self._is_restarting = False
                continue
            if code in (FAILED, MISUSED) and not self.is_ready:
                raise CannotStart(f"{self.name} could not start")
            deaths = 1 if time.monotonic() - began > _HEALTHY_AFTER_SECONDS else deaths + 1
            self.has_died()
            await self._pause(deaths, _end(process.pid, code))

    async def stop(self, at_once: asyncio.Event) -> None:
        """Ask the process to end, and kill it when it takes too long or when `at_once` is set."""
        self._stopping.set()
        process = self._process
        if process is None or process.returncode is not None:
            return
        _signal(process, signal.SIGTERM)
        ending = asyncio.ensure_future(process.wait())
        hurry = asyncio.ensure_future(at_once.wait())
        await asyncio.wait({ending, hurry}, timeout=self._stop_seconds, return_when=asyncio.FIRST_COMPLETED)
        hurry.cancel()
        if not ending.done():
            _log.warning("%s (pid %d) is killed", self.name, process.pid)
            _signal(process, signal.SIGKILL)
        await ending
        _log.info("%s stopped", self.name)

    async def restart(self) -> None:
        """Have the process end, soon, and start anew."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        self._is_restarting = True
        _signal(process, signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_RESTART_SECONDS):
                await process.wait()
                return
        self._is_restarting = False  # what it held is to be given back
        _signal(process, signal.SIGKILL)

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.returncode is None

    def arguments(self) -> Sequence[str]:
        """The command line of the next start."""
        return self._arguments

    def has_died(self) -> None:
        """Called when the process ended without having been told to."""

    async def _pause(self, deaths: int, what: str) -> None:
        """Wait before the next start, the longer the more often the process has died; not when told to stop."""
        pause = _PAUSES.delay_ms(deaths, random.random()) / 1000
        _log.warning("%s %s; starting it again in %.1f s", self.name, what, pause)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), pause)

    async def _spawn(self) -> asyncio.subprocess.Process:
        own = {PARENT_VARIABLE: str(os.getpid()), NAME_VARIABLE: self.name}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "fairlane.cli.main",
            *self.arguments(),
            stdin=asyncio.subprocess.DEVNULL,
            # What tasks print must not mix with what our own caller reads.
            stdout=sys.stderr.fileno(),
            env=os.environ | self._environment | own,
            pass_fds=self._pass_fds,
            # Ctrl-C in a terminal reaches the supervisor alone, which knows the order.
            start_new_session=True,
        )
        _log.info("%s started (pid %d)", self.name, process.pid)
        return process


def _signal(process: asyncio.subprocess.Process, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(number)


def _end(pid: int, code: int) -> str:
    if code < 0:
        return f"(pid {pid}) was ended by {signal.Signals(-code).name}"
    return f"(pid {pid}) ended with code {code}"
