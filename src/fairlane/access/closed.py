"""Verbs that a token does not allow. Each one raises Forbidden, also one that is added to the protocols later."""

from __future__ import annotations

from typing import Any

from ..backend import Audit, Batches, Jobs, Leases, Monitor, Queues, Schedules, Tenants, Tokens, Workers
from ..model.errors import Forbidden


class Closed:
    """A group of verbs. Subclasses define the allowed ones; all others raise Forbidden."""

    def __getattr__(self, name: str) -> Any:
        raise Forbidden("this token does not allow the call")


_CLOSED = Closed()


class ClosedBackend:
    """Implements `backend.Backend` without any verb. Subclasses open groups of verbs."""

    @property
    def jobs(self) -> Jobs:
        return _CLOSED

    @property
    def batches(self) -> Batches:
        return _CLOSED

    @property
    def leases(self) -> Leases:
        return _CLOSED

    @property
    def tenants(self) -> Tenants:
        return _CLOSED

    @property
    def queues(self) -> Queues:
        return _CLOSED

    @property
    def workers(self) -> Workers:
        return _CLOSED

    @property
    def schedules(self) -> Schedules:
        return _CLOSED

    @property
    def tokens(self) -> Tokens:
        return _CLOSED

    @property
    def audit(self) -> Audit:
        return _CLOSED

    @property
    def monitor(self) -> Monitor:
        return _CLOSED

    async def close(self) -> None:
        """Nothing to close: the owner of the whole backend closes it."""
