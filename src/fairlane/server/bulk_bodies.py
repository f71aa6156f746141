"""What bulk calls take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from ..model.bulk import BulkAction
from ..model.errors import InvalidInput
from ..model.ids import is_job_id
from ..model.job import MAX_BATCH, JobQuery
from .bodies import Body, JobId, Name
from .http.parsing import part_of_body
from .queries import Cursor, JobFilter, Query

MAX_BULK = 10_000
BulkSize = Annotated[int, Meta(ge=1, le=MAX_BULK)]


class Filter(JobFilter, frozen=True, forbid_unknown_fields=True):
    """The jobs that match all that is given. Without a state: in each state that allows the action."""


class ActionBody(Body, frozen=True):
    """What to do with which jobs: those of `ids`, or up to `limit` that match `filter`.

    `retry` is for failed jobs, `cancel` for unfinished ones, `delete` for ended ones. Others are left alone and
    not counted. `more` in the answer: repeat the call, with its `nextCursor` as `cursor` if there are many.
    """

    action: BulkAction
    ids: Annotated[list[JobId], Meta(min_length=1, max_length=MAX_BATCH)] | None = None
    filter: Filter | None = None
    limit: BulkSize = MAX_BULK
    cursor: Cursor | None = None

    def which(self) -> JobQuery | Sequence[str]:
        """The jobs that are meant. Raises InvalidInput unless they are told in one way."""
        if self.filter is not None and self.ids is not None:
            raise InvalidInput("give either ids or a filter", "/ids")
        if self.filter is not None:
            with part_of_body("/filter"):
                return self.filter.to_query(self.limit, self.cursor)
        if self.ids is None:
            raise InvalidInput("give ids, or a filter ({} for every job that allows the action)", "/filter")
        for i, job_id in enumerate(self.ids):
            if not is_job_id(job_id):
                raise InvalidInput("no job can have this id", f"/ids/{i}")
        return self.ids


class Bulk(Query, frozen=True):
    """Which failed jobs a bulk call means, and how many of them at most."""

    tenant_id: Name | None = None
    queue: Name | None = None
    task: Name | None = None
    limit: BulkSize = MAX_BULK


class BulkBody(Body, frozen=True):
    """The same as the query parameters, for clients that would rather send JSON."""

    tenant_id: Name | None = None
    queue: Name | None = None
    task: Name | None = None
    limit: BulkSize = MAX_BULK
