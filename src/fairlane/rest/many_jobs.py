"""Many jobs in one call, and how a client divides many items into calls."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Annotated

import msgspec
from msgspec import Meta

from ..model.errors import FairlaneError, InvalidInput
from ..model.job import MAX_BATCH, Job, NewJob, RateUse, Submission, SubmitStatus
from ..model.refusals import refused
from .jobs import BatchItem, JobAnswer, submission_of
from .limits import ITEM_BYTES
from .problems import REFUSED_JOB, Problem, error_of
from .structs import Body, View

SCHEMA_REFERENCE = "#/components/schemas/{name}"
"""Where the OpenAPI document has the schema of a struct."""
RawItem = Annotated[msgspec.Raw, Meta(extra_json_schema={"$ref": SCHEMA_REFERENCE.format(name=BatchItem.__name__)})]
_ITEM = re.compile(r"^/jobs/\d+")


class BatchBody(Body, frozen=True):
    """Jobs to submit in one call. They need not belong to a batch."""

    jobs: Annotated[list[RawItem], Meta(max_length=MAX_BATCH)]
    """Decoded one by one, so that a bad item does not spoil the others."""


class BatchResult(View, frozen=True, omit_defaults=True):
    """The answer to one job of the call: `job` with 200 and 202, else `problem`."""

    status: int
    job: Job | None = None
    problem: Problem | None = None
    replaced: bool = False
    """Whether the job with the same key has this request now."""
    rate: RateUse | None = None
    """With a refused job: the tenant's submission rate, where it has one."""


class BatchResults(View, frozen=True):
    """One result for each job of the call, in order."""

    results: list[BatchResult]


class BatchResultAnswer(BatchResult, frozen=True):
    """A result as a client decodes it."""

    job: JobAnswer | None = None

    def to_submission(self, asked: NewJob) -> Submission:
        """The answer to the job that was asked for. Raises an error that does not concern this job alone."""
        if self.job is None:
            return self._refused(asked)
        if self.status == HTTPStatus.ACCEPTED:
            return submission_of(asked, self.job, SubmitStatus.CREATED)
        if self.replaced:
            return submission_of(asked, self.job, SubmitStatus.REPLACED)
        # For a job with both kinds of key, the result does not say which key found the older job.
        keyed = asked.idempotency_key is not None
        return submission_of(asked, self.job, SubmitStatus.REPLAYED if keyed else SubmitStatus.DEDUPLICATED)

    def _refused(self, asked: NewJob) -> Submission:
        error = FairlaneError("an item has no problem") if self.problem is None else error_of(self.problem)
        if self.status not in REFUSED_JOB:
            raise error
        if isinstance(error, InvalidInput):
            # The caller submitted one sequence, which the client divided into calls.
            error.pointer = _ITEM.sub("", error.pointer)
        return refused(asked.id, error, self.rate)


class BatchResultsAnswer(View, frozen=True):
    """The results as a client decodes them."""

    results: list[BatchResultAnswer]


def bodies(items: Sequence[bytes], field: str, common: bytes = b"") -> Iterator[tuple[slice, bytes]]:
    """Request bodies `{common field: [...]}` that the API takes, each with the places of its items."""
    first, size = 0, 0
    for i, item in enumerate(items):
        if i > first and (i - first == MAX_BATCH or size + len(item) > ITEM_BYTES):
            yield slice(first, i), _body(items[first:i], field, common)
            first, size = i, 0
        size += len(item)
    if items:
        yield slice(first, len(items)), _body(items[first:], field, common)


def _body(items: Sequence[bytes], field: str, common: bytes) -> bytes:
    return b"{" + common + b'"' + field.encode() + b'":[' + b",".join(items) + b"]}"
