"""Steps around the submitting and the running of jobs: a class of no-ops to override, and what calls them."""

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
    """What an app does around all its jobs: override the methods that you need, each does nothing by itself.

    Given to `App(middleware=[...])`. The first one begins first and ends last. `before`, `after` and
    `failed` are called where the task runs (on the event loop, in its thread, or in its child process), in
    the task's own context: context variables that they set are the task's. None of them may block for long.
    """

    def headers(self, task: str, tenant: str) -> Mapping[str, str]:
        """Headers for jobs that are about to be submitted; `using(headers=)` wins over them.

        Called in the caller's context, once for each call of submit or submit_many. What it raises, the call does.
        Where a call is repeated with an idempotency key, they must be the same again, but for the headers of
        the W3C trace context.
        """
        return {}

    def submitted(self, job: NewJob) -> None:
        """This app has made a job (not a schedule, nor another client). Called in the caller's context.

        What it raises is logged.
        """

    def before(self, job: JobContext) -> None:
        """An attempt begins; its payload fits the task. What it raises fails the attempt, as if the task had."""

    def after(self, job: JobContext, result: Any) -> None:
        """The task returned `result`. What it raises is logged."""

    def failed(self, job: JobContext, error: BaseException) -> None:
        """The task ended by an exception: an error, Cancel, RetryAfter, Snooze, or CancelledError where it was stopped.

        For each `before` that returned, either `after` or `failed` is called, unless the process ends
        first. What it raises is logged.
        """


def with_headers(template: JobTemplate, middleware: Sequence[Middleware], tenant: str) -> JobTemplate:
    """The template with the headers that the middleware adds."""
    added: dict[str, str] = {}
    for each in middleware:
        added.update(each.headers(template.task, tenant))
    if not added:
        return template
    options = msgspec.structs.replace(template.options, headers=added | (template.options.headers or {}))
    return msgspec.structs.replace(template, options=options)


def tell_submitted(middleware: Sequence[Middleware], jobs: Sequence[NewJob]) -> None:
    """Tell the middleware of jobs that were made."""
    for job in jobs:
        for each in middleware:
            _logged(each.submitted, job)


def around(function: Callable[..., Any], middleware: Sequence[Middleware], *, is_async: bool) -> Callable[..., Any]:
    """`function` with the middleware around each of its calls within a job."""
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
    """One run of a task, told to the middleware."""

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
