"""The batch of the running job, to which it can add."""

from __future__ import annotations

from typing import Protocol, TypeVar

H_co = TypeVar("H_co", covariant=True)
S_co = TypeVar("S_co", covariant=True)
H = TypeVar("H")
S = TypeVar("S")


class Call(Protocol[H_co, S_co]):
    """A call that can be submitted, as `task.bind(...)` makes."""

    def in_batch(self, batch_id: str, tenant: str) -> Call[H_co, S_co]:
        """The same call, as a job of this batch of the tenant."""

    async def submit(self) -> H_co:
        """Submit it as a job."""

    def submit_sync(self) -> S_co:
        """Submit it as a job, without an event loop."""


class BatchJobs:
    """A batch to which jobs can be added."""

    __slots__ = ("id", "tenant")

    def __init__(self, batch_id: str, tenant: str) -> None:
        self.id = batch_id
        self.tenant = tenant

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id}>"

    async def submit(self, call: Call[H, S]) -> H:
        """Submit the call as a job of this batch. Raises BatchSealed, BatchFull, and the errors of `Bound.submit`."""
        return await call.in_batch(self.id, self.tenant).submit()

    def submit_sync(self, call: Call[H, S]) -> S:
        """As `submit`, for code without an event loop."""
        return call.in_batch(self.id, self.tenant).submit_sync()
