"""What a process knows of itself: its name, and the parent it must not outlive."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time

NAME_VARIABLE = "FAIRLANE_PROCESS_NAME"
PARENT_VARIABLE = "FAIRLANE_PARENT_PID"
_PR_SET_PDEATHSIG = 1
_POLL_SECONDS = 0.5


def process_name(default: str) -> str:
    """The name that this process has in log lines: given by its supervisor, or `default`."""
    return os.environ.pop(NAME_VARIABLE, default)


def end_with_parent() -> None:
    """In a child of a supervisor: see to it that this process is killed when the supervisor is gone.

    To be called early in the main thread; without effect in a process that nobody supervises.
    """
    # Taken out of the environment, because it is not meant for children of this process.
    parent = os.environ.pop(PARENT_VARIABLE, None)
    if parent is None:
        return
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    else:
        threading.Thread(target=_watch, args=(int(parent),), name="fairlane-lifeline", daemon=True).start()
    if os.getppid() != int(parent):  # it ended before we could ask to be told
        os._exit(1)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_POLL_SECONDS)
    os._exit(1)
