"""One attempt to run a task of Django's: its TaskResult, and the signals about it."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from traceback import format_exception
from typing import Any

import msgspec

from ...job.context import current
from ...job.result import InvalidResult, result_text
from ...model.job import Job
from .compat import (
    Task,
    TaskContext,
    TaskError,
    TaskResult,
    TaskResultStatus,
    normalize_json,
    task_finished,
    task_started,
)
from .results import ENQUEUED_AT_HEADER, as_django_time, as_utc, change, new_result, path_of, result_of


class Attempt:
    """The running job as a TaskResult. Times are Unix times."""

    def __init__(self, task: Task, args: Sequence[Any], kwargs: Mapping[str, Any], now: float, job: Job | None) -> None:
        """`job` is the job in the store, where earlier attempts matter."""
        self._backend = type(task.get_backend())
        self._now = as_django_time(as_utc(now))
        self.result = _first(task, args, kwargs) if job is None else result_of(job, task, task.backend)
        change(
            self.result,
            status=TaskResultStatus.RUNNING,
            started_at=self.result.started_at or self._now,
            last_attempted_at=self._now,
        )

    @property
    def context(self) -> tuple[TaskContext, ...]:
        """What the task takes before its arguments."""
        return (TaskContext(task_result=self.result),) if self.result.task.takes_context else ()

    def tell_started(self) -> None:
        """Call the receivers of `task_started`. What they raise fails the attempt."""
        task_started.send(self._backend, task_result=self.result)

    def succeeded(self, value: Any, now: float) -> msgspec.Raw:
        """The task returned `value`. Returns it as it is kept. Raises InvalidResult."""
        try:
            text = result_text(normalize_json(value))
        except (TypeError, ValueError) as error:
            raise InvalidResult(f"the result cannot be written as JSON: {error}", type(error).__name__) from error
        change(self.result, _return_value=msgspec.json.decode(text))
        self._ended(TaskResultStatus.SUCCESSFUL, now)
        return msgspec.Raw(text)

    def failed(self, error: BaseException, now: float) -> None:
        """The task, or a receiver of `task_started`, raised this."""
        shown = error
        if isinstance(error, InvalidResult) and isinstance(error.__cause__, (TypeError, ValueError)):
            shown = error.__cause__  # of Django's own
        trace = "".join(format_exception(error))
        self.result.errors.append(TaskError(exception_class_path=path_of(type(shown)), traceback=trace))
        self._ended(TaskResultStatus.FAILED, now)

    def _ended(self, status: TaskResultStatus, now: float) -> None:
        change(self.result, status=status, finished_at=as_django_time(as_utc(now)))

    def tell_finished(self) -> None:
        """Call the receivers of `task_finished`. Django logs what they raise: the job has ended by then."""
        task_finished.send_robust(self._backend, task_result=self.result)


def _first(task: Task, args: Sequence[Any], kwargs: Mapping[str, Any]) -> TaskResult:
    job = current()
    payload = msgspec.json.encode({"args": args, "kwargs": kwargs})
    result = new_result(task, task.backend, payload, job.headers.get(ENQUEUED_AT_HEADER))
    # Which workers ran earlier attempts is unknown where the store could not be asked.
    workers = ["unknown"] * (job.attempt - 1) + [f"{socket.gethostname()}:{os.getpid()}"]
    change(result, id=job.id, worker_ids=workers)
    return result
