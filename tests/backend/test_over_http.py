"""What only HTTP can do wrong: refusals, servers that are away, replies that are lost."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import msgspec
import pytest

from fairlane.connect import open_backend
from fairlane.model.bulk import BulkAction
from fairlane.model.errors import InvalidInput, PayloadTooLarge, StoreUnavailable
from fairlane.model.ids import new_claim_id
from fairlane.model.job import JobQuery, SubmitStatus
from fairlane.model.lease import ClaimRequest, LeaseReport, LeaseStatus
from fairlane.model.logs import LogLine, LogPiece
from fairlane.model.refusals import refusal_of
from fairlane.model.states import State
from fairlane.remote import RemoteBackend
from fairlane.rest.limits import LARGE_BODY
from fairlane.runtime.sockets import listen
from tools.proof.wire import wire

from .world import WORKER, World

over_http = pytest.mark.parametrize("world", ["http"], indirect=True)


@over_http
async def test_bad_values_name_their_field(world: World) -> None:
    bad = {
        "/priority": world.job(priority=10),
        "/queue": world.job(queue="no spaces"),
        "/payload": world.job(payload=b'"' + b"x" * 300_000 + b'"'),
        "/runAt": world.job(run_at_ms=10**15),
    }
    for pointer, job in bad.items():
        (refused,) = await world.backend.jobs.submit([job])
        error = refusal_of(refused)
        assert (refused.status, refused.job_id) == (SubmitStatus.REFUSED, job.id)
        assert isinstance(error, InvalidInput) and error.pointer == pointer
        assert isinstance(error, PayloadTooLarge) == (pointer == "/payload")
    for name in ("a/b", "", "a b", ".", ".."):
        with pytest.raises(InvalidInput):
            await world.backend.tenants.get(name)
        with pytest.raises(InvalidInput):
            await world.backend.queues.pause(name, True)


@over_http
async def test_a_refused_job_of_a_batch_leaves_the_others_and_their_answers(world: World) -> None:
    await world.backend.jobs.submit([world.job(idempotency_key="k")])
    good, replay = world.job(), world.job(idempotency_key="k")
    bad = [world.job(queue="no spaces"), world.job(idempotency_key="é"), world.job(payload=b"2", idempotency_key="k")]
    answers = await world.backend.jobs.submit([bad[0], good, bad[1], replay, bad[2]])
    assert [answer.status for answer in answers] == [
        SubmitStatus.REFUSED,
        SubmitStatus.CREATED,
        SubmitStatus.REFUSED,
        SubmitStatus.REPLAYED,
        SubmitStatus.KEY_REUSED,
    ]
    assert [str(refusal_of(answer)) for answer in answers] == [
        "queue must be 1 to 128 of the characters A-Z a-z 0-9 . _ : @ -",
        "None",
        "idempotencyKey must be 1 to 255 visible ASCII characters without spaces",
        "None",
        "the idempotency key was used before with another request",
    ]
    assert [getattr(refusal_of(answer), "pointer", None) for answer in answers[:3]] == [
        "/queue",
        None,
        "/idempotencyKey",
    ]
    assert (await world.backend.jobs.get(good.id)).id == good.id


@over_http
async def test_an_idempotency_key_that_no_header_can_carry_is_refused_for_its_job_alone(world: World) -> None:
    (refused,) = await world.backend.jobs.submit([world.job(idempotency_key="é")])
    assert isinstance(refusal_of(refused), InvalidInput)


@over_http
async def test_a_heartbeat_of_many_jobs_that_log_much_fits_into_requests(world: World) -> None:
    await world.unlimit()
    await world.backend.jobs.submit([world.job() for _ in range(100)])
    at = datetime.now(UTC)
    text = "\x01" * 1_000  # six times as long as JSON
    said = LogPiece(0, [LogLine(at, 1, "info", "shop", text)] * 30)
    reports = [LeaseReport(lease.job_id, lease.token, logs=said) for lease in await world.claim(100)]
    assert len(reports) == 100 and len(msgspec.json.encode(reports)) > LARGE_BODY
    world.clock.travel(20)
    statuses = await world.backend.leases.extend(WORKER, reports, lease_ms=30_000)
    assert statuses == [LeaseStatus.OK] * 100
    world.clock.travel(20)
    assert (await world.upkeep.reap(200)).requeued == 0
    for report in (reports[0], reports[-1]):
        assert (await world.backend.jobs.log(report.job_id)).lines[-1].message == text


@over_http
async def test_bulk_calls_name_what_is_wrong(world: World) -> None:
    for which, pointer in (
        (JobQuery(state=State.PENDING), "/filter/state"),
        (JobQuery(key="é"), "/filter/key"),
        (JobQuery(tenant_id="a b"), "/filter/tenantId"),
        (["no id"], "/ids/0"),
    ):
        with pytest.raises(InvalidInput) as refused:
            await world.backend.jobs.change(BulkAction.DELETE, which)
        assert refused.value.pointer == pointer


@over_http
async def test_a_lost_reply_makes_no_second_job(world: World) -> None:
    async with losing_first_reply(world.url) as url:
        queue = RemoteBackend(url)
        job = world.job(idempotency_key="once")
        (made,) = await queue.jobs.submit([job])
        assert (made.status, made.job_id) == (SubmitStatus.CREATED, job.id)
        assert (await queue.monitor.counters()).submitted == 1
        await queue.close()


@over_http
async def test_a_lost_reply_to_a_claim_loses_no_lease(world: World) -> None:
    job_id = await world.submit()
    async with losing_first_reply(world.url) as url:
        queue = RemoteBackend(url)
        leases = await queue.leases.claim(ClaimRequest(worker_id="w1", claim_id=new_claim_id(), max=5, wait_ms=5_000))
        assert [(lease.job_id, lease.attempt) for lease in leases] == [(job_id, 1)]
        await queue.close()


@asynccontextmanager
async def losing_first_reply(url: str) -> AsyncIterator[str]:
    """A URL that leads to `url`. The connection is cut in place of the first reply."""
    async with wire(int(url.rpartition(":")[2])) as proxy:
        proxy.replies_to_cut = 1
        yield f"http://127.0.0.1:{proxy.port}"
        assert proxy.replies_to_cut == 0


async def test_a_server_that_is_away_is_an_unavailable_store() -> None:
    listener = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    listener.close()
    queue = await open_backend(f"http://user:secret@127.0.0.1:{port}")
    began = time.monotonic()
    with pytest.raises(StoreUnavailable) as refused:
        await queue.monitor.counters()
    assert "secret" not in str(refused.value)
    assert time.monotonic() - began < 5
    await queue.close()


@pytest.mark.parametrize("url", ["http://", "ftp://host", "http://host/?a=b", "http://host:port"])
def test_urls_that_are_none_of_an_api_are_refused(url: str) -> None:
    with pytest.raises(InvalidInput):
        RemoteBackend(url)
