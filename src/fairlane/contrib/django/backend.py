"""A backend for Django's tasks, to be named in the setting TASKS: "fairlane.contrib.django.backend.FairlaneBackend"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from asgiref.sync import sync_to_async
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from ...job.control import check_max_attempts, check_timeout_ms
from ...model.errors import InvalidInput, NotFound
from ...model.job import DEFAULT_MAX_ATTEMPTS, DEFAULT_TIMEOUT_MS
from ...sdk.call import Bound
from . import running
from .compat import BaseTaskBackend, Task, TaskResult, TaskResultDoesNotExist, normalize_json, task_enqueued
from .known_tasks import known_task
from .results import ENQUEUED_AT_HEADER, as_utc, change, new_result, result_of

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
        """Submit a job for the call. Raises as `fairlane.Submitter.submit` does, and TypeError for arguments.

        What a receiver of `task_enqueued` raises is logged: the job is queued by then.
        """
        call, result = self._prepare(task, args, kwargs)
        change(result, id=call.submit_sync().id)
        self._tell_enqueued(result)
        return result

    async def aenqueue(self, task: Task, args: Sequence[Any], kwargs: Mapping[str, Any]) -> TaskResult:
        """As `enqueue`, on an event loop."""
        call, result = self._prepare(task, args, kwargs)
        change(result, id=(await call.submit()).id)
        if task_enqueued.receivers:  # they may use the database, which Django refuses on an event loop
            await sync_to_async(self._tell_enqueued)(result)
        return result

    def get_result(self, result_id: str) -> TaskResult:
        """The job with this id. Raises TaskResultDoesNotExist, also for a job that is kept no longer."""
        return running.app.run_sync(lambda: self.aget_result(result_id))

    async def aget_result(self, result_id: str) -> TaskResult:
        """As `get_result`, on an event loop."""
        try:
            job = await (await running.app.connect()).jobs.get(result_id)
        except NotFound:
            raise TaskResultDoesNotExist(result_id) from None
        task = await sync_to_async(known_task)(job.task)
        if task is None:
            raise TaskResultDoesNotExist(f"job {job.id} is of no task of Django that this project has: {job.task:.200}")
        return result_of(job, task, self.alias)

    def _prepare(self, task: Task, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Bound[Any], TaskResult]:
        """The call and its result, with everything that may be refused checked before a job is made."""
        self.validate_task(task)
        enqueued_at = as_utc(running.app.now()).isoformat()
        submitter = running.task_for(task).using(
            queue=task.queue_name,
            priority=_priority(task.priority),
            run_at=_aware(task.run_after),
            max_attempts=self._max_attempts,
            headers={ENQUEUED_AT_HEADER: enqueued_at},
        )
        call = submitter.bind(normalize_json(list(args)), normalize_json(dict(kwargs)))
        call.template = msgspec.structs.replace(call.template, timeout_ms=self._timeout_ms)
        return call, new_result(task, self.alias, call.payload, enqueued_at)

    def _tell_enqueued(self, result: TaskResult) -> None:
        task_enqueued.send_robust(type(self), task_result=result)


def _priority(priority: int) -> int:
    """Django's -100 to 100 as ours, 0 to 9."""
    return round((priority + 100) * 9 / 200)


def _aware(when: datetime | None) -> datetime | None:
    return timezone.make_aware(when) if when is not None and timezone.is_naive(when) else when
