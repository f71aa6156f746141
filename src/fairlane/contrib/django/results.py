"""A job as a TaskResult of Django's tasks."""

from __future__ import annotations

import builtins
from datetime import UTC, datetime
from typing import Any

import msgspec
from django.conf import settings
from django.utils import timezone

from ...job.result import InvalidResult
from ...model.job import Attempt, Job
from ...model.states import State
from .compat import Task, TaskError, TaskResult, TaskResultStatus

ENQUEUED_AT_HEADER = "django-enqueued-at"
"""When the caller enqueued the task, so that all processes show the same time."""

_STATUS = {
    State.SCHEDULED: TaskResultStatus.READY,
    State.PENDING: TaskResultStatus.READY,
    State.RUNNING: TaskResultStatus.RUNNING,
    State.COMPLETED: TaskResultStatus.SUCCESSFUL,
    State.FAILED: TaskResultStatus.FAILED,
    State.CANCELLED: TaskResultStatus.FAILED,
}


def new_result(task: Task, alias: str, payload: bytes, enqueued_at: str | None) -> TaskResult:
    """The result of a job that waits, with the arguments that its task will get. It has no id yet."""
    arguments = msgspec.json.decode(payload)
    return TaskResult(
        task=task,
        id="",
        status=TaskResultStatus.READY,
        enqueued_at=None if enqueued_at is None else as_django_time(datetime.fromisoformat(enqueued_at)),
        started_at=None,
        finished_at=None,
        last_attempted_at=None,
        args=arguments["args"],
        kwargs=arguments["kwargs"],
        backend=alias,
        errors=[],
        worker_ids=[],
    )


def change(result: TaskResult, **changes: Any) -> None:
    """Set fields of a result. The class is frozen; Django's own backends do this too."""
    for name, value in changes.items():
        object.__setattr__(result, name, value)


def result_of(job: Job, task: Task, alias: str) -> TaskResult:
    """The job with its attempts."""
    result = new_result(task, alias, bytes(job.payload), job.headers.get(ENQUEUED_AT_HEADER))
    starts = [as_django_time(attempt.started_at) for attempt in job.attempts]
    change(
        result,
        id=job.id,
        status=_STATUS[job.state],
        enqueued_at=result.enqueued_at or as_django_time(job.created_at),
        started_at=starts[0] if starts else None,
        finished_at=None if job.finished_at is None else as_django_time(job.finished_at),
        last_attempted_at=starts[-1] if starts else None,
        errors=[_error(attempt) for attempt in job.attempts if attempt.error is not None],
        worker_ids=[attempt.worker_id for attempt in job.attempts],
        _return_value=None if job.result is None else msgspec.json.decode(job.result),
    )
    return result


def as_django_time(when: datetime) -> datetime:
    """A time as the setting USE_TZ wants it."""
    return when if settings.USE_TZ else timezone.make_naive(when)


def as_utc(seconds: float) -> datetime:
    """A Unix time."""
    return datetime.fromtimestamp(seconds, UTC)


def path_of(kind: type) -> str:
    """The path under which a class is imported."""
    return f"{kind.__module__}.{kind.__qualname__}"


def _error(attempt: Attempt) -> TaskError:
    assert attempt.error is not None  # noqa: S101  asked before
    name, trace = attempt.error.type, attempt.error.traceback
    path = _path_in(trace, name) if trace else None
    if path is None:
        path = path_of(InvalidResult) if name == InvalidResult.__name__ else name
        path = f"builtins.{name}" if hasattr(builtins, name) else path
    return TaskError(exception_class_path=path, traceback=trace or attempt.error.message)


def _path_in(trace: str, name: str) -> str | None:
    """The path of an exception's class as its traceback says it: on the first line after the last frame.

    Python writes the module of every class but those of `builtins` and `__main__`.
    """
    lines = trace.splitlines()
    last_frame = max((i for i, line in enumerate(lines) if line.startswith("  File ")), default=-1)
    shown = next((line for line in lines[last_frame + 1 :] if line and not line[0].isspace()), "")
    path = shown.partition(":")[0]
    return path if path.endswith(f".{name}") else None
