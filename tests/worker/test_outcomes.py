"""What a job came to becomes an outcome that the store can take, whatever the job did."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
import pytest

from fairlane import Cancel, RateLimited, RetryAfter, Snooze
from fairlane.model.job import MAX_DELAY_MS, MAX_ERROR_BYTES, JobError
from fairlane.model.json_text import MAX_DEPTH
from fairlane.model.lease import FailureKind, Lease, OutcomeKind
from fairlane.worker import outcomes
from fairlane.worker.stopping import Stop

LEASE = Lease(
    job_id="0" * 26,
    token="t.1",
    fence=1,
    attempt=1,
    max_attempts=3,
    lease_seconds=30,
    tenant_id="acme",
    queue="q",
    task="t",
    payload=msgspec.Raw(b"null"),
    timeout_seconds=300,
)


def nested(depth: int) -> list[Any]:
    found: list[Any] = []
    for _ in range(depth - 1):
        found = [found]
    return found


def error_of(failure: BaseException) -> JobError:
    try:
        raise failure
    except BaseException as raised:
        error = outcomes.raised(LEASE, raised).error
    assert error is not None
    return error


@pytest.mark.parametrize(
    ("result", "stored"),
    [
        ({"a": [1]}, b'{"a":[1]}'),
        (nested(MAX_DEPTH), b"[" * MAX_DEPTH + b"]" * MAX_DEPTH),
        (msgspec.Raw(b'{"x": 1e3 }'), b'{"x": 1e3 }'),
        ("é", '"é"'.encode()),
        (0, b"0"),
    ],
)
def test_a_result_is_stored_as_json(result: Any, stored: bytes) -> None:
    outcome = outcomes.completed(LEASE, result)
    assert outcome.kind is OutcomeKind.COMPLETED
    assert outcome.result is not None and bytes(outcome.result) == stored


def test_nothing_is_stored_for_none() -> None:
    assert outcomes.completed(LEASE, None).result is None


def test_a_coroutine_is_no_result_and_the_advice_says_why() -> None:
    async def work() -> None: ...

    outcome = outcomes.completed(LEASE, work())  # a RuntimeWarning would fail this test
    assert outcome.failure is FailureKind.REJECTED
    assert outcome.error is not None and "must be `async def` too" in outcome.error.message


@pytest.mark.parametrize(
    ("result", "complaint"),
    [
        (object(), "cannot be written as JSON"),
        ("\ud800", "cannot be written as JSON"),
        ("x" * 300_000, "bytes"),
        (nested(MAX_DEPTH + 1), f"{MAX_DEPTH} deep at most"),
        (msgspec.Raw(b'"\xff"'), "cannot be stored: "),
        ({"raw": msgspec.Raw(b"[1,")}, "cannot be stored: "),
        (msgspec.Raw(b""), "cannot be stored: "),
        (msgspec.Raw(b"1e999"), "cannot be stored: "),
    ],
)
def test_a_result_that_cannot_be_stored_fails_without_retries(result: Any, complaint: str) -> None:
    outcome = outcomes.completed(LEASE, result)
    assert (outcome.kind, outcome.failure) == (OutcomeKind.FAILED, FailureKind.REJECTED)
    assert outcome.error is not None and complaint in outcome.error.message


@pytest.mark.parametrize(
    ("error", "kind", "delay_ms"),
    [
        (ValueError("no"), OutcomeKind.FAILED, None),
        (SystemExit(3), OutcomeKind.FAILED, None),
        (Cancel("not needed"), OutcomeKind.CANCELLED, None),
        (RetryAfter("30s"), OutcomeKind.FAILED, 30_000),
        (Snooze("10m"), OutcomeKind.SNOOZED, 600_000),
    ],
)
def test_an_exception_says_how_the_lease_ends(error: BaseException, kind: OutcomeKind, delay_ms: int | None) -> None:
    outcome = outcomes.raised(LEASE, error)
    assert (outcome.kind, outcome.delay_ms) == (kind, delay_ms)
    assert outcome.error is not None and outcome.error.type == type(error).__name__


def test_an_error_keeps_the_end_of_its_traceback() -> None:
    def dig(depth: int) -> None:
        if depth == 0:
            raise RuntimeError("the bottom")
        dig_on(depth - 1)

    def dig_on(depth: int) -> None:  # frames that alternate are not folded into one line
        dig(depth)

    with pytest.raises(RuntimeError) as caught:
        dig(200)
    error = outcomes.raised(LEASE, caught.value).error
    assert error is not None and error.traceback is not None
    assert error.traceback.rstrip().endswith("RuntimeError: the bottom")
    assert MAX_ERROR_BYTES // 2 < len(msgspec.json.encode(error)) <= MAX_ERROR_BYTES


@pytest.mark.parametrize("text", ["x" * 1_000_000, '"\\\n\x00' * 100_000, "é漢" * 100_000, "\ud800" * 100_000])
def test_an_error_is_stored_within_its_limit_whatever_its_text(text: str) -> None:
    error = error_of(ValueError(text))
    assert error.message.startswith(text[0].encode("utf-8", "backslashreplace").decode())
    assert len(msgspec.json.encode(error)) <= MAX_ERROR_BYTES


def test_an_exception_that_cannot_be_printed_is_still_reported() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    assert error_of(Mute()).type == "Mute"


def test_a_stopped_job_is_reported_by_what_stopped_it() -> None:
    timed_out = outcomes.stopped(LEASE, Stop.TIMED_OUT)
    assert timed_out is not None and timed_out.failure is FailureKind.TIMED_OUT
    released, cancelled = outcomes.stopped(LEASE, Stop.DRAINED), outcomes.stopped(LEASE, Stop.CANCELLED)
    assert released is not None and released.kind is OutcomeKind.RELEASED
    assert cancelled is not None and cancelled.kind is OutcomeKind.CANCELLED
    assert outcomes.stopped(LEASE, Stop.LOST) is None


def group(*errors: BaseException) -> BaseExceptionGroup[BaseException]:
    return BaseExceptionGroup("unhandled errors in a TaskGroup", errors)


@pytest.mark.parametrize(
    ("raised", "kind", "delay_ms", "error"),
    [
        (group(Cancel("gone")), OutcomeKind.CANCELLED, None, ("Cancel", "gone")),
        (group(group(group(Snooze("2s", "early")))), OutcomeKind.SNOOZED, 2_000, ("Snooze", "early")),
        (group(RetryAfter("1s", "429"), RetryAfter("1h", "later")), OutcomeKind.FAILED, 3_600_000, None),
        (group(asyncio.CancelledError(), RetryAfter("1s", "429")), OutcomeKind.FAILED, 1_000, None),
        (group(Snooze("1h"), group(RetryAfter("1s"))), OutcomeKind.FAILED, 1_000, None),
        (group(RetryAfter("1s"), group(Cancel("gone"))), OutcomeKind.CANCELLED, None, None),
        (
            group(ValueError("in cleanup"), Snooze("1s", "early")),
            OutcomeKind.SNOOZED,
            1_000,
            ("Snooze", "early (beside it: ValueError: in cleanup)"),
        ),
        (
            group(ValueError("bad"), group(KeyError("x"), OSError())),
            OutcomeKind.FAILED,
            None,
            ("ExceptionGroup", "unhandled errors in a TaskGroup: ValueError: bad; KeyError: 'x'; OSError: "),
        ),
        (RateLimited("over the rate", 2.5), OutcomeKind.SNOOZED, 2_500, ("RateLimited", "over the rate")),
        (group(RateLimited("over the rate", 2.5)), OutcomeKind.SNOOZED, 2_500, None),
        (RateLimited("now", -1.0), OutcomeKind.SNOOZED, outcomes.MIN_RATE_DELAY_MS, None),
        (RateLimited("never", float("inf")), OutcomeKind.SNOOZED, MAX_DELAY_MS, None),
        (RateLimited("odd", float("nan")), OutcomeKind.SNOOZED, outcomes.MIN_RATE_DELAY_MS, None),
        (RateLimited("odd", "soon"), OutcomeKind.SNOOZED, outcomes.MIN_RATE_DELAY_MS, None),  # type: ignore[arg-type]
    ],
)
def test_exceptions_that_steer_a_job_do_so_from_within_groups(
    raised: BaseException, kind: OutcomeKind, delay_ms: int | None, error: tuple[str, str] | None
) -> None:
    outcome = outcomes.raised(LEASE, raised)
    assert (outcome.kind, outcome.delay_ms) == (kind, delay_ms)
    assert outcome.error is not None
    assert error is None or (outcome.error.type, outcome.error.message) == error


def test_the_error_of_a_large_group_names_some_of_its_exceptions() -> None:
    deep: BaseException = ValueError("innermost")
    for _ in range(5_000):
        deep = group(deep)
    assert error_of(deep).message == "unhandled errors in a TaskGroup: ValueError: innermost"
    many = error_of(group(*[ValueError(str(n)) for n in range(5_000)])).message
    assert many.endswith("ValueError: 9; and 990 more")


class Leaving(Exception):
    def __str__(self) -> str:
        raise SystemExit(3)


class Interrupting(Exception):
    def __getattribute__(self, name: str) -> Any:
        raise KeyboardInterrupt


class NamelessKind(type):
    @property
    def __name__(cls) -> str:  # type: ignore[override]
        raise RuntimeError("no name")


def nameless() -> BaseException:
    error: BaseException = NamelessKind("Nameless", (Exception,), {})()  # pytest reads the names of global classes
    return error


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (Leaving, "Leaving"),
        (lambda: SystemExit(Leaving()), "SystemExit"),
        (lambda: ExceptionGroup("group", [Leaving()]), "ExceptionGroup"),
        (Interrupting, "Interrupting"),
        (nameless, "Nameless"),
    ],
)
def test_an_exception_that_raises_when_it_is_looked_at_still_fails_its_job(
    make: Callable[[], BaseException], kind: str
) -> None:
    error = error_of(make())
    assert error.type == kind
    assert "(an exception that cannot be printed)" in error.message


class LeavingItems(Mapping[str, int]):
    def __iter__(self) -> Iterator[str]:
        raise SystemExit(3)

    def __len__(self) -> int:
        return 1

    def __getitem__(self, name: str) -> int:
        return 1


def test_a_result_that_exits_when_it_is_read_fails_its_job() -> None:
    outcome = outcomes.completed(LEASE, LeavingItems())
    assert outcome.error is not None
    assert (outcome.kind, outcome.error.type, outcome.error.message) == (OutcomeKind.FAILED, "SystemExit", "3")
