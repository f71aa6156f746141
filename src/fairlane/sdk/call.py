"""A task with options for its jobs, and a call of it that is not submitted yet."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Protocol, TypeVar

import msgspec

from ..job.context import running_job
from ..job.parameters import Parameters
from ..model.errors import FairlaneError, InvalidInput
from ..model.job import NewJob, Submission, SubmitStatus
from ..model.refusals import refusal_of
from .handle import JobHandle, SyncJobHandle
from .many_jobs import in_breaths, submit_in_batches
from .middleware import Middleware, tell_submitted, with_headers
from .submission import JobTemplate, PartlySubmitted

if TYPE_CHECKING:
    from ..backend import Backend

P = ParamSpec("P")
T = TypeVar("T")

Arguments = tuple[Any, ...] | list[Any] | Mapping[str, Any]
"""The arguments of one call in `submit_many`: positional, or by name."""


class Client(Protocol):
    """The parts of an `App` that submitting needs."""

    @property
    def middleware(self) -> Sequence[Middleware]:
        """The steps around jobs."""

    async def connect(self) -> Backend:
        """The queue, on the running event loop."""

    def now(self) -> float:
        """The Unix time in seconds, to check `run_at` against."""

    def must_learn_tenant(self, tenant: str | None) -> bool:
        """Whether only the access token can tell the tenant of a job, and `learn_tenant` has not asked for it yet."""

    async def learn_tenant(self) -> None:
        """Ask the API which tenant the access token belongs to."""

    def resolve_tenant(self, tenant: str | None) -> str:
        """The tenant of a job. Raises InvalidInput if none is known and the app requires one."""

    def run_sync(self, function: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run an async function that may call `connect` from code without an event loop, and return its result."""


class Bound(Generic[T]):
    """A call of a task, checked and not submitted yet. `T` is the type of its job's result.

    It can be submitted any number of times. Each time makes a new job, unless the options have a key.
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

    def in_batch(self, batch_id: str | None, tenant: str) -> Bound[T]:
        """The same call, as a job of this batch of the tenant. Raises InvalidInput if it is for another tenant."""
        options = self.template.options
        if options.tenant not in (None, tenant):
            raise InvalidInput(f"the batch is of the tenant {tenant!r}, the call for {options.tenant!r}", "/tenantId")
        options = msgspec.structs.replace(options, tenant=tenant)
        template = msgspec.structs.replace(self.template, options=options, batch_id=batch_id)
        return Bound(self._client, template, self._parameters, self.payload)

    def prepare(self) -> tuple[str, JobTemplate]:
        """What depends on the caller's context: the tenant, the headers of the middleware, and the running job.

        Raises InvalidInput if no tenant is known and the app requires one.
        """
        return prepare(self._client, self.template)

    def now(self) -> float:
        """The Unix time in seconds, by the app's clock."""
        return self._client.now()

    async def submit(self) -> JobHandle[T]:
        """Submit it as a job; see `Submitter.submit`."""
        client, template = self._client, self.template
        if client.must_learn_tenant(template.options.tenant):
            await client.learn_tenant()
        return self._accepted(*await self._send(*prepare(client, template)))

    def submit_sync(self) -> SyncJobHandle[T]:
        """Submit it as a job; see `Submitter.submit_sync`."""
        client = self._client
        if client.must_learn_tenant(self.template.options.tenant):
            client.run_sync(client.learn_tenant)
        tenant, template = prepare(client, self.template)
        job, submission = client.run_sync(lambda: self._send(tenant, template))
        return SyncJobHandle(self._accepted(job, submission))

    async def _send(self, tenant: str, template: JobTemplate) -> tuple[NewJob, Submission]:
        backend = await self._client.connect()
        job = template.new_job(backend.jobs.new_id(tenant), tenant, self.payload)
        [submission] = await backend.jobs.submit([job])
        return job, submission

    def _accepted(self, job: NewJob, submission: Submission) -> JobHandle[T]:
        if error := refusal_of(submission):
            raise error
        if self._client.middleware and submission.status is SubmitStatus.CREATED:
            tell_submitted(self._client.middleware, [job])
        return JobHandle(submission.job_id, self._client.connect, self._parameters.read_result)


