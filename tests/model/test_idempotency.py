"""The fingerprint that an idempotency key stands for."""

from __future__ import annotations

import msgspec
import pytest

from fairlane.model.backoff import Backoff
from fairlane.model.canonical import digest, non_defaults
from fairlane.model.idempotency import fingerprint
from fairlane.model.job import NewJob


def job(payload: bytes = b'{"n":1,"to":"a"}', **fields: object) -> NewJob:
    asked = {"id": "0" * 26, "tenant_id": "acme", "payload": payload, "task": "report"} | fields
    return msgspec.convert(asked, NewJob)


def test_a_release_changes_no_fingerprint() -> None:
    """Clients of the release before repeat their requests during a deploy: these values must stay."""
    assert fingerprint(job()) == "4df0bd1d9ac1ecd4d55988e1fbb06499306bcaeb738c4f1c4f3c11e47c675395"
    full = job(
        queue="mail",
        priority=3,
        delay_ms=1_000,
        run_at_ms=1_800_000_000_000,
        max_attempts=5,
        timeout_ms=1_000,
        backoff=Backoff(2_000, 3_000),
        key="k",
        headers={"a": "b"},
    )
    assert fingerprint(full) == "e9cf7083cf9c034cb320cf30d200e0d83daf68f4ee167e5e9a84f9f6bbf36776"


def test_a_new_field_with_its_default_changes_no_digest() -> None:
    class Before(msgspec.Struct):
        name: str
        backoff: Backoff = Backoff()

    class After(Before):
        labels: dict[str, str] = msgspec.field(default_factory=dict)
        tries: int | None = None

    before, after = Before("x", Backoff(2_000)), After("x", Backoff(2_000))
    assert digest(non_defaults(before)) == digest(non_defaults(after))
    assert digest(non_defaults(after)) != digest(non_defaults(After("x", Backoff(2_000), {"a": "b"})))


@pytest.mark.parametrize(
    "payload",
    [
        b' { "n" : 1,\n"to":"a" } ',
        b'{"to":"a","n":1}',
        b'{"n":1,"to":"\\u0061"}',
    ],
)
def test_the_same_json_has_the_same_fingerprint(payload: bytes) -> None:
    assert fingerprint(job(payload)) == fingerprint(job())


@pytest.mark.parametrize(
    "payload",
    [
        b'{"n":2,"to":"a"}',
        b'{"n":1.0,"to":"a"}',
        b'{"n":"1","to":"a"}',
        b'{"n":1,"to":"a","x":null}',
        b'[1,"a"]',
    ],
)
def test_another_payload_has_another_fingerprint(payload: bytes) -> None:
    assert fingerprint(job(payload)) != fingerprint(job())


def test_no_digit_of_a_number_is_lost() -> None:
    numbers = [b"0.1", b"0.10000000000000000001", b"9007199254740993", b"9007199254740992", b"1" + b"0" * 40 + b"1"]
    assert len({fingerprint(job(number)) for number in numbers}) == len(numbers)


def test_ids_and_trace_headers_are_not_compared() -> None:
    traced = job(id="1" * 26, headers={"traceparent": "00-1", "tracestate": "x", "baggage": "y=1"})
    assert fingerprint(traced) == fingerprint(job()) == fingerprint(job(headers={}))
    assert fingerprint(job(headers={"a": "b"})) != fingerprint(job())
