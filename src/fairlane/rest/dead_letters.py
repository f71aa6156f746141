"""Groups of dead letters."""

from __future__ import annotations

from ..model.dead_letters import DeadLetterGroup
from ..model.job import JobQuery
from ..model.states import State
from .fields import Name
from .limits import MAX_PAGE
from .listings import check_filter
from .structs import Query, View


class DeadLetterQuery(Query, frozen=True):
    """Which dead letters are grouped."""

    tenant_id: Name | None = None
    queue: Name | None = None
    task: Name | None = None

    def to_query(self) -> JobQuery:
        """The first page of them. Raises InvalidInput."""
        check_filter(self.tenant_id, self.queue, self.task)
        return JobQuery(state=State.FAILED, tenant_id=self.tenant_id, queue=self.queue, task=self.task, limit=MAX_PAGE)


class DeadLetterGroups(View, frozen=True):
    """The newest dead letters in groups, the largest first."""

    groups: list[DeadLetterGroup]
    compared: int
    """How many dead letters are in the groups."""
    more: bool
    """Whether older ones were not looked at."""
