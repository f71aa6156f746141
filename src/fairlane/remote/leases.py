"""The worker protocol over HTTP."""

from __future__ import annotations

import time
from collections.abc import Sequence

import msgspec

from ..model.lease import ClaimRequest, Lease, LeaseReport, LeaseStatus, Outcome, WorkerReport
from ..rest.leases import ClaimBody, LeaseList, LeaseResults, extend_bodies, finish_bodies
from .transport import Transport, decode

LONGEST_WAIT_MS = 20_000
"""The longest wait of one claim. A longer wait takes several, so that no proxy cuts an idle connection."""


class RemoteLeases:
    """Implements `backend.Leases` against the API."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def claim(self, request: ClaimRequest) -> list[Lease]:
        deadline = time.monotonic() + request.wait_ms / 1000
        while True:
            left_ms = max(0, round((deadline - time.monotonic()) * 1000))
            wait_ms = min(left_ms, LONGEST_WAIT_MS)
            body = ClaimBody.of(request, wait_ms)
            found = await self._transport.call("POST", "/leases", LeaseList, body=body, wait_s=wait_ms / 1000)
            if found.leases or left_ms <= LONGEST_WAIT_MS:
                return found.leases

    async def finish(self, outcomes: Sequence[Outcome]) -> list[LeaseStatus]:
        statuses: list[LeaseStatus] = []
        for body in finish_bodies(outcomes):
            statuses += await self._lease_statuses("/leases/finish", body)
        return statuses

    async def exchange(
        self, outcomes: Sequence[Outcome], request: ClaimRequest
    ) -> tuple[list[LeaseStatus], list[Lease]]:
        """`finish`, then `claim` without waiting: two calls."""
        statuses = await self.finish(outcomes)
        return statuses, await self.claim(msgspec.structs.replace(request, wait_ms=0))

    async def extend(self, worker: WorkerReport, leases: Sequence[LeaseReport], lease_ms: int) -> list[LeaseStatus]:
        statuses: list[LeaseStatus] = []
        for body in extend_bodies(worker, leases, lease_ms):
            statuses += await self._lease_statuses("/leases/extend", body)
        return statuses

    async def _lease_statuses(self, path: str, body: bytes) -> Sequence[LeaseStatus]:
        response = await self._transport.send(self._transport.build("POST", path, body, {}))
        return decode(response, LeaseResults).statuses()
