"""One change to many jobs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from msgspec import Meta

from ..model.bulk import BulkAction
from ..model.errors import InvalidInput
from ..model.ids import is_job_id
from ..model.job import MAX_BATCH, JobQuery
from ..model.states import State
from .fields import BulkSize, Cursor, JobId, Name
from .limits import MAX_BULK
from .listings import JobFilter, check_filter, filter_fields
from .parsing import part_of_body
from .structs import Body, Query, same_fields


class Filter(JobFilter, frozen=True, forbid_unknown_fields=True):
    """The jobs that match all that is given. Without a state: in each state that allows the action."""


class ActionBody(Body, frozen=True):
    """What to do, and with which jobs: the jobs of `ids`, or up to `limit` jobs that match `filter`.

    `retry` is for failed jobs, `cancel` for unfinished ones, `delete` for ended ones. Other jobs are left alone and
    not counted. If the answer has `more`, repeat the call, with its `nextCursor` as `cursor` if there are many.
    """

    action: BulkAction
    ids: Annotated[list[JobId], Meta(min_length=1, max_length=MAX_BATCH)] | None = None
    filter: Filter | None = None
    limit: BulkSize = MAX_BULK
    cursor: Cursor | None = None

    def which(self) -> JobQuery | Sequence[str]:
        """The jobs to change. Raises InvalidInput unless the body has either ids or a filter."""
        if self.filter is not None and self.ids is not None:
            raise InvalidInput("give either ids or a filter", "/ids")
        if self.filter is not None:
            with part_of_body("/filter"):
                return self.filter.to_query(self.limit, self.cursor)
        if self.ids is None:
            raise InvalidInput("give ids, or a filter ({} for every job that allows the action)", "/filter")
        for i, job_id in enumerate(self.ids):
            if not is_job_id(job_id):
                raise InvalidInput("not a valid job id", f"/ids/{i}")
        return self.ids


class Bulk(Query, frozen=True):
    """Which failed jobs a bulk call changes, and how many of them at most."""

    tenant_id: Name | None = None
    queue: Name | None = None
    task: Name | None = None
    limit: BulkSize = MAX_BULK


class BulkBody(Body, frozen=True):
    """The same as the query parameters, for clients that prefer to send JSON."""

    tenant_id: Name | None = None
    queue: Name | None = None
    task: Name | None = None
    limit: BulkSize = MAX_BULK


_fields_of_bulk = same_fields(Bulk, JobQuery, "limit")


def action_body(action: BulkAction, which: JobQuery | Sequence[str]) -> dict[str, Any]:
    """The body of a bulk call. One for more than MAX_BULK jobs stops early."""
    if not isinstance(which, JobQuery):
        return {"action": action, "ids": which}
    body = {"action": action, "filter": filter_fields(which), "limit": min(which.limit, MAX_BULK)}
    return body if which.cursor is None else body | {"cursor": which.cursor}


def failed_jobs(query: Bulk, body: BulkBody | None) -> JobQuery:
    """The failed jobs that match both the query and the body. Raises InvalidInput if the two disagree."""
    given: list[Bulk | BulkBody] = [query] if body is None else [query, body]
    for part in given:
        check_filter(part.tenant_id, part.queue, part.task)
    fields = {name: _agreed(name, [getattr(part, name) for part in given]) for name in _fields_of_bulk(query)}
    return JobQuery(state=State.FAILED, limit=min(part.limit for part in given), **fields)


def _agreed(name: str, values: list[Any]) -> Any:
    """The one value that is given, or None. Raises InvalidInput for two different values."""
    different = {value for value in values if value is not None}
    if len(different) > 1:
        name = Bulk.__struct_encode_fields__[Bulk.__struct_fields__.index(name)]
        raise InvalidInput(f"the query and the body give different values of {name}", f"/{name}")
    return different.pop() if different else None
