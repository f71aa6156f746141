"""A backend for Django's tasks, to be named in the setting TASKS: "fairlane.contrib.django.backend.FairlaneBackend"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone
from django.utils.module_loading import import_string

from ...job.control import check_max_attempts, check_timeout_ms
from ...model.errors import InvalidInput, NotFound
from ...model.job import DEFAULT_MAX_ATTEMPTS, DEFAULT_TIMEOUT_MS, Job
from ...sdk.call import Bound
from . import running
from .compat import BaseTaskBackend, Task, TaskResult, TaskResultDoesNotExist, task_enqueued
from .results import new_result, result_of

_OPTIONS = frozenset({"max_attempts", "timeout"})


class FairlaneBackend(BaseTaskBackend):
    """Enqueues Django's tasks as jobs of `fairlane.contrib.django.worker:app`, whose workers run them.

    A job belongs to the tenant of `with app.tenant(...)`, else to "default". OPTIONS: `max_attempts` (3) and
    `timeout` ("5m") of each job.
    """

    supports_defer = True
    supports_async_task = True
    supports_get_result = True
    supports_priority = True

    def __init__(self, alias: str, params: dict[str, Any]) -> None:
        super().__init__(alias, params)
        if unknown := set(self.options) - _OPTIONS:
            known = ", ".join(sorted(_OPTIONS))
            raise ImproperlyConfigured(f"TASKS[{alias!r}]: there is no option {min(unknown)!r}, only {known}")
        try:
            self._max_attempts = check_max_attempts(self.options.get("max_attempts", DEFAULT_MAX_ATTEMPTS))
            self._timeout_ms = check_timeout_ms(self.options.get("timeout", DEFAULT_TIMEOUT_MS / 1000))
        except InvalidInput as error:
            raise ImproperlyConfigured(f"TASKS[{alias!r}]: {error}") from None

    def enqueue(self, task: Task, args: Sequence[Any], kwargs: Mapping[str, Any]) -> TaskResult:
        """Submit a job for the call. Raises as `fairlane.Submitter.submit` does."""
        return self._enqueued(task, args, kwargs, self._bind(task, args, kwargs).submit_sync().id)

    async def aenqueue(self, task: Task, args: Sequence[Any], kwargs: Mapping[str, Any]) -> TaskResult:
        """As `enqueue`, on an event loop."""
        return self._enqueued(task, args, kwargs, (await self._bind(task, args, kwargs).submit()).id)

    def get_result(self, result_id: str) -> TaskResult:
        """What became of a job. Raises TaskResultDoesNotExist, also for one that is kept no longer."""
        return running.app.run_sync(lambda: self.aget_result(result_id))

    async def aget_result(self, result_id: str) -> TaskResult:
        """As `get_result`, on an event loop."""
        try:
            job = await (await running.app.connect()).jobs.get(result_id)
        except NotFound:
            raise TaskResultDoesNotExist(result_id) from None
        return result_of(job, self._task_of(job), self.alias)

    def _bind(self, task: Task, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Bound[Any]:
        self.validate_task(task)
        submitter = running.task_for(task).using(
            queue=task.queue_name,
            priority=_priority(task.priority),
            run_at=_aware(task.run_after),
            max_attempts=self._max_attempts,
        )
        call = submitter.bind(list(args), dict(kwargs))
        call.template = msgspec.structs.replace(call.template, timeout_ms=self._timeout_ms)
        return call

    def _enqueued(self, task: Task, args: Sequence[Any], kwargs: Mapping[str, Any], job_id: str) -> TaskResult:
        result = new_result(task, job_id, self.alias, args, kwargs)
        object.__setattr__(result, "enqueued_at", timezone.now())
        task_enqueued.send(type(self), task_result=result)
        return result

    @staticmethod
    def _task_of(job: Job) -> Task:
        try:
            task = import_string(job.task)
        except ImportError:
            task = None
        if not isinstance(task, Task):
            raise TaskResultDoesNotExist(f"job {job.id} is not of a task of Django that is known here")
        return task


def _priority(priority: int) -> int:
    """Django's -100 to 100 as ours, 0 to 9."""
    return round((priority + 100) * 9 / 200)


def _aware(when: datetime | None) -> datetime | None:
    return timezone.make_aware(when) if when is not None and timezone.is_naive(when) else when