def prepare(client: Client, template: JobTemplate) -> tuple[str, JobTemplate]:
    """What depends on the caller's context: the tenant, the headers of the middleware, and the running job."""
    tenant = client.resolve_tenant(template.options.tenant)
    job = running_job.get(None)
    if job is not None:
        template = msgspec.structs.replace(template, parent=job.as_parent)
    return tenant, with_headers(template, client.middleware, tenant)


def _check_each_its_own(template: JobTemplate) -> None:
    """Refuse options under which only the first of several calls would make a job. Raises InvalidInput."""
    for name, value in ("key", template.options.key), ("idempotency_key", template.options.idempotency_key):
        if value is not None:
            raise InvalidInput(f"several calls cannot share the {name} {value!r}; submit each by itself, with its own")


class Submitter(Generic[P, T]):
    """A task with the options of the jobs to submit."""

    __slots__ = ("_client", "_parameters", "_template")

    def __init__(self, client: Client, template: JobTemplate, parameters: Parameters) -> None:
        self._client = client
        self._template = template
        self._parameters = parameters

    def bind(self, *args: P.args, **kwargs: P.kwargs) -> Bound[T]:
        """A call with these arguments, to submit or schedule later. Its tenant is found when it is submitted.

        Raises InvalidInput if the arguments do not fit the task.
        """
        return Bound(self._client, self._template, self._parameters, self._parameters.encode(args, kwargs))

    async def submit(self, *args: P.args, **kwargs: P.kwargs) -> JobHandle[T]:
        """Submit one job. When this returns, the store has it, as durably as the store is set up.

        Raises InvalidInput if the arguments do not fit the task, RateLimited, IdempotencyMismatch and
        StoreUnavailable.
        """
        return await self.bind(*args, **kwargs).submit()

    def submit_sync(self, *args: P.args, **kwargs: P.kwargs) -> SyncJobHandle[T]:
        """Like `submit`, for code without an event loop: Flask, scripts, threads.

        Safe in any thread and after a fork. Calls of several threads share a commit. Raises RuntimeError if an
        event loop runs in this thread, since the call would block it.
        """
        return self.bind(*args, **kwargs).submit_sync()

    async def submit_many(self, calls: Iterable[Arguments]) -> list[JobHandle[T]]:
        """Submit a job for each call: a tuple or list of positional arguments, or a mapping of keyword ones.

        All calls are checked before the first job is made. Raises the errors of `submit`, InvalidInput if several
        calls would share a key or an idempotency key, and PartlySubmitted if the queue accepted some jobs and refused
        others. If the store fails in between, the jobs of earlier batches have been made.
        """
        if self._client.must_learn_tenant(self._template.options.tenant):
            await self._client.learn_tenant()
        tenant, template = prepare(self._client, self._template)
        payloads: list[bytes] = []
        async for some in in_breaths(calls):
            payloads += [self._payload(call) for call in some]
        if len(payloads) > 1:
            _check_each_its_own(template)
        backend = await self._client.connect()

        def new_job(payload: bytes) -> NewJob:
            return template.new_job(backend.jobs.new_id(tenant), tenant, payload)

        jobs, submissions = await submit_in_batches(backend, payloads, new_job)
        if middleware := self._client.middleware:
            made = [job for job, answer in zip(jobs, submissions, strict=True) if answer.status is SubmitStatus.CREATED]
            tell_submitted(middleware, made)
        return self._handles(submissions)

    def _payload(self, call: Arguments) -> bytes:
        if isinstance(call, (tuple, list)):
            return self._parameters.encode(call, {})
        if isinstance(call, Mapping):
            return self._parameters.encode((), call)
        raise InvalidInput(
            f"each call is a tuple or list of positional arguments, or a mapping of keyword ones, not {call!r:.100}"
        )

    def _handles(self, submissions: Sequence[Submission]) -> list[JobHandle[T]]:
        connect, read_result = self._client.connect, self._parameters.read_result
        refusals: list[FairlaneError] = []
        handles: list[JobHandle[T] | None] = []
        for submission in submissions:
            error = None if submission.status is SubmitStatus.CREATED else refusal_of(submission)
            if error is None:
                handles.append(JobHandle(submission.job_id, connect, read_result))
            else:
                handles.append(None)
                refusals.append(error)
        accepted = [handle for handle in handles if handle is not None]
        if refusals and not accepted:
            raise refusals[-1]
        if refusals:
            detail = f"{len(refusals)} of {len(handles)} jobs were refused: {refusals[-1]}"
            raise PartlySubmitted(detail, handles, refusals)
        return accepted
