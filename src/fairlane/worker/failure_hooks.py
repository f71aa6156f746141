"""Calls the `on_failure` hooks of tasks whose jobs this worker sent to the dead letter queue."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import logging

from ..backend import Backend
from ..job.context import ambient_tenant
from ..model.lease import FailureKind, Outcome, OutcomeKind
from ..model.states import State
from .runnable import OnFailure
from .running import RunningJob

log = logging.getLogger("fairlane.worker")


class FailureHooks:
    """Jobs whose last attempt failed here, until the store has confirmed it and the hook was called."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._expected: dict[str, tuple[RunningJob, OnFailure]] = {}
        self._calls: set[asyncio.Task[None]] = set()
        self._context = contextvars.copy_context()

    def expect(self, job: RunningJob, outcome: Outcome) -> None:
        """`outcome` of `job` is about to be sent."""
        hook = job.runnable.on_failure
        if hook is not None and outcome.kind is OutcomeKind.FAILED:
            is_last = job.lease.attempt >= job.lease.max_attempts
            if is_last or outcome.failure in (FailureKind.REJECTED, FailureKind.UNFIT):
                self._expected[outcome.token] = job, hook

    def answered(self, outcome: Outcome, *, accepted: bool) -> None:
        """The store has taken or refused the outcome."""
        expected = self._expected.pop(outcome.token, None)
        if expected is not None and accepted:
            call = asyncio.create_task(self._call(*expected), context=self._context.copy())
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)

    async def settle(self) -> None:
        """Wait for the hooks that have begun."""
        if self._calls:
            await asyncio.wait(self._calls)

    def close(self) -> None:
        for call in self._calls:
            call.cancel()

    async def _call(self, job: RunningJob, hook: OnFailure) -> None:
        ambient_tenant.set(job.lease.tenant_id)
        try:
            found = await self._backend.jobs.get(job.lease.job_id)
            if found.state is not State.FAILED:  # it was cancelled or retried meanwhile
                return
            if inspect.iscoroutinefunction(hook):
                await hook(found)
            else:
                await asyncio.to_thread(hook, found)
        except asyncio.CancelledError:
            raise
        except BaseException:  # SystemExit of a hook must not leave the event loop
            log.exception("on_failure of %s failed", job)
