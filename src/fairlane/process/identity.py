"""The name of this process, and the supervisor that it must not outlive."""

from __future__ import annotations

import os

from .lifeline import die_with

NAME_VARIABLE = "FAIRLANE_PROCESS_NAME"
PARENT_VARIABLE = "FAIRLANE_PARENT_PID"

_supervisors: set[int] = set()
"""The process id of the supervisor that started this process, if one did."""


def process_name(default: str) -> str:
    """The name of this process in log lines: the one its supervisor gave it, or `default`."""
    return os.environ.pop(NAME_VARIABLE, default)


def end_with_parent() -> None:
    """In a child of a supervisor, have this process killed when the supervisor ends. Elsewhere, do nothing.

    Call this early, in the main thread.
    """
    # Removed from the environment, because children of this process must not inherit it.
    parent = os.environ.pop(PARENT_VARIABLE, None)
    if parent is not None:
        _supervisors.add(int(parent))
        die_with(int(parent))


def is_supervised() -> bool:
    """Whether a fairlane supervisor started this process."""
    return os.getppid() in _supervisors
