"""An application: its tasks and schedules, and the connection to their queue."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Coroutine, Mapping, Sequence
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, Protocol, Self, TypeVar, overload

from ..job.context import TenantBlock, ambient_tenant
from ..job.control import Duration, Retry
from ..model.errors import InvalidInput
from ..model.job import DEFAULT_QUEUE
from ..model.names import check_name
from ..model.schedule import ScheduleSpec
from ..process.environment import TOKEN_VARIABLE
from .batch import BatchBlock, BatchHandle
from .call import Bound
from .connections import Connections
from .definition import Place, check_function, place_of, place_of_caller
from .handle import JobHandle, SyncJobHandle
from .middleware import Middleware
from .portal import no_fork, run_sync
from .schedules import Declared, MissedTicks, OverlappingTicks, When, spec_of
from .task import AsyncTask, Executor, OnFailure, SyncTask, Task, TaskOptions

if TYPE_CHECKING:
    from ..backend import Backend
    from ..testing import Testing

P = ParamSpec("P")
T = TypeVar("T")

DEFAULT_URL = "embedded:.fairlane"
DEFAULT_TENANT = "default"


class TaskDecorator(Protocol):
    """The decorator that `App.task(...)` returns."""

    @overload
    def __call__(  # type: ignore[overload-overlap]  # the first match applies
        self, function: Callable[P, Coroutine[Any, Any, T]], /
    ) -> AsyncTask[P, T]: ...
    @overload
    def __call__(self, function: Callable[P, T], /) -> SyncTask[P, T]: ...


class App:
    """Tasks by name, and a connection to the queue that opens with the first call.

    `url` is a store or an API [default: FAIRLANE_URL, else an embedded store in `.fairlane`].
    `token` is an access token for the API at `url` [default: FAIRLANE_TOKEN, if `url` is not given].
    `tenancy`: with "required", every job needs a tenant: from `using(tenant=)`, `with app.tenant(...)`, the
    running job that submits it, or the token of a tenant. With "default", a job without one belongs to the tenant
    "default".
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        token: str | None = None,
        tenancy: Literal["required", "default"] = "required",
        middleware: Sequence[Middleware] = (),
    ) -> None:
        if token is not None and url is None:
            raise InvalidInput("give the URL of the API together with its access token")
        self.middleware = tuple(middleware)
        """The steps around all jobs of this app."""
        self._url = url
        self._token = token
        self._tenancy = tenancy
        self._is_loaded = False
        self._tasks: dict[str, Task[..., Any]] = {}
        self._schedules: dict[tuple[str, str], Declared] = {}
        self._connections = Connections(self._open)

    @property
    def url(self) -> str:
        """The URL of the store or API that jobs are submitted to."""
        return self._url or os.environ.get("FAIRLANE_URL") or DEFAULT_URL

    @property
    def registry(self) -> Mapping[str, Task[..., Any]]:
        """The tasks by name. Workers run these."""
        return MappingProxyType(self._tasks)

    @property
    def schedules(self) -> Sequence[ScheduleSpec]:
        """The declared schedules. Workers put them into the store when they start."""
        return tuple(declared.spec for declared in self._schedules.values())

    @overload
    def task(  # type: ignore[overload-overlap]  # as above
        self, function: Callable[P, Coroutine[Any, Any, T]], /
    ) -> AsyncTask[P, T]: ...
    @overload
    def task(self, function: Callable[P, T], /) -> SyncTask[P, T]: ...
    @overload
    def task(
        self,
        function: None = None,
        /,
        *,
        name: str | None = None,
        queue: str = DEFAULT_QUEUE,
        retry: Retry | None = None,
        timeout: Duration | None = None,
        executor: Executor | None = None,
        on_failure: OnFailure | None = None,
    ) -> TaskDecorator: ...

    def task(
        self,
        function: Callable[..., Any] | None = None,
        /,
        *,
        name: str | None = None,
        queue: str = DEFAULT_QUEUE,
        retry: Retry | None = None,
        timeout: Duration | None = None,
        executor: Executor | None = None,
        on_failure: OnFailure | None = None,
    ) -> Any:
        """Make a task of a function. The task has the function's name, or `name`.

        Async functions run on the worker's event loop; plain functions in threads, or with executor="process" in
        child processes that can be killed. `timeout` ends an attempt [default: 5 minutes].
        `on_failure` (async or plain) is called with each job whose last attempt failed, or whose payload
        did not fit. The worker that ran the job calls it at most once, after the store has put the job into the dead
        letter queue. It is not called for a job whose worker was lost: to miss none, read the dead letter queue.
        A definition that runs again (a notebook's cell, a reloaded module) replaces the earlier one.
        Raises InvalidInput for bad options, a name that another function has, and functions that cannot be tasks.
        """
        options = TaskOptions(queue, retry, timeout, executor, on_failure)

        def register(function: Callable[..., Any]) -> Task[..., Any]:
            task_name = check_function(function, name)
            kind: type[Task[..., Any]] = AsyncTask if inspect.iscoroutinefunction(function) else SyncTask
            task = kind(self, task_name, function, options)
            self._register(task)
            return task

        return register if function is None else register(function)

    def _register(self, task: Task[..., Any]) -> None:
        known = self._tasks.get(task.name)
        if known is not None and not place_of(task.function).redefines(first := place_of(known.function)):
            raise InvalidInput(f"task {task.name} is defined already, at {first}; give one of them another name")
        self._tasks[task.name] = task

    def cron(
        self,
        name: str,
        cron: str,
        call: Bound[Any],
        /,
        *,
        tenant: str | None = None,
        tz: str = "UTC",
        missed: MissedTicks = "one",
        overlap: OverlappingTicks = "allow",
    ) -> None:
        """Declare a schedule: `call` (of `task.bind(...)` or `task.using(...).bind(...)`) becomes a job at each tick
        of the rule `cron`, such as "0 3 * * MON-FRI", by the clocks of the time zone `tz`.

        `missed`: how to handle ticks missed during a downtime: no job, one job for all, or a job for each (the last
        100). `overlap`: "skip" makes no job while the previous one has not ended. The tenant is found as for `submit`.
        Workers put the schedule into the store when they start. Changes by operators stay until this code
        changes. Raises InvalidInput.
        """
        if not isinstance(call, Bound):
            raise InvalidInput(f"schedule {name}: write the call as `task.bind(...)`, not {call!r:.100}")
        when = When(cron=cron, timezone=tz, missed=missed, overlap=overlap)
        options = call.template.options
        if tenant is not None and options.tenant not in (None, tenant):
            raise InvalidInput(f"schedule {name}: tenant={tenant!r}, but the call is for {options.tenant!r}", "/tenant")
        if tenant is not None:
            tenant = check_name(tenant, "tenant", "/tenantId")
        spec = spec_of(name, self.resolve_tenant(options.tenant if tenant is None else tenant), when, call)
        if spec.task not in self._tasks:
            raise InvalidInput(f"schedule {name}: this app has no task {spec.task}")
        self._declare(spec, place_of_caller(1))

    def _declare(self, spec: ScheduleSpec, place: Place) -> None:
        key = spec.tenant_id, spec.name
        known = self._schedules.get(key)
        if known is not None and not place.redefines(known.place):
            raise InvalidInput(
                f"tenant {spec.tenant_id} has a schedule {spec.name} already, declared at {known.place}; "
                "give one of them another name"
            )
        self._schedules[key] = Declared(spec, place)

    def tenant(self, tenant: str) -> TenantBlock:
        """`with app.tenant("acme"):` gives the jobs that are submitted in the block and name no tenant this one.

        It works in sync and async code.

        Raises InvalidInput for a bad name.
        """
        return TenantBlock(tenant)

    def batch(
        self,
        *,
        tenant: str | None = None,
        then: Bound[Any] | None = None,
        on_failure: Bound[Any] | None = None,
        finally_: Bound[Any] | None = None,
    ) -> BatchBlock:
        """`async with app.batch(then=mail.bind(7)) as batch:` creates a batch; `await batch.submit(fetch.bind(url))`
        adds a job to it. In code without an event loop: `with`, and `batch.submit_sync`.

        The batch is sealed when the block ends, and cancelled if the block raises. Each callback becomes one job:
        `then` once all jobs have completed, `on_failure` once the first one has failed for good or was cancelled,
        `finally_` once all have ended. Jobs of the batch may add to it: `current().batch`. The tenant is found as for
        `submit`. Raises InvalidInput.
        """
        return BatchBlock(self, tenant, {"then": then, "on_failure": on_failure, "finally_": finally_})

    def batch_of(self, batch_id: str, tenant: str) -> BatchHandle:
        """A handle to a batch that was created earlier, by any process."""
        return BatchHandle(self, batch_id, tenant)

    def now(self) -> float:
        """The Unix time in seconds; in `testing`, by the test's clock."""
        return self._connections.now()

    def must_learn_tenant(self, tenant: str | None) -> bool:
        """Whether only the access token can tell the tenant of a job, and `learn_tenant` has not asked for it yet."""
        if tenant is not None or ambient_tenant.get() is not None or self._connections.knows_tenant:
            return False
        return self._access_token is not None

    async def learn_tenant(self) -> None:
        """Ask the API which tenant the access token belongs to. Raises Unauthorized and StoreUnavailable."""
        await self._connections.learn_tenant()

    def resolve_tenant(self, tenant: str | None) -> str:
        """The tenant of a job. Raises InvalidInput if none is known and the app requires one."""
        if tenant is None:
            tenant = ambient_tenant.get() or self._connections.tenant
        if tenant is not None:
            return tenant
        if self._tenancy == "default":
            return DEFAULT_TENANT
        raise InvalidInput(
            'name the tenant: .using(tenant="acme"), or `with app.tenant("acme"):` around the call; '
            'or make the App with tenancy="default"'
        )

    async def connect(self) -> Backend:
        """The queue, opened once for each event loop. Raises StoreUnavailable and StoreRefused."""
        return await self._connections.get()

    async def _open(self) -> Backend:
        from ..connect import (
            open_backend,  # late: loading the store's client takes time that workers' imports need not spend
        )

        return await open_backend(self.url, token=self._access_token)

    @property
    def _access_token(self) -> str | None:
        # A token of the environment belongs to the URL of the environment.
        return self._token if self._url else os.environ.get(TOKEN_VARIABLE) or None

    def run_sync(self, function: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run an async function that uses this app from code without an event loop, and return its result.

        Safe in any thread and after a fork. Raises RuntimeError if an event loop runs in this thread.
        """
        self._load_client()
        return run_sync(function)

    def _load_client(self) -> None:
        if not self._is_loaded:
            with no_fork():
                from ..connect import load_client

                load_client(self.url)
            self._is_loaded = True

    def job(self, job_id: str) -> JobHandle[Any]:
        """A handle to a job submitted earlier, by any process. Its methods raise NotFound if there is no such job."""
        return JobHandle(job_id, self.connect)

    def job_sync(self, job_id: str) -> SyncJobHandle[Any]:
        """Like `job`, for code without an event loop."""
        self._load_client()
        return SyncJobHandle(self.job(job_id))

    async def close(self) -> None:
        """Close the connections of this event loop. The app can be used again."""
        await self._connections.close()

    def testing(self) -> Testing:
        """For tests: in `async with app.testing() as t:`, jobs go to a private store. `t.drain` runs them, and
        `t.travel` moves the store's clock."""
        from ..testing import Testing

        return Testing(self)

    def divert(self, connections: Connections) -> Connections:
        """Use these connections from now on; returns the ones used before. For `testing`."""
        before, self._connections = self._connections, connections
        return before

    def close_sync(self) -> None:
        """Close the connections of sync calls. The end of the interpreter does this too."""
        run_sync(self.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()


def app_from(value: object, where: str) -> App:
    """Return `value` if it is an App; else raise InvalidInput. `where` is the name that led to it."""
    if not isinstance(value, App):
        raise InvalidInput(f"{where} is not a fairlane App but a {type(value).__name__}")
    return value
