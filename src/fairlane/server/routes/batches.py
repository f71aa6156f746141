"""Batches: jobs that belong together."""

from __future__ import annotations

from http import HTTPStatus

from ...model.batch import Batch, BatchPage
from ...model.names import check_name
from ...model.token import TokenKind
from ...rest.batches import BatchListing, CreatedBatch, NewBatchBody
from ...rest.limits import LARGE_BODY
from ...rest.many_jobs import BatchBody, BatchResults
from ..http.answers import Answer, json_answer
from ..http.call import Call
from ..http.endpoint import Endpoint, Reply
from .submit import make_jobs

_PATH = "/batches/{id}"


async def create_batch(call: Call, body: NewBatchBody) -> Answer:
    """Create a batch with its first jobs. It takes more jobs until it is sealed."""
    batches = call.backend.batches
    batch = await batches.create(body.to_batch(batches.new_id, call.tenant_id))
    results = await make_jobs(call, body.jobs, batch) if body.jobs else []
    shown = await batches.get(batch.id) if body.jobs else batch
    location = (b"location", call.public_path("/batches/" + batch.id).encode())
    return json_answer(CreatedBatch.of(shown, results), HTTPStatus.CREATED, [location])


async def list_batches(call: Call, query: BatchListing) -> BatchPage:
    """Batches, the newest first."""
    if query.tenant_id is not None:
        check_name(query.tenant_id, "tenantId", "/tenantId")
    return await call.backend.batches.list(query.limit, query.cursor, query.tenant_id)


async def show_batch(call: Call) -> Batch:
    """A batch, and how many of its jobs have ended in which way."""
    return await call.backend.batches.get(call.path("id"))


async def add_to_batch(call: Call, body: BatchBody) -> BatchResults:
    """Make jobs of a batch. A refused job does not keep the others from being made."""
    batch = await call.backend.batches.get(call.path("id"))
    return BatchResults(results=await make_jobs(call, body.jobs, batch))


async def seal_batch(call: Call) -> Batch:
    """Say that a batch is complete. It then takes jobs from its own running jobs only."""
    return await call.backend.batches.seal(call.path("id"))


async def cancel_batch(call: Call) -> Batch:
    """Seal a batch, cancel its waiting jobs, and ask the workers of its running ones to stop."""
    return await call.backend.batches.cancel(call.path("id"))


ENDPOINTS = (
    Endpoint("GET", "/batches", list_batches).open_to(TokenKind.TENANT, TokenKind.MONITOR),
    Endpoint(
        "POST",
        "/batches",
        create_batch,
        errors=(409, 507),
        replies={
            201: Reply(CreatedBatch, headers={"Location": "Where the batch is."}, always=frozenset({"Location"})),
        },
        max_body=LARGE_BODY,
    ).open_to(TokenKind.TENANT),
    Endpoint("GET", _PATH, show_batch, errors=(404,)).open_to(TokenKind.TENANT, TokenKind.MONITOR),
    Endpoint("POST", _PATH + "/jobs", add_to_batch, errors=(404, 507), max_body=LARGE_BODY).open_to(TokenKind.TENANT),
    Endpoint("POST", _PATH + "/seal", seal_batch, errors=(404,)).open_to(TokenKind.TENANT),
    Endpoint("POST", _PATH + "/cancel", cancel_batch, errors=(404, 409)).open_to(TokenKind.TENANT),
)
