"""A task: a named function whose calls can be submitted as jobs."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Coroutine, Iterable, Mapping
from datetime import datetime
from typing import Any, Generic, Literal, ParamSpec, TypeVar, get_args

from ..job.annotations import NotDefinedYet
from ..job.control import (
    Duration,
    Retry,
    check_delay_ms,
    check_expires_ms,
    check_on_conflict,
    check_on_need_failed,
    check_timeout_ms,
)
from ..job.parameters import Parameters
from ..model.errors import InvalidInput
from ..model.job import DEFAULT_QUEUE, DEFAULT_TIMEOUT_MS, Job
from ..model.names import check_name
from ..model.tags import check_tags
from ..process.lazy import lazy_property
from .call import Arguments, Bound, Client, Submitter
from .definition import check_importable
from .handle import JobHandle, SyncJobHandle
from .middleware import around
from .submission import JobTemplate, SubmitOptions, start_time

P = ParamSpec("P")
T = TypeVar("T")

Executor = Literal["async", "thread", "process"]
OnFailure = Callable[[Job], object]


def executor_of(task: str, asked: Executor | None, is_async: bool) -> Executor:
    """The executor of a task. Raises InvalidInput if the function cannot run there."""
    if asked is None:
        return "async" if is_async else "thread"
    if asked not in get_args(Executor):
        raise InvalidInput(f"task {task}: executor must be one of {', '.join(get_args(Executor))}")
    if is_async and asked != "async":
        raise InvalidInput(f"task {task} is an async function, which runs on the event loop; leave out executor")
    if asked == "async" and not is_async:
        raise InvalidInput(f'task {task} is a plain function: write `async def`, or executor="thread" or "process"')
    return asked


class TaskOptions:
    """The options of the decorator. Raises InvalidInput."""

    __slots__ = ("executor", "on_failure", "queue", "retry", "timeout_ms")

    def __init__(
        self,
        queue: str = DEFAULT_QUEUE,
        retry: Retry | None = None,
        timeout: Duration | None = None,
        executor: Executor | None = None,
        on_failure: OnFailure | None = None,
    ) -> None:
        self.queue = check_name(queue, "queue")
        self.retry = retry or Retry()
        self.timeout_ms = DEFAULT_TIMEOUT_MS if timeout is None else check_timeout_ms(timeout)
        self.executor = executor
        """The executor that was asked for; None: async functions on the event loop, plain ones in threads."""
        self.on_failure = on_failure


class Task(Generic[P, T]):
    """A function that workers run by name. `P` are its parameters, `T` is the type of its jobs' results."""

    def __init__(self, client: Client, name: str, function: Callable[P, Any], options: TaskOptions) -> None:
        self._client = client
        self.name = check_name(name, "task")
        self.function = function
        self.options = options
        self.is_async = inspect.iscoroutinefunction(function)
        self.executor = executor_of(self.name, options.executor, self.is_async)
        """Where workers run it: on the event loop, in a thread, or in a child process."""
        if self.executor == "process":
            check_importable(self.name, function)
        self.__doc__ = function.__doc__
        with contextlib.suppress(NotDefinedYet):  # it may name a class further down in its module
            self.parameters  # noqa: B018  refuses functions that cannot be tasks

    def __repr__(self) -> str:
        return f"<Task {self.name}>"

    @lazy_property
    def parameters(self) -> Parameters:
        """How payloads map to arguments. Raises InvalidInput if the signature does not allow that."""
        return Parameters(self.function, self.name)

    @property
    def on_failure(self) -> OnFailure | None:
        """The function that a worker calls with each job that it sent to the dead letter queue."""
        return self.options.on_failure

    @lazy_property
    def call(self) -> Callable[..., Any]:
        """The function with the app's middleware around it. Workers call this in a job."""
        return around(self.function, self._client.middleware, is_async=self.is_async)

    def using(  # noqa: PLR0913  each is an option that users pass by name
        self,
        *,
        tenant: str | None = None,
        key: str | None = None,
        on_conflict: Literal["return", "replace", "debounce"] = "return",
        delay: Duration | None = None,
        max_delay: Duration | None = None,
        run_at: datetime | None = None,
        expires: Duration | None = None,
        priority: int = 0,
        queue: str | None = None,
        max_attempts: int | None = None,
        idempotency_key: str | None = None,
        headers: Mapping[str, str] | None = None,
        tags: Iterable[str] = (),
        needs: Iterable[JobHandle[Any] | SyncJobHandle[Any] | str] = (),
        on_need_failed: Literal["cancel", "run"] = "cancel",
    ) -> Submitter[P, T]:
        """The task with options for the jobs to submit. Raises InvalidInput.

        `tenant` [default: the tenant of `with app.tenant(...)`, or of the running job, where the job is submitted].
        `key`: while the tenant has an unfinished job with this key, submitting returns that job. With
        `on_conflict="replace"` it also replaces its arguments and options, if it has not started; with "debounce" it
        does so and has it start `delay` from now, but no later than `max_delay` after its creation.
        `expires`: the job is cancelled unless it starts within this time. `tags`: up to ten words to find it by.
        `idempotency_key`: a repeat within 24 hours returns the first job. `priority`: 0 to 9, higher first.
        `needs`: jobs of the same tenant that must end first; `current().needs` has their results. If one fails or is
        cancelled, `on_need_failed="cancel"` cancels this job too, and "run" runs it when all have ended.
        """
        delay_ms, run_at_ms = start_time(delay, run_at, self._client.now)
        options = SubmitOptions(
            tenant=tenant,
            queue=self.options.queue if queue is None else queue,
            key=key,
            on_conflict=check_on_conflict(on_conflict),
            delay_ms=delay_ms,
            max_delay_ms=None if max_delay is None else check_delay_ms(max_delay),
            run_at_ms=run_at_ms,
            expires_in_ms=None if expires is None else check_expires_ms(expires, delay_ms),
            priority=priority,
            max_attempts=self.options.retry.max_attempts if max_attempts is None else max_attempts,
            idempotency_key=idempotency_key,
            headers=None if headers is None else dict(headers),
            tags=check_tags(tags),
            needs=tuple(need if isinstance(need, str) else need.id for need in needs),
            on_need_failed=check_on_need_failed(on_need_failed),
        )
        return Submitter(self._client, self._template(options), self.parameters)

    def _template(self, options: SubmitOptions) -> JobTemplate:
        backoff = self.options.retry.backoff
        return JobTemplate(task=self.name, options=options, backoff=backoff, timeout_ms=self.options.timeout_ms)

    @lazy_property
    def _plainly(self) -> Submitter[P, T]:
        return self.using()

    def bind(self, *args: P.args, **kwargs: P.kwargs) -> Bound[T]:
        """A call with these arguments, to submit or schedule later; see `Submitter.bind`."""
        return self._plainly.bind(*args, **kwargs)

    async def submit(self, *args: P.args, **kwargs: P.kwargs) -> JobHandle[T]:
        """Submit one job with these arguments; see `Submitter.submit`."""
        return await self._plainly.submit(*args, **kwargs)

    def submit_sync(self, *args: P.args, **kwargs: P.kwargs) -> SyncJobHandle[T]:
        """Submit one job from code without an event loop; see `Submitter.submit_sync`."""
        return self._plainly.submit_sync(*args, **kwargs)

    async def submit_many(self, calls: Iterable[Arguments]) -> list[JobHandle[T]]:
        """Submit a job for each call; see `Submitter.submit_many`."""
        return await self._plainly.submit_many(calls)


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
