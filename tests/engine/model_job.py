"""A job as the model knows it."""

from __future__ import annotations

from dataclasses import dataclass, field

from fairlane.model.job import NewJob
from fairlane.model.states import State

Attempts = list[tuple[int, str, str | None]]


@dataclass(kw_only=True)
class ModelJob:
    """One job. `rank` orders it in its lane: the lower goes first."""

    request: NewJob
    state: State
    created_ms: int = 0
    first_request: NewJob | None = None
    """The request that made it, if another one has replaced it."""
    rank: tuple[int, int] = (0, 0)
    due_ms: int = 0
    pending_ms: int = 0
    """When it came to its lane."""
    attempt: int = 0
    base: int = 0
    reason: str = ""
    token: str = ""
    worker: str = ""
    claimed_ms: int = 0
    expires_ms: int = 0
    """When its lease ends."""
    start_by_ms: int = 0
    """When it ends as cancelled unless it has started; 0: it never expires."""
    ran: bool = False
    """Whether a worker has ever claimed it."""
    needs: tuple[str, ...] = ()
    """The jobs that are kept for it, until it ends."""
    open: set[str] = field(default_factory=set)
    """The needs for which it waits."""
    locked_ms: int = 0
    """Since when it waits for them."""
    held_until_ms: int = 0
    """The time before which it must not start."""
    dropped_by: str = ""
    """The need because of which it was cancelled."""
    ended_ms: int = 0
    indexed_ms: int = 0
    """The time by which it is pruned: when it ended, or when `prune` last met it and kept it for others."""
    unfit_since_ms: int = 0
    cancel_asked: bool = False
    suspect: bool = False
    """Whether a worker process died under it, and no attempt has ended since."""
    last: tuple[str, str | None] = ("", None)
    past: Attempts = field(default_factory=list)

    @property
    def max_attempts(self) -> int:
        return self.request.max_attempts + self.base

    @property
    def error(self) -> str | None:
        """The message of the last attempt's error, while nothing runs."""
        if self.state.is_terminal:
            return self.last[1]
        return self.past[-1][2] if self.past and self.state is not State.RUNNING else None

    def attempts(self) -> Attempts:
        """All attempts as a client sees them."""
        if self.state is State.RUNNING:
            return [*self.past, (self.attempt, "running", None)]
        if self.state.is_terminal and self.attempt and self.attempt not in [number for number, _, _ in self.past]:
            return [*self.past, (self.attempt, *self.last)]
        return self.past
