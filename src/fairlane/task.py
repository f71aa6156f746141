"""A task: a named function whose calls can be submitted as jobs."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, Generic, ParamSpec, Protocol, TypeVar

from .control import Duration, Retry
from .handle import JobHandle
from .model.durations import parse_duration_ms
from .model.errors import InvalidInput, RateLimited
from .model.job import DEFAULT_QUEUE, DEFAULT_TIMEOUT_MS, MAX_BATCH, MAX_TIMEOUT_MS, NewJob
from .model.names import check_name
from .payload import Parameters
from .queue import Queue
from .submit import PartlySubmitted, SubmitOptions, new_job, refusal, start_time

P = ParamSpec("P")
T = TypeVar("T")


class Client(Protocol):
    """Where a task submits its jobs."""

    async def connect(self) -> Queue:
        """The queue, on the running event loop."""

    def resolve_tenant(self, tenant: str | None) -> str:
        """The tenant that a job belongs to. Raises InvalidInput where it has to be named."""


class TaskOptions:
    """What the decorator says about a task, checked. Raises InvalidInput."""

    __slots__ = ("queue", "retry", "timeout_ms")

    def __init__(self, queue: str = DEFAULT_QUEUE, retry: Retry | None = None, timeout: Duration | None = None) -> None:
        self.queue = check_name(queue, "queue")
        self.retry = retry or Retry()
        self.timeout_ms = DEFAULT_TIMEOUT_MS if timeout is None else parse_duration_ms(timeout, "timeout")
        if not 1 <= self.timeout_ms <= MAX_TIMEOUT_MS:
            raise InvalidInput("timeout must be 1 ms to 24 h")


class Task(Generic[P, T]):
    """A function that workers run by its name. `P` are its parameters, `T` what a job of it results in."""

    def __init__(self, client: Client, name: str, function: Callable[P, Any], options: TaskOptions) -> None:
        self._client = client
        self.name = check_name(name, "task")
        self.function = function
        self.options = options
        self.is_async = inspect.iscoroutinefunction(function)
        self.__doc__ = function.__doc__

    def __repr__(self) -> str:
        return f"<Task {self.name}>"

    @cached_property
    def parameters(self) -> Parameters:
        """How payloads map to arguments. Raises TypeError where the signature does not allow it."""
        return Parameters(self.function, self.name)

    def using(  # noqa: PLR0913  each is an option that users pass by name
        self,
        *,
        tenant: str | None = None,
        key: str | None = None,
        delay: Duration | None = None,
        run_at: datetime | None = None,
        priority: int = 0,
        queue: str | None = None,
        max_attempts: int | None = None,
        idempotency_key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Submitter[P, T]:
        """The task with options for the jobs to submit. Raises InvalidInput.

        `key`: while a job of this tenant with this key is unfinished, no second one is made.
        `idempotency_key`: a repeat within 24 hours gets the first job. `priority`: 0 to 9, higher first.
        """
        delay_ms, run_at_ms = start_time(delay, run_at)
        options = SubmitOptions(
            tenant=self._client.resolve_tenant(tenant),
            queue=self.options.queue if queue is None else queue,
            key=key,
            delay_ms=delay_ms,
            run_at_ms=run_at_ms,
            priority=priority,
            max_attempts=self.options.retry.max_attempts if max_attempts is None else max_attempts,
            idempotency_key=idempotency_key,
            headers=None if headers is None else dict(headers),
        )
        return Submitter(self, self._client, options)

    async def submit(self, *args: P.args, **kwargs: P.kwargs) -> JobHandle[T]:
        """Submit one job with these arguments; see `Submitter.submit`."""
        return await self.using().submit(*args, **kwargs)

    async def submit_many(self, calls: Iterable[Sequence[Any] | Mapping[str, Any]]) -> list[JobHandle[T]]:
        """Submit a job for each call; see `Submitter.submit_many`."""
        return await self.using().submit_many(calls)


class AsyncTask(Task[P, T]):
    """A task of an async function. Called plainly, it is that function."""

    function: Callable[P, Coroutine[Any, Any, T]]

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, T]:
        return self.function(*args, **kwargs)


class SyncTask(Task[P, T]):
    """A task of a plain function, which workers run in threads. Called plainly, it is that function."""

    function: Callable[P, T]

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.function(*args, **kwargs)


class Submitter(Generic[P, T]):
    """A task with the options of the jobs to submit."""

    def __init__(self, task: Task[P, T], client: Client, options: SubmitOptions) -> None:
        self._task = task
        self._client = client
        self._options = options

    async def submit(self, *args: P.args, **kwargs: P.kwargs) -> JobHandle[T]:
        """Submit one job. When this returns, the job is as safe as the store's durability says.

        Raises InvalidInput where the arguments do not fit the task, RateLimited, IdempotencyMismatch,
        StoreUnavailable.
        """
        queue = await self._client.connect()
        [submission] = await queue.submit([self._new_job(queue, args, kwargs)])
        if error := refusal(submission):
            raise error
        return self._handle(submission.job_id)

    async def submit_many(self, calls: Iterable[Sequence[Any] | Mapping[str, Any]]) -> list[JobHandle[T]]:
        """Submit a job for each call: a sequence of positional arguments, or a mapping of keyword ones.

        All calls are checked before the first job is made. Raises as `submit` does, and
        PartlySubmitted where some, but not all, were over the submission rate.
        """
        queue = await self._client.connect()
        jobs = [
            self._new_job(queue, (), call) if isinstance(call, Mapping) else self._new_job(queue, call, {})
            for call in calls
        ]
        handles: list[JobHandle[T] | None] = []
        refused: list[RateLimited] = []
        for start in range(0, len(jobs), MAX_BATCH):
            for submission in await queue.submit(jobs[start : start + MAX_BATCH]):
                error = refusal(submission)
                if error is None:
                    handles.append(self._handle(submission.job_id))
                elif isinstance(error, RateLimited):
                    handles.append(None)
                    refused.append(error)
                else:
                    raise error
        accepted = [handle for handle in handles if handle is not None]
        if refused and not accepted:
            raise refused[-1]
        if refused:
            detail = f"{len(refused)} of {len(handles)} jobs were refused: {refused[-1]}"
            raise PartlySubmitted(detail, refused[-1].retry_after, handles)
        return accepted

    def _new_job(self, queue: Queue, args: Sequence[Any], kwargs: Mapping[str, Any]) -> NewJob:
        task, options = self._task, self._options
        payload = task.parameters.encode(args, kwargs)
        job_id = queue.new_job_id(options.tenant)
        return new_job(
            job_id, task.name, payload, options, retry=task.options.retry, timeout_ms=task.options.timeout_ms
        )

    def _handle(self, job_id: str) -> JobHandle[T]:
        return JobHandle(job_id, self._client.connect, self._task.parameters.result_type)
