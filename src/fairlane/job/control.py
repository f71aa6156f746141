"""How a task controls its retries: a policy beside its definition, and exceptions that it raises."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

from ..model.backoff import Backoff
from ..model.durations import parse_duration_ms
from ..model.errors import InvalidInput, RateLimited
from ..model.job import DEFAULT_MAX_ATTEMPTS, MAX_ATTEMPTS, MAX_DELAY_MS, MAX_TIMEOUT_MS, OnConflict, OnNeedFailed

MAX_GROUP = 1_000
"""How many exceptions of a group are looked at."""
Duration = str | float | timedelta
"""A duration as people write it: "500ms", "30s", "10m", "2h", "7d", a number of seconds, or a timedelta."""


class Retry:
    """How many attempts a job has, and how long it waits between them.

    The wait is `base` after the first failure and doubles up to `cap`, with jitter.
    Raises InvalidInput for values out of range.
    """

    __slots__ = ("backoff", "max_attempts")

    def __init__(self, max_attempts: int = DEFAULT_MAX_ATTEMPTS, base: Duration = "1s", cap: Duration = "5m") -> None:
        self.max_attempts = check_max_attempts(max_attempts)
        self.backoff = Backoff(parse_duration_ms(base, "base"), parse_duration_ms(cap, "cap"))

    def __repr__(self) -> str:
        return f"Retry({self.max_attempts}, {self.backoff})"


class Cancel(Exception):
    """Raised by a task: the job is not needed any more. It ends as cancelled and is not retried."""


class RetryAfter(Exception):
    """Raised by a task: this attempt failed, and the next one is due after `delay`.

    Counts as an attempt. A job without attempts left goes to the dead letter queue.
    """

    def __init__(self, delay: Duration, message: str = "asked to be retried") -> None:
        super().__init__(message)
        self.delay_ms = check_delay_ms(delay)


class Snooze(Exception):
    """Raised by a task: it is too early; run the job again after `delay`. Burns no attempt."""

    def __init__(self, delay: Duration, message: str = "asked to be run later") -> None:
        super().__init__(message)
        self.delay_ms = check_delay_ms(delay)


Control = Cancel | RetryAfter | Snooze | RateLimited
"""Exceptions that decide what happens to the job, where any other one is an error.

A RateLimited that leaves a task asks to be run again once the rate allows it.
"""


def control_in(error: BaseException) -> Control | None:
    """The control exception that `error` is, or holds as a group (as `asyncio.TaskGroup` raises it).

    Errors beside it do not count: most of them come of the cancellation that it caused. Of several, Cancel wins, then
    RetryAfter, Snooze and RateLimited; among equals, the one that asks for the longest delay.
    """
    found = [each for each in leaves(error) if isinstance(each, Control)]
    for kind in (Cancel, RetryAfter, Snooze, RateLimited):
        if same := [each for each in found if isinstance(each, kind)]:
            return max(same, key=_wish_ms)
    return None


def leaves(error: BaseException) -> list[BaseException]:
    """`error`, or the exceptions in it where it is a group, in the groups in it too; MAX_GROUP at most."""
    return list(islice(_leaves(error), MAX_GROUP))


def _leaves(error: BaseException) -> Iterator[BaseException]:
    waiting = [error]
    while waiting:
        each = waiting.pop()
        if isinstance(each, BaseExceptionGroup):
            waiting.extend(reversed(each.exceptions))
        else:
            yield each


def _wish_ms(control: Control) -> float:
    if isinstance(control, RetryAfter | Snooze):
        return control.delay_ms
    return control.retry_after if isinstance(control, RateLimited) else 0.0


def check_max_attempts(value: int) -> int:
    """Return `value` if a job may have this many attempts; else raise InvalidInput."""
    return check_whole(value, 1, MAX_ATTEMPTS, "max_attempts")


def check_whole(value: float, least: int, most: int, name: str) -> int:
    """Return `value`, as a plain int, if it is a whole number within these bounds; else raise InvalidInput."""
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise InvalidInput(f"{name} must be a whole number, {least} to {most}")
    return int.__int__(value)


def check_on_conflict(value: str) -> OnConflict:
    """The value as an OnConflict; raises InvalidInput."""
    try:
        return OnConflict(value)
    except ValueError:
        raise InvalidInput(f"on_conflict must be one of {', '.join(OnConflict)}, not {value!r:.100}") from None


def check_on_need_failed(value: str) -> OnNeedFailed:
    """The value as an OnNeedFailed; raises InvalidInput."""
    try:
        return OnNeedFailed(value)
    except ValueError:
        raise InvalidInput(f"on_need_failed must be cancel or run, not {value!r:.100}") from None


def check_timeout_ms(timeout: Duration) -> int:
    """`timeout` in milliseconds. Raises InvalidInput if a job cannot have it."""
    timeout_ms = parse_duration_ms(timeout, "timeout")
    if not 1 <= timeout_ms <= MAX_TIMEOUT_MS:
        raise InvalidInput("timeout must be 1 ms to 24 h")
    return timeout_ms


def check_expires_ms(expires: Duration, delay_ms: int) -> int:
    """`expires` in milliseconds. Raises InvalidInput if a job with this delay cannot have it."""
    expires_ms = parse_duration_ms(expires, "expires")
    if not delay_ms < expires_ms <= MAX_DELAY_MS:
        raise InvalidInput("expires must be longer than the delay, and 366 days at most")
    return expires_ms


def check_delay_ms(delay: Duration) -> int:
    """`delay` in milliseconds. Raises InvalidInput if a job cannot have it."""
    delay_ms = parse_duration_ms(delay, "delay")
    if delay_ms > MAX_DELAY_MS:
        raise InvalidInput("delay must be 366 days at most")
    return delay_ms
