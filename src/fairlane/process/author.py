"""Who makes the changes of the current task, for the audit log."""

from __future__ import annotations

import getpass
import os
from contextvars import ContextVar
from functools import cache

_author: ContextVar[str | None] = ContextVar("author", default=None)


def author() -> str:
    """The one that `set_author` named in this task, or else the user that runs this process."""
    return _author.get() or _user()


def set_author(name: str) -> None:
    """Name the one for whom the current task makes changes."""
    _author.set(name)


@cache
def _user() -> str:
    try:
        return f"user:{getpass.getuser()}"
    except (KeyError, OSError):  # a container can run a user that has no name
        return f"user:{os.getuid()}"
