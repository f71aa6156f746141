"""The App of Django's tasks, and how a job of one runs."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from inspect import iscoroutinefunction
from typing import Any

import msgspec
from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.db import close_old_connections, connections

from ...job.context import current
from ...model.errors import FairlaneError
from ...model.job import Job
from ...sdk import task as ours
from ...sdk.app import App
from .attempt import Attempt
from .compat import Task, task_started

app = App(tenancy="default")
_enqueued: dict[str, Task] = {}
_making = threading.Lock()
_log = logging.getLogger("fairlane.django")


def task_for(task: Task) -> ours.Task[[list[Any], dict[str, Any]], Any]:
    """Our task for one of Django's, made when it is first asked for."""
    with _making:  # requests are served by several threads
        known = app.registry.get(task.module_path)
        if known is None:
            run = _async_runner(task) if iscoroutinefunction(task.func) else _sync_runner(task)
            known = app.task(name=task.module_path)(run)
            _enqueued[task.module_path] = task
        return known


def enqueued_task(path: str) -> Task | None:
    """The task of Django's at this path, if this process has made a task of ours for it."""
    return _enqueued.get(path)


def _sync_runner(task: Task) -> Callable[..., Any]:
    def run(args: list[Any], kwargs: dict[str, Any]) -> msgspec.Raw:
        close_old_connections()
        try:
            job = app.run_sync(_job_in_store) if current().attempt > 1 else None
            attempt = Attempt(task, args, kwargs, app.now(), job)
            attempt.tell_started()
            try:
                value = attempt.succeeded(task.func(*attempt.context, *args, **kwargs), app.now())
            except BaseException as error:
                attempt.failed(error, app.now())
                raise
            finally:
                attempt.tell_finished()
            return value
        finally:
            close_old_connections()

    return run


def _async_runner(task: Task) -> Callable[..., Any]:
    async def run(args: list[Any], kwargs: dict[str, Any]) -> msgspec.Raw:
        job = await _job_in_store() if current().attempt > 1 else None
        # A thread for the database calls of this job: Django's connections belong to threads, so no other job uses
        # this job's connection, nor waits for its queries.
        async with ThreadSensitiveContext():
            try:
                return await _run_async(task, args, kwargs, Attempt(task, args, kwargs, app.now(), job))
            finally:
                await sync_to_async(connections.close_all)()

    return run


async def _run_async(task: Task, args: Sequence[Any], kwargs: Mapping[str, Any], attempt: Attempt) -> msgspec.Raw:
    if task_started.receivers:  # they may use the database, which Django refuses on an event loop
        await sync_to_async(attempt.tell_started)()
    try:
        return attempt.succeeded(await task.func(*attempt.context, *args, **kwargs), app.now())
    except BaseException as error:
        attempt.failed(error, app.now())
        raise
    finally:
        await sync_to_async(attempt.tell_finished)()


async def _job_in_store() -> Job | None:
    """The running job with its earlier attempts; None where the store cannot be asked."""
    try:
        return await (await app.connect()).jobs.get(current().id)
    except FairlaneError as error:
        _log.warning("earlier attempts of job %s are unknown: %s", current().id, error)
        return None
