"""What a process knows of itself: its name, and the parent it must not outlive."""

from __future__ import annotations

import os

from .lifeline import die_with

NAME_VARIABLE = "FAIRLANE_PROCESS_NAME"
PARENT_VARIABLE = "FAIRLANE_PARENT_PID"


def process_name(default: str) -> str:
    """The name that this process has in log lines: given by its supervisor, or `default`."""
    return os.environ.pop(NAME_VARIABLE, default)


def end_with_parent() -> None:
    """In a child of a supervisor: see to it that this process is killed when the supervisor is gone.

    To be called early in the main thread; without effect in a process that nobody supervises.
    """
    # Taken out of the environment, because it is not meant for children of this process.
    parent = os.environ.pop(PARENT_VARIABLE, None)
    if parent is not None:
        die_with(int(parent))
