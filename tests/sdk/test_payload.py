"""A payload stands for the arguments of a task's function, checked against its signature."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
import pytest

from fairlane import InvalidInput, PayloadTooLarge
from fairlane.job.parameters import Parameters


def build(user_id: int, fmt: str = "pdf", *, tags: list[str] = []) -> None:  # noqa: B006  a mutable default is the case
    pass


def nothing() -> None:
    pass


def anything(payload: msgspec.Raw) -> None:
    pass


class Address(msgspec.Struct):
    city: str


def deliver(to: Address, due: datetime, count: Annotated[int, msgspec.Meta(ge=1)] = 1) -> None:
    pass


def named_only(*, city: str) -> None:
    pass


def decoded(function: Callable[..., Any], payload: bytes) -> tuple[list[Any], dict[str, Any]]:
    args, kwargs = Parameters(function, "t").decode(payload)
    return list(args), dict(kwargs)


@pytest.mark.parametrize(
    ("payload", "args"),
    [
        (b'{"user_id": 1}', [1, "pdf"]),
        (b'{"fmt": "csv", "user_id": 1}', [1, "csv"]),
        (b"[1]", [1, "pdf"]),
        (b'[1, "csv"]', [1, "csv"]),
        (b"1", [1, "pdf"]),
        (b" \n 1 ", [1, "pdf"]),
        (b' {"user_id": 1}', [1, "pdf"]),
    ],
)
def test_objects_go_by_name_arrays_by_position_and_the_rest_is_the_argument(payload: bytes, args: list[Any]) -> None:
    assert decoded(build, payload)[0] == args


def test_keyword_only_parameters_come_from_objects() -> None:
    assert decoded(build, b'{"user_id": 1, "tags": ["a"]}') == ([1, "pdf"], {"tags": ["a"]})
    with pytest.raises(InvalidInput, match="must be an object, since `city`"):
        decoded(named_only, b'["Paris"]')


@pytest.mark.parametrize(
    ("payload", "complaint"),
    [
        (b"{}", "missing required field `user_id`"),
        (b"[]", "at least length 1"),
        (b'{"user_id": "1"}', r"Expected `int`, got `str` - at `\$.user_id`"),
        (b'{"user_id": 1, "format": "csv"}', "unknown field `format`"),
        (b'[1, "csv", 3]', "at most length 2"),
        (b'"text"', "Expected `int`, got `str`"),
        (b"null", "Expected `int`, got `null`"),
        (b"[1],[2]", "malformed"),
        (b"1],[2", "malformed"),
        (b"", "at least length 1"),
        (b"{", "truncated"),
        (b"[" * 100_000, "does not fit"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(payload: bytes, complaint: str) -> None:
    with pytest.raises(InvalidInput, match=complaint):
        decoded(build, payload)


@pytest.mark.parametrize("payload", [b"null", b"{}", b"[]"])
def test_a_task_without_parameters_takes_every_kind_of_nothing(payload: bytes) -> None:
    assert decoded(nothing, payload) == ([], {})


@pytest.mark.parametrize("payload", [b"1", b'{"a": 1}', b"[1]"])
def test_a_task_without_parameters_takes_nothing_else(payload: bytes) -> None:
    with pytest.raises(InvalidInput):
        decoded(nothing, payload)


@pytest.mark.parametrize("payload", [b'{"b": 1, "a":[ ]}', b"[1]", b"130775545883395173", b"null", b'"x"'])
def test_a_raw_parameter_gets_the_payload_as_it_came(payload: bytes) -> None:
    [[argument], _] = decoded(anything, payload)
    assert bytes(argument) == payload


def test_values_become_the_types_of_the_signature() -> None:
    args, _ = decoded(deliver, b'{"to": {"city": "Lyon"}, "due": "2027-01-02T03:04:05Z", "count": 2}')
    assert args == [Address("Lyon"), datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC), 2]
    with pytest.raises(InvalidInput, match=">= 1"):
        decoded(deliver, b'{"to": {"city": "Lyon"}, "due": "2027-01-02T03:04:05Z", "count": 0}')


def test_a_call_is_written_by_name_and_read_back_equal() -> None:
    parameters = Parameters(deliver, "t")
    due = datetime(2027, 1, 2, tzinfo=UTC)
    payload = parameters.encode((Address("Lyon"),), {"due": due})
    assert payload == b'{"to":{"city":"Lyon"},"due":"2027-01-02T00:00:00Z"}'
    assert parameters.decode(payload)[0] == (Address("Lyon"), due, 1)


@pytest.mark.parametrize(
    ("args", "kwargs", "complaint"),
    [
        ((), {}, "missing required field `user_id`"),
        (("1",), {}, "Expected `int`"),
        ((1,), {"user_id": 2}, "two values for `user_id`"),
        ((1, "csv", []), {}, "takes 2 positional arguments, got 3"),
        ((1,), {"format": "csv"}, "unknown field `format`"),
        ((object(),), {}, "cannot be written as JSON"),
        (("\ud800",), {}, "cannot be written as JSON"),
    ],
)
def test_a_wrong_call_is_refused_before_it_is_submitted(
    args: tuple[Any, ...], kwargs: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(InvalidInput, match=complaint):
        Parameters(build, "t").encode(args, kwargs)


def test_a_payload_over_the_limit_is_refused() -> None:
    with pytest.raises(PayloadTooLarge):
        Parameters(build, "t").encode((1, "x" * 300_000), {})


def parts(first: list[msgspec.Raw], second: Any = None) -> None:
    pass


DEEP = b"[" * 201 + b"]" * 201


@pytest.mark.parametrize("text", [b'{"bad', b"", b'"\xff"', b"1e999", b"1 2", DEEP])
def test_a_raw_payload_that_others_could_not_read_is_refused(text: bytes) -> None:
    with pytest.raises(InvalidInput):
        Parameters(anything, "t").encode((msgspec.Raw(text),), {})


@pytest.mark.parametrize("text", [b'"\xff"', b"1e999", DEEP])
def test_so_is_a_raw_part_of_one(text: bytes) -> None:
    with pytest.raises(InvalidInput):
        Parameters(parts, "t").encode(([msgspec.Raw(text)],), {})


def test_arguments_may_be_nested_as_deep_as_the_api_takes() -> None:
    takes = Parameters(lambda value: None, "t")
    nested: list[Any] = []
    for _ in range(198):
        nested = [nested]
    assert takes.encode((nested,), {}) == b'{"value":' + b"[" * 199 + b"]" * 199 + b"}"
    with pytest.raises(InvalidInput, match="nested 200 deep"):
        takes.encode(([nested],), {})
