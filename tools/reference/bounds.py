"""The bounds: every number of names and every sum of bytes, with the refusal beyond it and the test at it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from fairlane.engine import listing, ranking
from fairlane.model import (
    batch,
    dead_letters,
    job,
    lease,
    logs,
    monitor,
    names,
    overview,
    queue_limits,
    schedule,
    tenant,
    token,
)
from fairlane.model.json_text import MAX_DEPTH
from fairlane.rest import limits
from fairlane.server.http import load, protocol, room
from fairlane.server.settings import ServerSettings
from fairlane.server.streams import hub
from tools.reference.markdown import table

_INTRODUCTION = """# Bounds

Every number of names and every sum of bytes has a bound. This page lists them, with the answer beyond each one and
the test that proves it. A status is that of the API; [errors](errors.md) has the exception of the SDK.

"""
_SERVER = ServerSettings()
_DEFAULT = tenant.TenantPolicy()


class Bound(NamedTuple):
    """A row of the page."""

    what: str
    most: str
    beyond: str
    test: str
    """File and function below `tests`."""


_BOUNDS = "engine/test_name_bounds.py"
_HTTP = "server/test_http.py"
_SLOW = "server/test_slow_readers.py"
_TOKENS = "server/test_token_bounds.py"


def _count(number: int) -> str:
    return f"{number:,}"


def _of_each_kind(what: str) -> str:
    return ", ".join(f"{kind} {_count(getattr(most, what))}" for kind, most in load.MOST.items())


def _size(size: int) -> str:
    for unit, name in ((1 << 20, "MiB"), (1 << 10, "KiB")):
        if size % unit == 0:
            return f"{size // unit} {name}"
    return f"{size:,} bytes"


STORE = (
    Bound(
        "tenants that have submitted a job or for which limits were set", _count(tenant.MAX_TENANTS),
        "422 for a new tenant", f"{_BOUNDS}::test_the_last_tenant_is_known_and_the_next_is_refused",
    ),
    Bound(
        "workers with a recent heartbeat", _count(lease.MAX_WORKERS), "409 for a new worker",
        f"{_BOUNDS}::test_the_last_worker_is_known_and_the_next_is_refused",
    ),
    Bound(
        "paused queues", _count(overview.MAX_PAUSED_QUEUES), "422",
        f"{_BOUNDS}::test_the_last_queue_is_paused_and_the_next_is_refused",
    ),
    Bound(
        "queues with limits", _count(queue_limits.MAX_LIMITED_QUEUES), "422",
        "engine/test_queue_limits.py::test_a_store_keeps_a_bounded_number_of_limited_queues",
    ),
    Bound(
        "names of queues with waiting jobs", "the tenant's waiting jobs", "429, as for these jobs",
        "engine/test_script_time.py::test_scripts_are_short_whatever_the_number_of_queue_names",
    ),
    Bound(
        "names of empty queues", "10,000, or those of a day", "forgotten after a minute",
        f"{_BOUNDS}::test_names_of_empty_queues_are_forgotten_after_a_minute_if_there_are_many",
    ),
    Bound(
        "access tokens", _count(token.MAX_TOKENS), "422",
        f"{_BOUNDS}::test_the_last_token_is_created_and_the_next_is_refused",
    ),
    Bound(
        "dashboard sessions of a token", _count(token.MAX_SESSIONS), "the oldest ends",
        "access/test_known_tokens.py::test_the_sessions_of_a_token_are_bounded_and_ended_ones_leave_nothing",
    ),
    Bound(
        "entries of the audit log", "10,000 about operators, 5,000 about tenants", "the oldest are deleted",
        "backend/test_audit.py::test_the_log_is_bounded_and_tenants_displace_no_change_of_limits",
    ),
    Bound(
        "history of figures", f"{monitor.MAX_HISTORY_MINUTES // 60} hours", "the oldest are deleted",
        "engine/test_history.py::test_history_is_bounded",
    ),
    Bound(
        "memory of the embedded store", "half of the machine's or container's (`--max-memory`)",
        "507 for new jobs; completed jobs are deleted early",
        "acceptance/test_up.py::test_a_full_embedded_store_takes_no_jobs_until_workers_have_made_room",
    ),
)  # fmt: skip

TENANT = (
    Bound(
        "scheduled and pending jobs (`maxWaiting`)", f"{_DEFAULT.max_waiting:,} by default", "429 with `Retry-After`",
        "backend/test_submitting.py::test_a_full_backlog_refuses_jobs_until_one_has_left_it",
    ),
    Bound(
        "completed jobs, and cancelled jobs (`keepCompletedMax`)", f"{_DEFAULT.keep_completed_max:,} by default",
        "the oldest are deleted", "engine/test_upkeep.py::test_prune_forgets_the_oldest_above_the_count",
    ),
    Bound(
        "failed jobs (`keepFailedMax`)", f"{_DEFAULT.keep_failed_max:,} by default", "the oldest are deleted",
        "engine/test_upkeep.py::test_a_flood_of_one_tenant_evicts_nothing_of_another",
    ),
    Bound(
        "schedules", _count(schedule.MAX_SCHEDULES), "422",
        f"{_BOUNDS}::test_the_last_schedule_of_a_tenant_is_made_and_the_next_is_refused",
    ),
    Bound(
        "batches", _count(batch.MAX_BATCHES), "the first that was over is deleted; 422 if none is over",
        "engine/test_batches.py::test_a_tenant_with_as_many_batches_as_it_may_loses_the_first_that_was_over",
    ),
    Bound(
        "jobs of a batch that are kept", _count(batch.MAX_BATCH_JOBS), "422",
        "engine/test_batches.py::test_the_last_job_joins_a_batch_and_the_next_is_refused",
    ),
    Bound(
        "payloads and headers of the callbacks of a batch", _size(batch.MAX_CALLBACK_BYTES), "422",
        "backend/test_batches.py::test_callbacks_are_bounded",
    ),
)  # fmt: skip

JOB = (
    Bound(
        "names of tenants, queues, tasks, workers and tokens", f"{names.NAME_LENGTH} characters", "422",
        "server/test_submit.py::test_a_bad_field_is_named",
    ),
    Bound(
        "payload", _size(job.MAX_PAYLOAD_BYTES), "413", "server/test_payloads.py::test_bodies_that_are_no_job",
    ),
    Bound("result", _size(job.MAX_RESULT_BYTES), "413", "server/test_payloads.py::test_bad_results_are_refused"),
    Bound(
        "headers, as JSON", _size(job.MAX_HEADERS_BYTES), "422", "server/test_submit.py::test_a_bad_field_is_named",
    ),
    Bound(
        "tags", f"{job.MAX_TAGS} of {job.MAX_TAG_LENGTH} characters", "422",
        "server/test_submit.py::test_a_bad_field_is_named",
    ),
    Bound(
        "nesting of arrays and objects", f"{MAX_DEPTH} levels", "422",
        "server/test_payloads.py::test_bad_results_are_refused",
    ),
    Bound(
        "error with its traceback", _size(job.MAX_ERROR_BYTES), "the beginning of the traceback is left out",
        "worker/test_outcomes.py::test_an_error_is_stored_within_its_limit_whatever_its_text",
    ),
    Bound(
        "log", f"{logs.MAX_LOG_LINES} lines, {_size(logs.MAX_LOG_BYTES)}", "the first lines are left out",
        "backend/test_logs.py::test_the_last_lines_are_kept",
    ),
    Bound(
        "idempotency key", "255 characters", "422", "server/test_idempotency.py::test_the_longest_key_is_taken",
    ),
)  # fmt: skip

CALL = (
    Bound(
        "connections of a server", _count(_SERVER.max_connections), "503 with `Retry-After`",
        f"{_HTTP}::test_connections_beyond_the_bound_are_refused_until_others_close",
    ),
    Bound(
        "connections of an access token", _of_each_kind("connections"), "429 with `Retry-After`",
        f"{_TOKENS}::test_the_connections_of_a_token_are_bounded_idle_ones_too",
    ),
    Bound(
        "requests in progress of an access token", _of_each_kind("requests"), "429 with `Retry-After`",
        f"{_TOKENS}::test_the_long_polls_of_a_token_are_bounded",
    ),
    Bound(
        "streams of an access token", _of_each_kind("streams"), "429 with `Retry-After`",
        f"{_TOKENS}::test_the_streams_of_a_token_are_bounded_and_others_have_room",
    ),
    Bound(
        "path and query", _size(limits.MAX_URI), "414", f"{_HTTP}::test_a_long_uri_is_414",
    ),
    Bound(
        "head of a request", f"{_size(protocol.HEAD_LIMIT_BYTES)}, {protocol.MAX_HEADERS} headers", "431",
        f"{_HTTP}::test_endless_heads_are_refused",
    ),
    Bound(
        "body of a request",
        f"{_size(limits.LARGE_BODY)} with many items, {_size(limits.JOB_BODY)} with one job, else "
        f"{_size(limits.SMALL_BODY)}",
        "413", f"{_HTTP}::test_a_body_said_to_be_large_is_refused_before_it_comes",
    ),
    Bound(
        "time for a request to arrive", f"{_SERVER.request_seconds:g} s", "408",
        f"{_HTTP}::test_a_trickle_counts_as_slow",
    ),
    Bound(
        "jobs that one call submits", _count(job.MAX_BATCH), "422",
        "server/test_batch.py::test_a_thousand_jobs_come_back_in_order",
    ),
    Bound(
        "jobs that one bulk call changes", _count(limits.MAX_BULK), "422",
        "server/test_bulk.py::test_what_cannot_be_is_refused",
    ),
    Bound(
        "dead letters that are grouped", _count(dead_letters.COMPARED), "the answer says `more`",
        "server/test_dead_letters.py::test_a_thousand_are_compared_in_a_bounded_number_of_reads",
    ),
    Bound(
        "tenants that a ranking looks at", _count(ranking.TENANTS_A_STEP * ranking.STEPS), "later calls look further",
        "server/test_tenants.py::test_all_tenants_are_ranked_however_many_come_first_by_id",
    ),
    Bound(
        "items of a page", _count(limits.MAX_PAGE), "422", "server/test_listings.py::test_bad_parameters_are_named",
    ),
    Bound(
        "bytes of a page of jobs", _size(listing.MAX_PAGE_BYTES), "the page ends with a cursor",
        "engine/test_listings.py::test_a_page_ends_at_one_mebibyte",
    ),
    Bound(
        "bytes of a page of schedules", _size(listing.MAX_PAGE_BYTES), "the page ends with a cursor",
        "engine/test_schedule_pages.py::test_pages_end_at_one_mebibyte_and_show_each_schedule_once",
    ),
    Bound(
        "pages of jobs that a server reads at once", _count(listing.AT_ONCE), "others wait",
        "engine/test_listings.py::test_a_process_reads_few_pages_at_the_same_time",
    ),
    Bound(
        "large answers that a server makes or that wait for clients to read them", _size(room.MOST_BYTES),
        f"503 with `Retry-After`, after {room.PATIENCE_S:g} s",
        f"{_SLOW}::test_answers_that_are_not_read_take_bounded_room",
    ),
    Bound(
        "time without reading an answer", f"{_SERVER.stalled_seconds:g} s", "the server closes the connection",
        f"{_SLOW}::test_a_client_that_reads_nothing_is_cut_off",
    ),
    Bound(
        "long poll", f"{limits.MAX_WAIT_SECONDS} s", "it is answered after this time",
        "server/test_long_poll.py::test_a_longer_wait_is_answered_at_the_bound",
    ),
    Bound(
        "events that a server keeps for clients that come back",
        f"{hub.MAX_EVENTS} and {_size(hub.MAX_EVENT_BYTES)}", "a `reset` event",
        "server/test_events.py::test_one_that_was_away_too_long_starts_anew",
    ),
    Bound(
        "queues that a worker names",
        f"{lease.MAX_CLAIM_QUEUES}, {lease.MAX_QUEUES_LENGTH:,} characters together", "422",
        f"{_BOUNDS}::test_the_names_of_a_workers_queues_are_bounded_together",
    ),
    Bound(
        "jobs of a claim", _count(lease.MAX_CLAIM), "422",
        "server/test_lifecycle.py::test_the_worker_protocol_names_bad_fields",
    ),
)  # fmt: skip

SECTIONS = {"Of a store": STORE, "Of a tenant": TENANT, "Of a job": JOB, "Of a call": CALL}


def page() -> str:
    """The text of docs/reference/bounds.md."""
    return _INTRODUCTION + "".join(f"## {title}\n\n{_table(bounds)}" for title, bounds in SECTIONS.items())


def _table(bounds: Iterable[Bound]) -> str:
    rows = ((bound.what, bound.most, bound.beyond, f"`tests/{bound.test}`") for bound in bounds)
    return table(["what", "at most", "beyond it", "test"], rows)
