"""What the state machine draws: few names and values, so that they often meet."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from fairlane.model.backoff import Backoff
from fairlane.model.job import OnConflict
from fairlane.model.lease import FailureKind, OutcomeKind
from fairlane.model.queue_limits import QueueLimitsChange
from fairlane.model.tenant import PolicyChange, Rate

TENANTS = ("ant", "bee", "cat")
QUEUES = ("mail", "video")
WORKERS = ("w1", "w2")
SUBMIT_WINDOW_S = 60.0
START_WINDOW_S = 10.0

tenants = st.sampled_from(TENANTS)
queues = st.sampled_from(QUEUES)
delays = st.sampled_from([0, 0, 0, 1, 500, 5_000])
lease_times = st.sampled_from([10_000, 30_000])
waits = st.sampled_from([1, 999, 1_000, 500_000, 5_000_000, 10_000_000, 30_000_000, 59_999_999])  # µs
new_jobs: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    tenant_id=tenants,
    queue=queues,
    payload=st.sampled_from([b"{}", b'{"n":1}']),
    priority=st.sampled_from([0, 0, 5, 9]),
    delay_ms=delays,
    max_attempts=st.integers(1, 3),
    backoff=st.sampled_from([Backoff(), Backoff(0, 0), Backoff(2_000, 3_000)]),
    key=st.sampled_from([None, None, "k1", "k2"]),
    expires_in_ms=st.sampled_from([None, None, None, 400, 6_000]),
)
# Few bodies, so that the same request often comes again under one key.
repeatable_jobs: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    tenant_id=tenants,
    payload=st.sampled_from([b"{}", b"{ }", b'{"n":1}']),
    key=st.sampled_from([None, None, "k1"]),
    idempotency_key=st.sampled_from(["i1", "i2"]),
)
# Requests that change an unfinished job with their business key.
conflicting_jobs: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    tenant_id=tenants,
    queue=queues,
    payload=st.sampled_from([b"{}", b'{"n":2}', b'{"n":3}']),
    priority=st.sampled_from([0, 9]),
    delay_ms=st.sampled_from([500, 5_000]),
    max_attempts=st.integers(1, 3),
    key=st.sampled_from(["k1", "k2"]),
    on_conflict=st.sampled_from([OnConflict.REPLACE, OnConflict.DEBOUNCE, OnConflict.DEBOUNCE]),
    max_delay_ms=st.sampled_from([5_000, 8_000]),
    idempotency_key=st.sampled_from([None, None, "i3"]),
    expires_in_ms=st.sampled_from([None, None, 6_000]),
)
callbacks: st.SearchStrategy[dict[str, dict[str, Any]]] = st.dictionaries(
    st.sampled_from(["then", "on_failure", "finally"]),
    st.builds(dict, queue=queues, payload=st.sampled_from([b"{}", b'{"n":4}']), priority=st.sampled_from([0, 5])),
)
endings: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    kind=st.sampled_from([*OutcomeKind, OutcomeKind.FAILED]),
    failure=st.sampled_from([*FailureKind, FailureKind.ERROR]),
    delay_ms=st.sampled_from([None, None, 0, 1, 4_000]),
)
policy_changes = st.one_of(
    st.builds(PolicyChange, concurrency=st.sampled_from([None, 1, 2, 3])),
    st.builds(PolicyChange, start_rate=st.sampled_from([None, *(Rate(n, START_WINDOW_S) for n in (1, 2, 4))])),
    st.builds(PolicyChange, submit_rate=st.sampled_from([None, *(Rate(n, SUBMIT_WINDOW_S) for n in (1, 3, 6))])),
    st.builds(PolicyChange, weight=st.sampled_from([0.5, 1.0, 3.0])),
    st.builds(PolicyChange, paused=st.booleans()),
    st.builds(PolicyChange, max_waiting=st.sampled_from([None, 1, 3])),
    st.builds(PolicyChange, keep_completed_seconds=st.sampled_from([0.0, 5.0, 3_600.0])),
    st.builds(PolicyChange, keep_completed_max=st.sampled_from([0, 1, 3])),
    st.builds(PolicyChange, keep_failed_seconds=st.sampled_from([0.0, 5.0, 3_600.0])),
    st.builds(PolicyChange, keep_failed_max=st.sampled_from([0, 1, 3])),
)
queue_changes = st.one_of(
    st.builds(QueueLimitsChange, concurrency=st.sampled_from([None, 1, 2, 3])),
    st.builds(QueueLimitsChange, start_rate=st.sampled_from([None, *(Rate(n, START_WINDOW_S) for n in (1, 2, 4))])),
)
