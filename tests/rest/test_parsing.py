"""Request bodies become values, or errors that name the field."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from fairlane.model.errors import InvalidInput
from fairlane.rest.jobs import JobBody
from fairlane.rest.leases import ClaimBody, ExtendBody
from fairlane.rest.parsing import parse_body
from fairlane.rest.problems import HttpError
from fairlane.rest.tenants import LimitsBody
from fairlane.rest.whole_numbers import MAX_BYTES


def parse(kind: type[Any], text: bytes) -> Any:
    return parse_body(msgspec.json.Decoder(kind), text)


@pytest.mark.parametrize("number", [b"5.0", b"5.000", b"50e-1", b"0.5e1"])
def test_a_whole_number_may_have_a_fraction_of_zero(number: bytes) -> None:
    body = parse(JobBody, b'{"tenantId":"a","payload":1,"priority":%b,"maxAttempts":%b}' % (number, number))
    assert (body.priority, body.max_attempts) == (5, 5)
    assert parse(ClaimBody, b'{"workerId":"w","max":%b}' % number).max == 5
    assert parse(LimitsBody, b'{"submitRate":{"limit":%b},"concurrency":%b}' % (number, number)).to_change() == (
        parse(LimitsBody, b'{"submitRate":{"limit":5},"concurrency":5}').to_change()
    )


def test_numbers_deep_in_a_body_count_too() -> None:
    line = b'{"at":"2027-01-01T00:00:00Z","attempt":2.0,"level":"i","logger":"l","message":"m"}'
    lease = b'{"jobId":"j","token":"t","logs":{"first":3.0,"lines":[%b]}}' % line
    body = parse(ExtendBody, b'{"worker":{"id":"w","slots":4.0},"leases":[%b]}' % lease)
    assert (body.worker.slots, body.leases[0].logs.first, body.leases[0].logs.lines[0].attempt) == (4, 3, 2)


def test_a_payload_keeps_its_numbers() -> None:
    payload = b'{"z": 1.0, "a": 12345678901234567890.0, "priority": 2.0}'
    body = parse(JobBody, b'{"priority":5.0,"tenantId":"a","payload":%b}' % payload)
    assert bytes(body.payload) == payload


@pytest.mark.parametrize("number", [b"5.5", b'"5"', b"true", b"1e300", b"-1.0", b"10.0"])
def test_other_values_are_refused_by_name(number: bytes) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse(JobBody, b'{"tenantId":"a","payload":1,"priority":%b}' % number)
    assert refused.value.pointer == "/priority"


def test_bad_json_after_a_whole_number_is_bad_json() -> None:
    with pytest.raises(HttpError) as refused:
        parse(JobBody, b'{"priority":5.0,"tenantId":"a","payload":')
    assert refused.value.code == "malformed_json"


def test_a_large_body_is_not_rewritten() -> None:
    with pytest.raises(InvalidInput) as refused:
        parse(JobBody, b'{"priority":5.0,"tenantId":"a","payload":"%b"}' % (b"x" * MAX_BYTES))
    assert refused.value.pointer == "/priority"
