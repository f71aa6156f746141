"""The worker protocol: claim jobs, keep their leases, say how they ended."""

from __future__ import annotations

import asyncio
import time

import msgspec

from ...model.errors import StoreUnavailable
from ...model.lease import ClaimRequest, Lease, LeaseStatus, Outcome, OutcomeKind
from ..http.call import Call
from ..http.endpoint import LARGE_BODY, Endpoint
from ..lease_bodies import ClaimBody, ExtendBody, FinishBody
from ..views import LeaseResult, LeaseResults, Leases

SLICE_MS = 1_000
"""A long poll asks the store this long at a time, and looks in between whether its client is still there."""


async def claim_jobs(call: Call, body: ClaimBody) -> Leases:
    """Lease pending jobs to a worker, fairly over tenants; wait for a first one if there is none."""
    request = body.to_request()
    if request.wait_ms == 0:
        return Leases(leases=await call.context.backend.leases.claim(request))
    return Leases(leases=await _claim_while_wanted(call, request))


async def extend_leases(call: Call, body: ExtendBody) -> LeaseResults:
    """A worker's heartbeat: renew its leases and say that it lives."""
    reports = [lease.to_report(f"/leases/{index}") for index, lease in enumerate(body.leases)]
    lease_ms = round(body.lease_seconds * 1000)
    statuses = await call.context.backend.leases.extend(body.worker.to_report(), reports, lease_ms)
    return _results([report.job_id for report in reports], statuses)


async def finish_leases(call: Call, body: FinishBody) -> LeaseResults:
    """End leases: say how each job went, or give it back."""
    outcomes = [outcome.to_outcome(f"/outcomes/{index}") for index, outcome in enumerate(body.outcomes)]
    statuses = await call.context.backend.leases.finish(outcomes) if outcomes else []
    return _results([outcome.job_id for outcome in outcomes], statuses)


async def _claim_while_wanted(call: Call, request: ClaimRequest) -> list[Lease]:
    """Claim, waiting in slices until there are jobs, the time is up, the client is gone or the server stops."""
    context, me = call.context, object()
    context.claims[request.claim_id] = me
    gone = asyncio.ensure_future(call.disconnected())
    deadline = time.monotonic() + request.wait_ms / 1000
    try:
        while True:
            left = max(0, round((deadline - time.monotonic()) * 1000))
            leases = await context.backend.leases.claim(msgspec.structs.replace(request, wait_ms=min(left, SLICE_MS)))
            await asyncio.sleep(0)  # lets a disconnect that has already happened be seen
            if gone.done():
                # A client that has come back under the same claim id was given the same leases: they are its own.
                if leases and context.claims.get(request.claim_id) is me:
                    await _give_back(call, leases)
                return []
            if leases or left == 0 or context.stopping.is_set():
                return leases
    finally:
        gone.cancel()
        if context.claims.get(request.claim_id) is me:
            del context.claims[request.claim_id]


async def _give_back(call: Call, leases: list[Lease]) -> None:
    released = [Outcome(job_id=lease.job_id, token=lease.token, kind=OutcomeKind.RELEASED) for lease in leases]
    try:
        await call.context.backend.leases.finish(released)
    except StoreUnavailable:
        return  # the leases run out by themselves


def _results(job_ids: list[str], statuses: list[LeaseStatus]) -> LeaseResults:
    pairs = zip(job_ids, statuses, strict=True)
    return LeaseResults(results=[LeaseResult(job_id=job_id, status=status) for job_id, status in pairs])


ENDPOINTS = (
    Endpoint("POST", "/leases", claim_jobs),
    Endpoint("POST", "/leases/extend", extend_leases, max_body=LARGE_BODY),
    Endpoint("POST", "/leases/finish", finish_leases, max_body=LARGE_BODY),
)
