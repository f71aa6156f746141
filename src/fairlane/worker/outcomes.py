"""How a job ended, as an outcome to report."""

from __future__ import annotations

import signal
import traceback
from typing import Any

import msgspec

from ..job.control import Cancel, RetryAfter, Snooze, control_in, leaves
from ..job.parameters import Misfit
from ..job.result import InvalidResult, result_text
from ..model.bounded import job_error
from ..model.errors import InvalidInput, RateLimited
from ..model.job import MAX_DELAY_MS
from ..model.lease import FailureKind, Lease, Outcome, OutcomeKind
from .stopping import Stop

MIN_RATE_DELAY_MS = 100
MOST_SHOWN = 10
"""Exceptions of a group that its error names."""
_INVALID_OUTCOME = "InvalidOutcome"
_UNPRINTABLE = "(an exception that cannot be printed)"


def completed(lease: Lease, result: Any) -> Outcome:
    """The job returned `result`. Where that cannot be kept, the job fails without a retry."""
    if result is None:
        return Outcome(job_id=lease.job_id, token=lease.token, kind=OutcomeKind.COMPLETED)
    try:
        text = result_text(result)
    except BaseException as error:  # a value's own methods may raise any, such as SystemExit
        return raised(lease, error)
    return Outcome(job_id=lease.job_id, token=lease.token, kind=OutcomeKind.COMPLETED, result=msgspec.Raw(text))


def rejected(lease: Lease, kind: str, detail: str) -> Outcome:
    """The job can never succeed: it goes to the dead letter queue without further attempts."""
    return Outcome(
        job_id=lease.job_id,
        token=lease.token,
        kind=OutcomeKind.FAILED,
        failure=FailureKind.REJECTED,
        error=job_error(kind, detail),
    )


def refused(outcome: Outcome, reason: str) -> Outcome | None:
    """A replacement for an outcome that the store rejects; None if it would reject that too.

    A job that has completed fails for good, since to run it again would end alike.
    """
    has_content = outcome.kind in (OutcomeKind.COMPLETED, OutcomeKind.FAILED, OutcomeKind.SNOOZED)
    if not has_content or (outcome.error is not None and outcome.error.type == _INVALID_OUTCOME):
        return None
    return Outcome(
        job_id=outcome.job_id,
        token=outcome.token,
        kind=OutcomeKind.FAILED,
        failure=outcome.failure if outcome.kind is OutcomeKind.FAILED else FailureKind.REJECTED,
        error=job_error(_INVALID_OUTCOME, f"how the job ended could not be reported: {reason}"),
    )


def unknown_task(lease: Lease) -> Outcome:
    """The worker's app does not define the job's task."""
    advice = "start a worker whose app has it; if the job has failed, retry it"
    detail = f"the worker has no task named {lease.task}: {advice}"
    return unfit(lease, "UnknownTask", detail)


def misfit(lease: Lease, error: InvalidInput) -> Outcome:
    """The payload does not fit the task's signature here, or the signature cannot be used."""
    make = unfit if isinstance(error, Misfit) else rejected
    return make(lease, "InvalidPayload", error.detail)


def unfit(lease: Lease, kind: str, detail: str) -> Outcome:
    """A worker of another version may run the job. The executor adds how long to wait for one."""
    return msgspec.structs.replace(rejected(lease, kind, detail), failure=FailureKind.UNFIT)


def released(lease: Lease) -> Outcome:
    """The job was given back unfinished."""
    return Outcome(job_id=lease.job_id, token=lease.token, kind=OutcomeKind.RELEASED)


def raised(lease: Lease, error: BaseException) -> Outcome:
    """The job raised `error`. This never raises, so that each job that ends has an outcome."""
    try:
        return _described(lease, error)
    except BaseException:  # reading an exception runs its code, which may raise anything
        kind = type.__dict__["__name__"].__get__(type(error))
        return Outcome(
            job_id=lease.job_id, token=lease.token, kind=OutcomeKind.FAILED, error=job_error(kind, _UNPRINTABLE)
        )


def _described(lease: Lease, error: BaseException) -> Outcome:
    if isinstance(error, InvalidResult):
        return rejected(lease, error.kind, str(error))
    kind, delay_ms, trace = OutcomeKind.FAILED, None, None
    match shown := control_in(error):
        case Cancel():
            kind = OutcomeKind.CANCELLED
        case Snooze():
            kind, delay_ms = OutcomeKind.SNOOZED, shown.delay_ms
        case RetryAfter():
            delay_ms = shown.delay_ms
        case RateLimited():
            kind, delay_ms = OutcomeKind.SNOOZED, _rate_delay_ms(shown)
        case None:
            trace = _traceback_of(error)
    return Outcome(
        job_id=lease.job_id,
        token=lease.token,
        kind=kind,
        error=job_error(type(shown or error).__name__, _text_of(error, shown), trace),
        delay_ms=delay_ms,
    )


def _rate_delay_ms(error: RateLimited) -> int:
    """The delay that the error asks for, within bounds. It may come from another system, and be anything."""
    try:
        return round(min(max(error.retry_after * 1000, MIN_RATE_DELAY_MS), MAX_DELAY_MS))
    except (TypeError, ValueError):
        return MIN_RATE_DELAY_MS


def process_died(lease: Lease, code: int) -> Outcome:
    """The process that ran the job ended under it; `code` is negative for the number of a signal."""
    how = f"ended with code {code}"
    if code < 0:
        how = f"was ended by {_signal_name(-code)}"
        if -code == signal.SIGKILL:
            how += ", as when memory runs out"
    return Outcome(
        job_id=lease.job_id,
        token=lease.token,
        kind=OutcomeKind.FAILED,
        failure=FailureKind.WORKER_LOST,
        error=job_error("ProcessDied", f"the process that ran the job {how}"),
    )


def stopped(lease: Lease, stop: Stop) -> Outcome | None:
    """The worker stopped the job; None if nothing may be reported."""
    match stop:
        case Stop.LOST:
            return None
        case Stop.DRAINED:
            return released(lease)
        case Stop.CANCELLED:
            return Outcome(job_id=lease.job_id, token=lease.token, kind=OutcomeKind.CANCELLED)
        case Stop.TIMED_OUT:
            return Outcome(
                job_id=lease.job_id,
                token=lease.token,
                kind=OutcomeKind.FAILED,
                failure=FailureKind.TIMED_OUT,
                error=job_error("TimedOut", f"ran over its timeout of {lease.timeout_seconds:g} s"),
            )


def _traceback_of(error: BaseException) -> str | None:
    """The traceback, from the task's frame on."""
    try:
        inner = error.__traceback__.tb_next if error.__traceback__ is not None else None
        lines = traceback.format_exception(type(error), error, inner)
    except BaseException:  # an exception may be unable to print itself
        return None
    return "".join(lines)


def _text_of(error: BaseException, shown: BaseException | None = None) -> str:
    """The text of `shown` and of the other exceptions in its group; without `shown`, the text of the whole group."""
    if not isinstance(error, BaseExceptionGroup):
        return _printed(error)
    others = [each for each in leaves(error) if each is not shown]
    names = [f"{type(each).__name__}: {_printed(each)}" for each in others[:MOST_SHOWN]]
    if len(others) > MOST_SHOWN:
        names.append(f"and {len(others) - MOST_SHOWN} more")
    beside = "; ".join(names)
    if shown is None:
        return f"{error.message}: {beside}"
    return f"{_printed(shown)} (beside it: {beside})" if beside else _printed(shown)


def _printed(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException:
        return _UNPRINTABLE


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
