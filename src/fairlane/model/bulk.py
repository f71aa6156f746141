"""One change made to many jobs."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from .states import State


class BulkAction(StrEnum):
    """The change that a bulk call makes to each job whose state allows it. Other jobs stay as they are."""

    RETRY = "retry"
    CANCEL = "cancel"
    DELETE = "delete"

    @property
    def states(self) -> tuple[State, ...]:
        """The states that allow it, in the order in which jobs pass through them."""
        return _STATES[self]


_STATES = {
    BulkAction.RETRY: (State.FAILED,),
    BulkAction.CANCEL: (State.SCHEDULED, State.PENDING, State.RUNNING),
    BulkAction.DELETE: (State.COMPLETED, State.FAILED, State.CANCELLED),
}


class BulkResult(msgspec.Struct, frozen=True, rename="camel"):
    """How many jobs a bulk call changed, and whether more may match. If so, repeat the call."""

    count: int
    more: bool
    next_cursor: str | None = None
    """Where a repeat may continue, to skip jobs that do not match. Starting again is allowed too."""
