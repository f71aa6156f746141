"""Query parameters."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from ..model.errors import InvalidInput
from ..model.job import JobQuery, Time
from ..model.names import check_key, check_name
from ..model.states import State
from ..model.times import check_time
from .bodies import Key, Name

MAX_PAGE = 100
PageSize = Annotated[int, Meta(ge=1, le=MAX_PAGE)]
TimeText = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
Cursor = Annotated[str, Meta(max_length=1000)]


class Query(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Query parameters in camelCase."""


class NoQuery(Query, frozen=True):
    """No parameters."""


class Listing(Query, frozen=True):
    """A page of the jobs in one state."""

    tenant_id: Name | None = None
    queue: Name | None = None
    task: Name | None = None
    limit: PageSize = 50
    cursor: Cursor | None = None

    def to_query(self, state: State) -> JobQuery:
        check_filter(self.tenant_id, self.queue, self.task)
        return JobQuery(
            state=state,
            tenant_id=self.tenant_id,
            queue=self.queue,
            task=self.task,
            limit=self.limit,
            cursor=self.cursor,
        )


class JobFilter(Query, frozen=True):
    """The jobs that match all that is given."""

    tenant_id: Name | None = None
    queue: Name | None = None
    task: Name | None = None
    state: State | UnsetType = UNSET  # not None, which the text "null" would be taken for
    key: Key | None = None
    created_from: TimeText | None = None
    created_to: TimeText | None = None

    def to_query(self, limit: int, cursor: str | None) -> JobQuery:
        check_filter(self.tenant_id, self.queue, self.task)
        if self.key is not None:
            check_key(self.key, "key", "/key")
        return JobQuery(
            state=self.state or None,
            tenant_id=self.tenant_id,
            queue=self.queue,
            task=self.task,
            key=self.key,
            created_from=_time(self.created_from, "/createdFrom"),
            created_to=_time(self.created_to, "/createdTo"),
            limit=limit,
            cursor=cursor,
        )


class Search(JobFilter, frozen=True):
    """A page of the jobs that match."""

    limit: PageSize = 50
    cursor: Cursor | None = None

    def to_search(self) -> JobQuery:
        return self.to_query(self.limit, self.cursor)


class OneTenant(Query, frozen=True):
    """One tenant, or all."""

    tenant_id: Name | None = None


class Page(Query, frozen=True):
    """A page of a listing."""

    limit: PageSize = 50
    cursor: Cursor | None = None


class TenantListing(Page, frozen=True):
    """A page of the tenants whose id begins so."""

    prefix: Name | None = None


def check_filter(tenant_id: str | None, queue: str | None, task: str | None) -> None:
    """Raises InvalidInput for a name that nothing can have."""
    for name, value in (("tenantId", tenant_id), ("queue", queue), ("task", task)):
        if value is not None:
            check_name(value, name, "/" + name)


def _time(text: str | None, pointer: str) -> datetime | None:
    """The time that is written out. As text, since a query's numbers would be taken for Unix times."""
    try:
        return None if text is None else check_time(msgspec.convert(text, Time), pointer)
    except msgspec.ValidationError as error:
        raise InvalidInput(str(error), pointer) from None
