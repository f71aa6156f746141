"""A handle to a submitted job."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import aclosing
from typing import TYPE_CHECKING, Generic, TypeVar, cast

import msgspec

from ..job.context import awaiting_result
from ..job.control import Duration
from ..job.reading import ResultReader, read_anything
from ..model.durations import parse_duration_ms
from ..model.errors import JobCancelled, JobFailed, ResultMismatch
from ..model.job import Job
from ..model.states import State
from .portal import run_sync

if TYPE_CHECKING:
    from ..backend import Backend

    Connect = Callable[[], Awaitable[Backend]]

T = TypeVar("T")

_LONGEST_WAIT_MS = 20_000


class JobHandle(Generic[T]):
    """A submitted job: its id, and calls about it. `T` is the type that its task returns."""

    __slots__ = ("_connect", "_read_result", "id")

    def __init__(self, job_id: str, connect: Connect, read_result: ResultReader = read_anything) -> None:
        self.id = job_id
        self._connect = connect
        self._read_result = read_result

    def __repr__(self) -> str:
        return f"JobHandle({self.id!r})"

    async def result(self, timeout: Duration | None = None) -> T:
        """Wait until the job has ended, and return its result.

        Raises JobFailed, JobCancelled, ResultMismatch if the result does not fit the task's annotation, NotFound if
        the job is no longer kept, and TimeoutError after `timeout` (the job goes on).
        """
        job = await self._finished(timeout)
        if job.state is State.COMPLETED:
            return self._typed(b"null" if job.result is None else job.result)
        if job.state is State.CANCELLED:
            raise JobCancelled(f"job {job.id} was cancelled: {job.error.message if job.error else job.reason}")
        detail = f"{job.error.type}: {job.error.message}" if job.error else str(job.reason)
        failure = JobFailed(f"job {job.id} failed: {detail}")
        if job.error is not None and job.error.traceback:
            failure.add_note(f"In the worker:\n{job.error.traceback}")
        raise failure

    def _typed(self, result: bytes | msgspec.Raw) -> T:
        try:
            return cast(T, self._read_result(bytes(result)))
        except Exception as error:  # a type that the user defined may raise anything
            raise ResultMismatch(
                f"job {self.id} has completed, but its result does not fit the task's annotation: {error}; "
                "`refresh` gives it as JSON text"
            ) from error

    async def _finished(self, timeout: Duration | None) -> Job:
        with awaiting_result():
            return await self._wait(await self._connect(), timeout)

    async def _wait(self, backend: Backend, timeout: Duration | None) -> Job:
        limit_ms = None if timeout is None else parse_duration_ms(timeout, "timeout")
        deadline = None if limit_ms is None else time.monotonic() + limit_ms / 1000
        while True:
            left_ms = _LONGEST_WAIT_MS
            if deadline is not None:
                left_ms = max(0, min(left_ms, round((deadline - time.monotonic()) * 1000)))
            job = await backend.jobs.wait_finished(self.id, left_ms)
            if job is not None:
                return job
            if deadline is not None and time.monotonic() >= deadline:
                raise TimeoutError(
                    f"job {self.id} has not ended yet; `fairlane jobs show {self.id}` says what it waits for"
                )

    async def events(self) -> AsyncGenerator[Job]:
        """The job now and after each change or progress, until it has ended.

        If changes arrive faster than you take them, you get the last one. Raises NotFound if the job is no longer
        kept, and StoreUnavailable.
        """
        backend = await self._connect()
        async with aclosing(backend.monitor.follow(self.id)) as jobs:
            async for job in jobs:
                yield job

    async def refresh(self) -> Job:
        """The job as it is now. Raises NotFound if it is no longer kept."""
        return await (await self._connect()).jobs.get(self.id)

    async def cancel(self) -> Job:
        """Cancel the job; if it runs, its worker stops it. Raises NotFound, and Conflict if it has ended already."""
        return await (await self._connect()).jobs.cancel(self.id)


class SyncJobHandle(Generic[T]):
    """A submitted job for code without an event loop. It has the calls of `JobHandle`; each blocks until it is done."""

    __slots__ = ("_job", "id")

    def __init__(self, job: JobHandle[T]) -> None:
        self.id = job.id
        self._job = job

    def __repr__(self) -> str:
        return f"SyncJobHandle({self.id!r})"

    def result(self, timeout: Duration | None = None) -> T:
        """See `JobHandle.result`."""
        return run_sync(lambda: self._job.result(timeout))

    def refresh(self) -> Job:
        """See `JobHandle.refresh`."""
        return run_sync(self._job.refresh)

    def cancel(self) -> Job:
        """See `JobHandle.cancel`."""
        return run_sync(self._job.cancel)

    def events(self) -> Generator[Job]:
        """See `JobHandle.events`."""
        jobs = self._job.events()

        async def next_job() -> Job | None:
            return await anext(jobs, None)

        try:
            while (job := run_sync(next_job)) is not None:
                yield job
        finally:
            run_sync(jobs.aclose)
