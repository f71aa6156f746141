"""Forks of a worker are plain processes of the job that made them, and never a second worker.

A child made by `os.fork` or by `multiprocessing` shares the worker's memory, event loop and connections. Where it
would return into the worker's own code, it ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import traceback
from collections.abc import Iterator
from typing import NoReturn

_loop: asyncio.AbstractEventLoop | None = None
_runs_jobs = False
_is_fork = False


@contextlib.contextmanager
def forks_end(loop: asyncio.AbstractEventLoop | None = None) -> Iterator[None]:
    """Within, this process runs jobs, on `loop` if it has one. Its forks end where their job's code ends."""
    global _loop, _runs_jobs
    _loop, _runs_jobs = loop, True
    try:
        yield
    finally:
        _loop, _runs_jobs = None, False


def end_if_forked(error: BaseException | None = None) -> None:
    """In a fork, end the process as Python would: with the code of SystemExit, or with a traceback."""
    if _is_fork:
        _end(error)


def _end(error: BaseException | None) -> NoReturn:
    code = 0
    if isinstance(error, SystemExit):
        code = error.code if isinstance(error.code, int) else 0 if error.code is None else 1
        if code and not isinstance(error.code, int):
            sys.stderr.write(f"{error.code}\n")
    elif error is not None:
        code = 1
        traceback.print_exception(error)
    with contextlib.suppress(Exception):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code & 0xFF)


def _after_fork_in_child() -> None:
    global _is_fork  # noqa: PLW0603
    _is_fork = _runs_jobs
    if _loop is not None:
        _loop.stop()


os.register_at_fork(after_in_child=_after_fork_in_child)
