"""A job, told in the words of Django's tasks."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from ...model.job import Attempt, Job
from ...model.states import State
from .compat import Task, TaskError, TaskResult, TaskResultStatus

_STATUS = {
    State.SCHEDULED: TaskResultStatus.READY,
    State.PENDING: TaskResultStatus.READY,
    State.RUNNING: TaskResultStatus.RUNNING,
    State.COMPLETED: TaskResultStatus.SUCCESSFUL,
    State.FAILED: TaskResultStatus.FAILED,
    State.CANCELLED: TaskResultStatus.FAILED,
}


def new_result(task: Task, job_id: str, alias: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> TaskResult:
    """The result of a job that is ready to run."""
    return TaskResult(
        task=task,
        id=job_id,
        status=TaskResultStatus.READY,
        enqueued_at=None,
        started_at=None,
        finished_at=None,
        last_attempted_at=None,
        args=list(args),
        kwargs=dict(kwargs),
        backend=alias,
        errors=[],
        worker_ids=[],
    )


def result_of(job: Job, task: Task, alias: str) -> TaskResult:
    """What became of a job, with its attempts."""
    payload = msgspec.json.decode(job.payload)
    result = new_result(task, job.id, alias, payload["args"], payload["kwargs"])
    changes = {
        "status": _STATUS[job.state],
        "enqueued_at": job.created_at,
        "started_at": job.attempts[0].started_at if job.attempts else None,
        "finished_at": job.finished_at,
        "last_attempted_at": job.attempts[-1].started_at if job.attempts else None,
        "errors": [_error(attempt) for attempt in job.attempts if attempt.error is not None],
        "worker_ids": [attempt.worker_id for attempt in job.attempts],
        "_return_value": None if job.result is None else msgspec.json.decode(job.result),
    }
    for name, value in changes.items():
        object.__setattr__(result, name, value)  # the class is frozen, and its own backends do so too
    return result


def _error(attempt: Attempt) -> TaskError:
    assert attempt.error is not None  # noqa: S101  asked before
    name = attempt.error.type
    path = f"builtins.{name}" if hasattr(builtins, name) else name
    return TaskError(exception_class_path=path, traceback=attempt.error.traceback or attempt.error.message)
