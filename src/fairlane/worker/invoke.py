"""Calls a plain function for a job, in the current thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from ..job.context import JobContext, enter_job
from ..job.parameters import Parameters
from ..model.errors import InvalidInput
from ..model.lease import Lease, Outcome
from . import outcomes
from .forks import end_if_forked


class Callee(Protocol):
    """A function to call, and the parameters that read its payload."""

    @property
    def call(self) -> Callable[..., Any]: ...
    @property
    def parameters(self) -> Parameters: ...


def call(callee: Callee, job: JobContext, lease: Lease) -> Outcome:
    """The outcome of the job. This sets context variables: run it in a context made for the job."""
    enter_job(job)
    try:
        try:
            arguments, keywords = callee.parameters.decode(bytes(lease.payload))
        except InvalidInput as error:
            return outcomes.misfit(lease, error)
        result = callee.call(*arguments, **keywords)
        end_if_forked()
        return outcomes.completed(lease, result)
    except BaseException as error:
        end_if_forked(error)
        # Also if the task left a trace function that raises, which it does with our next call.
        return outcomes.raised(lease, error)
