"""Keeps an event loop going until its main task has ended, whatever the other tasks and callbacks raise.

asyncio lets SystemExit and KeyboardInterrupt of any task or callback leave the loop, and a signal handler can raise
anything anywhere. In a worker such an exception belongs to one job: the loop of all jobs goes on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Generator
from typing import Any, TypeVar, cast

from ..job.context import running_job
from .forks import end_if_forked
from .shared_loop import hide, hide_from_others, shared_by_jobs

T = TypeVar("T")

log = logging.getLogger("fairlane.worker")


def run_to_its_end(loop: asyncio.AbstractEventLoop, main: Coroutine[Any, Any, T]) -> T:
    """What `main` returns; raises what it raises. `loop.stop()` has no effect meanwhile."""
    task = asyncio.Task(main, loop=loop)
    hide(task)
    task.add_done_callback(lambda _: loop.stop())
    loop.set_task_factory(_new_task)
    with shared_by_jobs(loop):
        while not task.done():
            try:
                loop.run_forever()
            except BaseException as error:
                end_if_forked(error)
                if loop.is_closed():
                    raise
                log.error("code of a job raised out of the event loop; the worker goes on", exc_info=error)
            end_if_forked()
    return task.result()


def _new_task(
    loop: asyncio.AbstractEventLoop, code: Coroutine[Any, Any, T] | Generator[Any, None, T], **options: Any
) -> asyncio.Task[T]:
    """Make a task. If a job starts it and it exits, the job fails, unless the job handles that."""
    task = asyncio.Task(cast("Coroutine[Any, Any, T]", code), loop=loop, **options)
    job = running_job.get(None)
    if job is None:
        hide(task)
    else:
        hide_from_others(task, job)
        task.add_done_callback(_helper_ended)
    return task


def _helper_ended(task: asyncio.Task[Any]) -> None:
    """Called in the context of the job that started the task."""
    if not task.cancelled() and isinstance(task._exception, SystemExit | KeyboardInterrupt):
        running_job.get().note_exit(task)
