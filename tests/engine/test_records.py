"""Requests are stored short if they have no options, and mean the same in any release."""

from typing import Any

import msgspec
import pytest

from fairlane.engine.layouts import DEFAULTS, Header
from fairlane.engine.records import pack_request, unpack_request
from fairlane.model.backoff import Backoff
from fairlane.model.job import NewJob, OnNeedFailed

PLAIN = NewJob(id="00" + 24 * "a", tenant_id="acme", task="report", payload=b"{}")
CREATED = bytes(8)


def header(job: NewJob) -> Header:
    return unpack_request(CREATED + pack_request(job))[1]


def test_a_request_without_options_is_stored_with_four_fields() -> None:
    record = pack_request(PLAIN)
    assert msgspec.msgpack.decode(record[2 : -len(PLAIN.payload)]) == ["acme", "default", "report", 0]
    plain = Header(tenant_id="acme", queue="default", task="report", priority=0)
    assert unpack_request(CREATED + record) == (0, plain, b"{}")


@pytest.mark.parametrize(
    ("options", "stored"),
    [
        ({"max_attempts": 5}, {"max_attempts": 5}),
        ({"timeout_ms": 1_000}, {"timeout_ms": 1_000}),
        ({"backoff": Backoff(base_ms=5, cap_ms=6)}, {"backoff_base_ms": 5, "backoff_cap_ms": 6}),
        ({"key": "k"}, {"key": "k"}),
        ({"headers": {"a": "b"}}, {"headers": '{"a":"b"}'}),
        ({"tags": ("import",)}, {"tags": ("import",)}),
        ({"expires_in_ms": 7}, {"expires_in_ms": 7}),
        ({"on_need_failed": OnNeedFailed.RUN}, {"runs_anyway": True}),
    ],
)
def test_an_option_is_stored(options: dict[str, Any], stored: dict[str, Any]) -> None:
    changed = header(msgspec.structs.replace(PLAIN, **options))
    assert changed == msgspec.structs.replace(header(PLAIN), **stored) != header(PLAIN)


def test_the_values_that_a_stored_header_may_lack_never_change() -> None:
    assert DEFAULTS["Header"] == {
        "max_attempts": 3, "timeout_ms": 300_000, "backoff_base_ms": 1_000, "backoff_cap_ms": 300_000,
        "key": "", "headers": "", "expires_in_ms": 0, "needs": (), "runs_anyway": False,
        "tags": (), "batch_id": "",
    }  # fmt: skip
