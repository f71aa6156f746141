"""Collects processes whose parent has ended, which would otherwise stay as zombies."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_LOOK_SECONDS = 1.0
_FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)


def run_below_init() -> None:
    """As process 1 (in a container), fork: the child returns, the parent collects orphans until the child ends.

    Linux gives every orphan to process 1. A process that also runs user code must not collect unknown children,
    because `subprocess` waits for its own ones; so this takes a process that does nothing else.
    """
    if os.getpid() != 1:
        return
    # Blocked until there is a child to forward them to; the child gets the mask from before.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _FORWARDED)
    child = os.fork()
    if child == 0:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return
    for number in _FORWARDED:
        signal.signal(number, lambda number, frame: _forward(child, number))
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    while True:
        ended, status = os.wait()
        if ended == child:
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)


def _forward(child: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, number)


async def collect_orphans() -> None:
    """Adopt the orphans among this process's descendants, where Linux allows, and collect them until cancelled.

    Only for a process that waits for each of the children that it started.
    """
    if sys.platform != "linux" or ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        return
    seen: set[int] = set()
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        ended = _zombies() if _has_zombie() else set()
        # Own children are collected within milliseconds, so that a zombie seen twice is an orphan.
        for pid in ended & seen:
            _collect(pid)
        seen = ended


def _collect(pid: int) -> None:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def _has_zombie() -> bool:
    """Whether a child has ended that is not collected."""
    with contextlib.suppress(ChildProcessError):
        return os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    return False


def _zombies() -> set[int]:
    """The children that have ended and are not collected."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, ValueError):
                # The state and the parent follow the name, which is in parentheses.
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
                if state == "Z" and int(parent) == os.getpid():
                    found.add(int(entry.name))
    return found
