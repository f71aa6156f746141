"""The App of Django's tasks, and how a job of one runs."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Mapping, Sequence
from inspect import iscoroutinefunction
from typing import Any

from asgiref.sync import sync_to_async
from django.db import close_old_connections
from django.utils import timezone

from ...job.context import current
from ...sdk import task as ours
from ...sdk.app import App
from .compat import Task, TaskContext, TaskResult, TaskResultStatus, task_finished, task_started
from .results import new_result

app = App(tenancy="default")
_making = threading.Lock()


def task_for(task: Task) -> ours.Task[[list[Any], dict[str, Any]], Any]:
    """Our task for one of Django's, made when it is first asked for."""
    with _making:  # requests are served by several threads
        known = app.registry.get(task.module_path)
        if known is None:
            run = _async_runner(task) if iscoroutinefunction(task.func) else _sync_runner(task)
            known = app.task(name=task.module_path)(run)
        return known


def _sync_runner(task: Task) -> Any:
    def run(args: list[Any], kwargs: dict[str, Any]) -> Any:
        result = _begin(task, args, kwargs)
        try:
            value = task.func(*_context(result), *args, **kwargs)
        except BaseException:
            _end(result, TaskResultStatus.FAILED)
            raise
        _end(result, TaskResultStatus.SUCCESSFUL)
        return value

    return run


def _async_runner(task: Task) -> Any:
    # Receivers of signals may use the database, which Django refuses on an event loop.
    begin, end = sync_to_async(_begin), sync_to_async(_end)

    async def run(args: list[Any], kwargs: dict[str, Any]) -> Any:
        result = await begin(task, args, kwargs)
        try:
            value = await task.func(*_context(result), *args, **kwargs)
        except BaseException:
            await end(result, TaskResultStatus.FAILED)
            raise
        await end(result, TaskResultStatus.SUCCESSFUL)
        return value

    return run


def _begin(task: Task, args: Sequence[Any], kwargs: Mapping[str, Any]) -> TaskResult:
    close_old_connections()
    job = current()
    result = new_result(task, job.id, task.backend, args, kwargs)
    object.__setattr__(result, "status", TaskResultStatus.RUNNING)
    object.__setattr__(result, "last_attempted_at", timezone.now())
    # Only how many there were is known of earlier attempts without asking the store.
    result.worker_ids.extend(["unknown"] * (job.attempt - 1) + [f"{socket.gethostname()}:{os.getpid()}"])
    try:
        task_started.send(type(task.get_backend()), task_result=result)
    except BaseException:
        close_old_connections()
        raise
    return result


def _end(result: TaskResult, status: TaskResultStatus) -> None:
    object.__setattr__(result, "status", status)
    object.__setattr__(result, "finished_at", timezone.now())
    # Robust: what has been done must not be done again because a receiver fails. Django logs how it did.
    task_finished.send_robust(type(result.task.get_backend()), task_result=result)
    close_old_connections()


def _context(result: TaskResult) -> tuple[TaskContext, ...]:
    return (TaskContext(task_result=result),) if result.task.takes_context else ()
