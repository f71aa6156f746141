"""Steps around submitting and running jobs: a class of no-ops to override, and the functions that call them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import msgspec

from ..job.context import JobContext, current
from ..model.job import NewJob
from .submission import JobTemplate

log = logging.getLogger("fairlane")


class Middleware:
    """Steps around all jobs of an app. Override the methods that you need; the others do nothing.

    Pass instances to `App(middleware=[...])`. The first one begins first and ends last. fairlane calls `before`,
    `after` and `failed` where the task runs (on the event loop, in its thread, or in its child process) and in the
    task's context, so the task sees the context variables that they set. They must not block for long.
    """

    def headers(self, task: str, tenant: str) -> Mapping[str, str]:
        """Headers for jobs that are about to be submitted; `using(headers=)` wins over them.

        Called in the caller's context, once for each call of submit or submit_many, which raises its exceptions.
        A call that is repeated with an idempotency key needs the same headers again; headers of the W3C trace context
        may differ.
        """
        return {}

    def submitted(self, job: NewJob) -> None:
        """This app made a job. Jobs of schedules and of other clients do not count. Called in the caller's context.

        Exceptions are logged.
        """

    def before(self, job: JobContext) -> None:
        """An attempt begins, and its payload fits the task. An exception fails the attempt, like one of the task."""

    def after(self, job: JobContext, result: Any) -> None:
        """The task returned `result`. Exceptions are logged."""

    def failed(self, job: JobContext, error: BaseException) -> None:
        """The task raised: an error, Cancel, RetryAfter, Snooze, or CancelledError if it was stopped.

        After each `before` that returned, either `after` or `failed` is called, unless the process ends
        first. Exceptions are logged.
        """


def with_headers(template: JobTemplate, middleware: Sequence[Middleware], tenant: str) -> JobTemplate:
    """Add the headers of the middleware to the template."""
    added: dict[str, str] = {}
    for each in middleware:
        added.update(each.headers(template.task, tenant))
    if not added:
        return template
    options = msgspec.structs.replace(template.options, headers=added | (template.options.headers or {}))
    return msgspec.structs.replace(template, options=options)


def tell_submitted(middleware: Sequence[Middleware], jobs: Sequence[NewJob]) -> None:
    """Call `submitted` of the middleware for these jobs."""
    for job in jobs:
        for each in middleware:
            _logged(each.submitted, job)


def around(function: Callable[..., Any], middleware: Sequence[Middleware], *, is_async: bool) -> Callable[..., Any]:
    """`function` with the middleware around each call in a job."""
    if not middleware:
        return function

    async def call_async(*args: Any, **kwargs: Any) -> Any:
        with _Attempt(middleware) as attempt:
            attempt.result = await function(*args, **kwargs)
        return attempt.result

    def call(*args: Any, **kwargs: Any) -> Any:
        with _Attempt(middleware) as attempt:
            attempt.result = function(*args, **kwargs)
        return attempt.result

    return call_async if is_async else call


class _Attempt:
    """One run of a task with the calls of the middleware."""

    def __init__(self, middleware: Sequence[Middleware]) -> None:
        self.result: Any = None
        self._job = current()
        self._coming = middleware
        self._begun: list[Middleware] = []

    def __enter__(self) -> Self:
        try:
            for each in self._coming:
                each.before(self._job)
                self._begun.append(each)
        except BaseException as error:
            self._end(error)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end(error)

    def _end(self, error: BaseException | None) -> None:
        for each in reversed(self._begun):
            if error is None:
                _logged(each.after, self._job, self.result)
            else:
                _logged(each.failed, self._job, error)


def _logged(step: Callable[..., None], *args: object) -> None:
    try:
        step(*args)
    except Exception:
        log.exception("middleware failed in %s", getattr(step, "__qualname__", step))
