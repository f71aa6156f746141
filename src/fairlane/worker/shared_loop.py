"""The event loop as jobs see it: they share it, and none takes tasks or threads from the others.

`asyncio.all_tasks()` returns the helper tasks of the job that calls it, so that a job can cancel or await all it finds.
The loop's default executor, which `asyncio.to_thread` uses, outlasts a job that shuts it down.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any
from weakref import WeakKeyDictionary

from ..job.context import JobContext, running_job

log = logging.getLogger("fairlane.worker")

_helpers: WeakKeyDictionary[asyncio.Task[Any], JobContext] = WeakKeyDictionary()
"""The tasks that jobs have started, beside their main tasks."""
_all_tasks = asyncio.all_tasks


def hide(task: asyncio.Task[Any]) -> None:
    """Leave a task out of `asyncio.all_tasks()`: no job may reach it."""
    asyncio._unregister_task(task)


def hide_from_others(task: asyncio.Task[Any], job: JobContext) -> None:
    """Leave a job's helper task out of `asyncio.all_tasks()` for all other jobs."""
    hide(task)
    _helpers[task] = job


@contextlib.contextmanager
def shared_by_jobs(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Keep the jobs on `loop` apart. Afterwards the helper tasks that are left are tasks like any other."""
    asyncio.all_tasks = asyncio.tasks.all_tasks = _tasks_in_sight
    loop.run_in_executor = _with_a_working_pool(loop)  # type: ignore[assignment, method-assign]
    loop.shutdown_default_executor = _keep_default_executor  # type: ignore[method-assign]
    try:
        yield
    finally:
        asyncio.all_tasks = asyncio.tasks.all_tasks = _all_tasks
        del loop.run_in_executor, loop.shutdown_default_executor
        for task in tuple(_helpers):
            asyncio._register_task(task)
        _helpers.clear()


def _tasks_in_sight(loop: asyncio.AbstractEventLoop | None = None) -> set[asyncio.Task[Any]]:
    """`asyncio.all_tasks`, with the helper tasks of the running job."""
    loop = loop or asyncio.get_running_loop()
    job = running_job.get(None)
    helpers = (task for task, owner in tuple(_helpers.items()) if owner is job)
    return _all_tasks(loop) | {task for task in helpers if task.get_loop() is loop and not task.done()}


def _with_a_working_pool(loop: asyncio.AbstractEventLoop) -> Callable[..., Any]:
    """`loop.run_in_executor`, with a new default executor where a job has shut down the one that it had set."""
    run = loop.run_in_executor

    def run_in_executor(executor: Executor | None, function: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return run(executor, function, *arguments)
        except RuntimeError as error:
            if executor is not None or "after shutdown" not in str(error):
                raise
        loop.set_default_executor(ThreadPoolExecutor())
        return run(None, function, *arguments)

    return run_in_executor


async def _keep_default_executor(timeout: float | None = None) -> None:
    log.warning("a job called loop.shutdown_default_executor(), which does nothing: all jobs share the executor")
