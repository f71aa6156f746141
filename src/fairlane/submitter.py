"""A task with the options of its jobs, and a call of it that is not submitted yet."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any, Generic, ParamSpec, Protocol, TypeVar

from .handle import JobHandle, SyncJobHandle
from .model.errors import RateLimited
from .model.job import MAX_BATCH, NewJob
from .payload import Parameters
from .queue import Queue
from .submit import JobTemplate, PartlySubmitted, refusal

P = ParamSpec("P")
T = TypeVar("T")


class Client(Protocol):
    """Where jobs are submitted to."""

    async def connect(self) -> Queue:
        """The queue, on the running event loop."""

    def resolve_tenant(self, tenant: str | None) -> str:
        """The tenant that a job belongs to. Raises InvalidInput where it has to be named."""

    def run_sync(self, function: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The result of an async function that may call `connect`, for code without an event loop."""


class Bound(Generic[T]):
    """A call of a task, checked and not submitted yet. `T` is what its job will result in.

    It may be submitted any number of times; each makes a job of its own.
    """

    __slots__ = ("_client", "_parameters", "payload", "template")

    def __init__(self, client: Client, template: JobTemplate, parameters: Parameters, payload: bytes) -> None:
        self.template = template
        """The task and the options of the job."""
        self.payload = payload
        """The arguments, as JSON text."""
        self._client = client
        self._parameters = parameters

    def __repr__(self) -> str:
        return f"<Bound {self.template.task} {self.payload[:100].decode(errors='replace')}>"

    @property
    def tenant(self) -> str:
        """The tenant that its job would belong to now. Raises InvalidInput where it has to be named."""
        return self._client.resolve_tenant(self.template.options.tenant)

    async def submit(self) -> JobHandle[T]:
        """Submit it as a job; see `Submitter.submit`."""
        return await self._send(self._client.resolve_tenant(self.template.options.tenant))

    def submit_sync(self) -> SyncJobHandle[T]:
        """Submit it as a job; see `Submitter.submit_sync`."""
        tenant = self._client.resolve_tenant(self.template.options.tenant)
        return SyncJobHandle(self._client.run_sync(lambda: self._send(tenant)))

    async def _send(self, tenant: str) -> JobHandle[T]:
        queue = await self._client.connect()
        job = self.template.new_job(queue.new_job_id(tenant), tenant, self.payload)
        [submission] = await queue.submit([job])
        if error := refusal(submission):
            raise error
        return JobHandle(submission.job_id, self._client.connect, self._parameters.result_type)


class Submitter(Generic[P, T]):
    """A task with the options of the jobs to submit."""

    __slots__ = ("_client", "_parameters", "_template")

    def __init__(self, client: Client, template: JobTemplate, parameters: Parameters) -> None:
        self._client = client
        self._template = template
        self._parameters = parameters

    def bind(self, *args: P.args, **kwargs: P.kwargs) -> Bound[T]:
        """The call with these arguments, to be submitted or scheduled later.

        Raises InvalidInput where the arguments do not fit the task. The tenant is found when it is submitted.
        """
        return Bound(self._client, self._template, self._parameters, self._parameters.encode(args, kwargs))

    async def submit(self, *args: P.args, **kwargs: P.kwargs) -> JobHandle[T]:
        """Submit one job. When this returns, the job is as safe as the store's durability says.

        Raises InvalidInput where the arguments do not fit the task, RateLimited, IdempotencyMismatch,
        StoreUnavailable.
        """
        return await self.bind(*args, **kwargs).submit()

    def submit_sync(self, *args: P.args, **kwargs: P.kwargs) -> SyncJobHandle[T]:
        """As `submit`, for code without an event loop: Flask, scripts, threads.

        Safe in any thread and after a fork; calls of many threads share a commit. Raises RuntimeError
        where an event loop runs, which it would hold up.
        """
        return self.bind(*args, **kwargs).submit_sync()

    async def submit_many(self, calls: Iterable[Sequence[Any] | Mapping[str, Any]]) -> list[JobHandle[T]]:
        """Submit a job for each call: a sequence of positional arguments, or a mapping of keyword ones.

        All calls are checked before the first job is made. Raises as `submit` does, and
        PartlySubmitted where some, but not all, were over the submission rate.
        """
        tenant = self._client.resolve_tenant(self._template.options.tenant)
        queue = await self._client.connect()
        jobs = [self._new_job(queue, tenant, call) for call in calls]
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

    def _new_job(self, queue: Queue, tenant: str, call: Sequence[Any] | Mapping[str, Any]) -> NewJob:
        args, kwargs = ((), call) if isinstance(call, Mapping) else (call, {})
        return self._template.new_job(queue.new_job_id(tenant), tenant, self._parameters.encode(args, kwargs))

    def _handle(self, job_id: str) -> JobHandle[T]:
        return JobHandle(job_id, self._client.connect, self._parameters.result_type)
