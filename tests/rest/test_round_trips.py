"""Every field of the model crosses the API and returns unchanged. A field that rest/ forgets fails here."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from fairlane.model.backoff import Backoff
from fairlane.model.canonical import non_defaults
from fairlane.model.errors import InvalidInput
from fairlane.model.ids import new_job_id
from fairlane.model.job import (
    Job,
    JobError,
    JobQuery,
    Large,
    NewJob,
    OnConflict,
    OnNeedFailed,
    Parent,
    Progress,
    Submission,
    SubmitStatus,
)
from fairlane.model.lease import ClaimRequest, FailureKind, LeaseReport, Outcome, OutcomeKind, WorkerReport
from fairlane.model.logs import LogLine, LogPiece
from fairlane.model.schedule import Missed, Overlap, ScheduleSpec
from fairlane.model.states import State
from fairlane.model.tenant import PolicyChange, Rate
from fairlane.model.work import WorkCounts
from fairlane.rest.jobs import BatchItem, JobBody, created_job
from fairlane.rest.leases import ClaimBody, ExtendBody, FinishBody, extend_bodies, finish_bodies
from fairlane.rest.listings import Search, search_parameters
from fairlane.rest.schedules import ScheduleBody
from fairlane.rest.tenants import LimitsBody
from fairlane.rest.workers import WorkerBody, WorkerView

AT = datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC)
JOB = NewJob(
    id=new_job_id(0),
    tenant_id="acme",
    payload=b'{"n": 1}',
    task="mail",
    queue="out",
    priority=7,
    max_attempts=4,
    timeout_ms=1_500,
    backoff=Backoff(2_000, 9_000),
    key="k",
    on_conflict=OnConflict.REPLACE,
    headers={"trace": "t"},
    tags=("import", "v2"),
    batch_id=new_job_id(0),
    idempotency_key="once",
    expires_in_ms=60_000,
    on_need_failed=OnNeedFailed.RUN,
    parent=Parent(new_job_id(0), "proof"),
)


def new_id(tenant_id: str) -> str:
    return new_job_id(0)


def sent(job: NewJob) -> NewJob:
    """The job as the server receives it."""
    text = msgspec.json.encode(BatchItem.of(job, job.idempotency_key))
    return msgspec.json.decode(text, type=BatchItem).to_item(new_id)


def fields_with_defaults(struct: msgspec.Struct) -> set[str]:
    return set(struct.__struct_fields__) - set(non_defaults(struct))


def test_a_job() -> None:
    assert fields_with_defaults(JOB) == {"delay_ms", "run_at_ms", "max_delay_ms", "needs"}
    delayed = msgspec.structs.replace(JOB, delay_ms=10_500)
    dated = msgspec.structs.replace(JOB, run_at_ms=round(AT.timestamp() * 1000))
    assert [sent(job) for job in (JOB, delayed, dated)] == [JOB, delayed, dated]
    plain = NewJob(id=JOB.id, tenant_id="acme", payload=b"1")
    assert sent(plain) == plain


def test_a_job_with_needs() -> None:
    job = NewJob(id=JOB.id, tenant_id="acme", payload=b"1", needs=(new_job_id(0), new_job_id(0)))
    assert sent(job) == job


def test_a_job_that_debounces() -> None:
    plain = NewJob(id=JOB.id, tenant_id="acme", payload=b"1", key="k", delay_ms=500)
    job = msgspec.structs.replace(plain, on_conflict=OnConflict.DEBOUNCE, max_delay_ms=2_500)
    assert sent(job) == job


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"onConflict": "replace"}, "/onConflict"),
        ({"onConflict": "debounce", "key": "k"}, "/delaySeconds"),
        ({"onConflict": "debounce", "key": "k", "delaySeconds": 5}, "/maxDelaySeconds"),
        ({"onConflict": "debounce", "key": "k", "delaySeconds": 5, "maxDelaySeconds": 4}, "/maxDelaySeconds"),
        ({"key": "k", "delaySeconds": 5, "maxDelaySeconds": 9}, "/maxDelaySeconds"),
        ({"delaySeconds": 5, "expiresInSeconds": 5}, "/expiresInSeconds"),
    ],
)
def test_options_that_contradict_each_other_are_refused(fields: dict[str, object], pointer: str) -> None:
    body = msgspec.convert({"tenantId": "acme", "payload": msgspec.Raw(b"1"), **fields}, JobBody)
    with pytest.raises(InvalidInput) as refused:
        body.to_new_job(new_id, None)
    assert refused.value.pointer == pointer


def test_a_new_job_is_shown_as_it_was_requested() -> None:
    shown = created_job(JOB, Submission(SubmitStatus.CREATED, JOB.id, State.PENDING, 1_700_000_000_000))
    for name in set(JOB.__struct_fields__) & set(Job.__struct_fields__) - {"payload"}:
        assert getattr(shown, name) == getattr(JOB, name), name
    assert bytes(shown.payload) == JOB.payload
    assert shown.timeout_seconds == 1.5


def test_a_search() -> None:
    query = JobQuery(
        state=State.FAILED,
        tenant_id="acme",
        queue="out",
        task="mail",
        key="k",
        tag="import",
        batch_id=new_job_id(0),
        created_from=AT,
        created_to=AT.replace(year=2028),
        limit=7,
        cursor="c",
        include=frozenset(Large),
    )
    assert fields_with_defaults(query) == set()
    parameters = msgspec.convert(search_parameters(query), Search, strict=False)
    assert parameters.to_search() == query


def test_a_change_of_limits() -> None:
    change = PolicyChange(
        submit_rate=Rate(3, 2.5),
        concurrency=None,
        start_rate=Rate(4, 60),
        weight=2.5,
        paused=True,
        max_waiting=7,
        keep_completed_seconds=1.5,
        keep_completed_max=2,
        keep_failed_seconds=3.5,
        keep_failed_max=4,
    )
    assert fields_with_defaults(change) == set()
    for sent_change in (change, PolicyChange(), PolicyChange(submit_rate=None), PolicyChange(paused=False)):
        text = msgspec.json.encode(sent_change)
        assert msgspec.json.decode(text, type=LimitsBody).to_change() == sent_change


def test_a_claim() -> None:
    claim = ClaimRequest(worker_id="w1", claim_id="c1", max=5, queues=("a", "b"), lease_ms=7_000, wait_ms=2_500)
    assert fields_with_defaults(claim) == set()
    text = msgspec.json.encode(ClaimBody.of(claim, claim.wait_ms))
    assert msgspec.json.decode(text, type=ClaimBody).to_request() == claim


def test_a_worker_and_its_leases() -> None:
    worker = WorkerReport(
        id="w1",
        queues=("a",),
        slots=3,
        running=2,
        host="h",
        pid=7,
        started_at=1_700_000_000.5,
        draining=True,
        jobs=(JOB.id,),
        tasks=("report",),
        stalled=True,
        version="1.2.3",
        memory_bytes=64_000_000,
        work=WorkCounts(3, {"wait/mail/5": 1}),
        heartbeat_at=1_700_000_001.5,
    )
    assert fields_with_defaults(worker) == set()
    logs = LogPiece(4, [LogLine(AT, 2, "info", "shop", "text")])
    report = LeaseReport(JOB.id, "token", Progress(1, 3, "reading"), logs)
    assert fields_with_defaults(report) == set()
    (text,) = extend_bodies(worker, [report], 7_000)
    body = msgspec.json.decode(text, type=ExtendBody)
    assert body.worker.to_report() == msgspec.structs.replace(worker, heartbeat_at=0.0)
    assert [lease.to_report("") for lease in body.leases] == [report]
    assert body.lease_seconds == 7
    shown = msgspec.json.decode(msgspec.json.encode(WorkerView.of(worker)), type=WorkerView)
    assert shown.to_report() == msgspec.structs.replace(worker, tasks=(), work=None)  # lists leave them out
    assert WorkerBody.of(WorkerReport(id="w2", slots=1)).to_report() == WorkerReport(id="w2", slots=1)


def test_outcomes() -> None:
    logs = LogPiece(0, [LogLine(AT, 1, "info", "shop", "text")])
    failed = Outcome(
        job_id=JOB.id,
        token="token",
        kind=OutcomeKind.FAILED,
        error=JobError("E", "m", "t"),
        failure=FailureKind.TIMED_OUT,
        delay_ms=1_500,
        progress=Progress(1),
        logs=logs,
    )
    assert fields_with_defaults(failed) == {"result"}
    completed = Outcome(job_id=JOB.id, token="token", kind=OutcomeKind.COMPLETED, result=msgspec.Raw(b'{"a": [1]}'))
    (text,) = finish_bodies([failed, completed])
    first, second = (body.to_outcome("") for body in msgspec.json.decode(text, type=FinishBody).outcomes)
    assert first == failed
    assert second.result is not None and bytes(second.result) == b'{"a": [1]}'


def test_a_schedule() -> None:
    spec = ScheduleSpec(
        tenant_id="acme",
        name="nightly",
        cron="0 3 * * *",
        timezone="Europe/Paris",
        task="mail",
        payload=msgspec.Raw(b"[1]"),
        queue="out",
        priority=7,
        max_attempts=4,
        timeout_seconds=1.5,
        backoff_base_seconds=2.0,
        backoff_cap_seconds=9.0,
        missed=Missed.ALL,
        overlap=Overlap.SKIP,
    )
    assert fields_with_defaults(spec) == set()
    text = msgspec.json.encode(ScheduleBody.of(spec, paused=True, declaration="d"))
    body = msgspec.json.decode(text, type=ScheduleBody)
    assert (body.paused, body.declaration) == (True, "d")
    assert msgspec.json.encode(body.to_spec("acme", "nightly")) == msgspec.json.encode(spec)
