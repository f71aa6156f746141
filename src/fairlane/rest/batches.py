"""Batches: jobs that belong together, and what to make when they have ended."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from ..model.backoff import Backoff
from ..model.batch import Batch, NewBatch, check_callbacks
from ..model.bounded import check_headers
from ..model.errors import InvalidInput
from ..model.job import MAX_BATCH, MAX_TAGS, NewJob
from ..model.names import check_name
from ..model.tags import check_tags
from .fields import JobId, Name, Tag, ms_of
from .jobs import BackoffBody, NewId, WorkBody, chosen_id
from .listings import Page
from .many_jobs import BatchResult, RawItem
from .parsing import part_of_body
from .structs import Body, same_fields


class CallbackBody(WorkBody, frozen=True, kw_only=True):
    """A job that a batch makes."""

    backoff: BackoffBody | None = None
    headers: dict[str, str] | None = None
    tags: Annotated[tuple[Tag, ...], Meta(max_length=MAX_TAGS)] = ()

    @classmethod
    def of(cls, job: NewJob) -> CallbackBody:
        return cls(
            **_fields_of_job(job),
            payload=msgspec.Raw(job.payload),
            timeout_seconds=job.timeout_ms / 1000,
            backoff=None if job.backoff == Backoff() else BackoffBody.of(job.backoff),
            headers=job.headers or None,
        )

    def to_job(self, tenant_id: str) -> NewJob:
        """The callback. Raises InvalidInput, PayloadTooLarge."""
        return NewJob(
            **_fields_of_body(self),
            id="",
            tenant_id=tenant_id,
            payload=self.check_work(),
            timeout_ms=ms_of(self.timeout_seconds),
            backoff=Backoff() if self.backoff is None else self.backoff.to_backoff(),
            headers=check_headers(self.headers) if self.headers else None,
            tags=check_tags(self.tags),
        )


class NewBatchBody(Body, frozen=True, kw_only=True):
    """A batch to create. It takes more jobs until it is sealed."""

    tenant_id: Name | None = None
    """May be left out with a tenant's token."""
    id: JobId | None = None
    """For clients that repeat a request after a lost reply: an id that they made, in the tenant's partition."""
    jobs: Annotated[tuple[RawItem, ...], Meta(max_length=MAX_BATCH)] = ()
    """The first jobs. Their `tenantId` may be left out."""
    then: CallbackBody | None = None
    """Made once the batch is sealed and all its jobs have completed."""
    on_failure: CallbackBody | None = None
    """Made once the first job has failed for good or was cancelled, unless the batch is cancelled as a whole."""
    finally_: CallbackBody | None = msgspec.field(default=None, name="finally")
    """Made once the batch is sealed and all its jobs have ended."""

    @classmethod
    def of(cls, batch: NewBatch) -> NewBatchBody:
        made = {name: CallbackBody.of(job) for name, job in batch.callbacks.items()}
        return cls(
            tenant_id=batch.tenant_id,
            id=batch.id,
            then=made.get("then"),
            on_failure=made.get("on_failure"),
            finally_=made.get("finally"),
        )

    def to_batch(self, new_id: NewId, token_tenant: str | None) -> NewBatch:
        """The batch that this requests. Raises InvalidInput, PayloadTooLarge."""
        tenant_id = self.tenant_id or token_tenant
        if tenant_id is None:
            raise InvalidInput("tenantId may be left out only with a tenant's token", "/tenantId")
        check_name(tenant_id, "tenantId", "/tenantId")
        return check_callbacks(
            NewBatch(
                id=new_id(tenant_id) if self.id is None else chosen_id(new_id, tenant_id, self.id),
                tenant_id=tenant_id,
                then=_callback(self.then, tenant_id, "/then"),
                on_failure=_callback(self.on_failure, tenant_id, "/onFailure"),
                finally_=_callback(self.finally_, tenant_id, "/finally"),
            )
        )


class CreatedBatch(Batch, frozen=True, kw_only=True, rename="camel"):
    """A batch that was created, and one result for each of its first jobs, in order."""

    results: list[BatchResult]

    @classmethod
    def of(cls, batch: Batch, results: list[BatchResult]) -> CreatedBatch:
        return cls(**{name: getattr(batch, name) for name in Batch.__struct_fields__}, results=results)


class BatchListing(Page, frozen=True):
    """A page of the batches of a tenant, or of all."""

    tenant_id: Name | None = None


def _callback(body: CallbackBody | None, tenant_id: str, pointer: str) -> NewJob | None:
    if body is None:
        return None
    with part_of_body(pointer):
        return body.to_job(tenant_id)


_fields_of_job = same_fields(NewJob, CallbackBody, "payload", "backoff", "headers")
_fields_of_body = same_fields(CallbackBody, NewJob, "payload", "backoff", "headers", "tags")
