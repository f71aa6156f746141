"""Listings and their filters."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from ..model.errors import InvalidInput
from ..model.ids import is_job_id
from ..model.job import JobPage, JobQuery, Large
from ..model.names import check_key, check_name
from ..model.states import State
from ..model.tags import check_tag
from .fields import Cursor, Included, JobId, Key, Name, PageSize, Tag, TimeText, time_of
from .jobs import ListedJobAnswer
from .limits import DEFAULT_PAGE, MAX_PAGE
from .structs import Query, View, same_fields


class Listing(Query, frozen=True):
    """A page of the jobs in one state."""

    tenant_id: Name | None = None
    queue: Name | None = None
    task: Name | None = None
    tag: Tag | None = None
    limit: PageSize = DEFAULT_PAGE
    cursor: Cursor | None = None
    include: Included | None = None

    def to_query(self, state: State) -> JobQuery:
        check_filter(self.tenant_id, self.queue, self.task)
        if self.tag is not None:
            check_tag(self.tag, "tag")
        return JobQuery(**_fields_of_listing(self), state=state, include=_parts_of(self.include))


class JobFilter(Query, frozen=True):
    """The jobs that match all that is given."""

    tenant_id: Name | None = None
    queue: Name | None = None
    task: Name | None = None
    batch_id: JobId | None = None
    state: State | UnsetType = UNSET  # not None: a query parameter of the text "null" would be None
    key: Key | None = None
    tag: Tag | None = None
    created_from: TimeText | None = None
    created_to: TimeText | None = None

    def to_query(self, limit: int, cursor: str | None) -> JobQuery:
        check_filter(self.tenant_id, self.queue, self.task)
        if self.key is not None:
            check_key(self.key, "key", "/key")
        if self.tag is not None:
            check_tag(self.tag, "tag")
        if self.batch_id is not None and not is_job_id(self.batch_id):
            raise InvalidInput("not a valid batch id", "/batchId")
        return JobQuery(
            **_fields_of_filter(self),
            state=self.state or None,
            created_from=time_of(self.created_from, "/createdFrom"),
            created_to=time_of(self.created_to, "/createdTo"),
            limit=limit,
            cursor=cursor,
        )


class Search(JobFilter, frozen=True):
    """A page of the jobs that match."""

    limit: PageSize = DEFAULT_PAGE
    cursor: Cursor | None = None
    include: Included | None = None

    def to_search(self) -> JobQuery:
        query = self.to_query(self.limit, self.cursor)
        return msgspec.structs.replace(query, include=_parts_of(self.include))


class OneTenant(Query, frozen=True):
    """One tenant, or all."""

    tenant_id: Name | None = None


class Page(Query, frozen=True):
    """A page of a listing."""

    limit: PageSize = DEFAULT_PAGE
    cursor: Cursor | None = None


class JobPageAnswer(View, frozen=True):
    """A page of jobs as a client decodes it."""

    jobs: list[ListedJobAnswer]
    next_cursor: str | None = None

    def to_page(self) -> JobPage:
        return JobPage([job.to_job() for job in self.jobs], self.next_cursor)


_fields_of_listing = same_fields(Listing, JobQuery, "include")
_fields_of_filter = same_fields(JobFilter, JobQuery, "state", "created_from", "created_to")


def _parts_of(text: str | None) -> frozenset[Large]:
    try:
        return frozenset() if text is None else frozenset(Large(part) for part in text.split(","))
    except ValueError:
        raise InvalidInput(f"include takes {', '.join(Large)}, separated by commas", "/include") from None


def check_filter(tenant_id: str | None, queue: str | None, task: str | None) -> None:
    """Raises InvalidInput for text that is not a valid name."""
    for name, value in (("tenantId", tenant_id), ("queue", queue), ("task", task)):
        if value is not None:
            check_name(value, name, "/" + name)


def filter_fields(query: JobQuery) -> dict[str, Any]:
    """The fields of the filter that are set, as JSON names them."""
    names = zip(JobFilter.__struct_encode_fields__, JobFilter.__struct_fields__, strict=True)
    given = {encoded: getattr(query, name) for encoded, name in names}
    return {name: value for name, value in given.items() if value is not None}


def search_parameters(query: JobQuery) -> dict[str, str]:
    """Query parameters of a page. A page has MAX_PAGE jobs at most, whatever the limit."""
    given = filter_fields(query) | page_parameters(query.limit, query.cursor)
    if query.include:
        given["include"] = ",".join(sorted(query.include))
    return {name: value.isoformat() if isinstance(value, datetime) else str(value) for name, value in given.items()}


def page_parameters(limit: int, cursor: str | None) -> dict[str, str]:
    """Query parameters of a page of any listing."""
    return {"limit": str(min(limit, MAX_PAGE))} | ({} if cursor is None else {"cursor": cursor})
