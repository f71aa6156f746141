"""The worker protocol: claim jobs, extend their leases, finish them."""

from __future__ import annotations

import asyncio
import time

import msgspec

from ...model.errors import StoreUnavailable
from ...model.lease import ClaimRequest, Lease, Outcome, OutcomeKind
from ...model.token import TokenKind
from ...rest.fields import ms_of
from ...rest.leases import ClaimBody, ExtendBody, FinishBody, LeaseList, LeaseResults
from ...rest.limits import LARGE_BODY
from ..http.call import Call
from ..http.endpoint import Endpoint

SLICE_MS = 1_000
"""A long poll asks the store in slices of this length, and checks between them that its client still wants jobs."""


async def claim_jobs(call: Call, body: ClaimBody) -> LeaseList:
    """Lease pending jobs to a worker, fairly over tenants; wait for a first job if there are no jobs."""
    request = body.to_request()
    if request.wait_ms == 0:
        return LeaseList(leases=await call.backend.leases.claim(request))
    endings = call.endings()
    claiming = asyncio.create_task(_claim_while_wanted(call, request, endings))
    call.context.claiming.add(claiming)
    claiming.add_done_callback(call.context.claiming.discard)
    claiming.add_done_callback(lambda _: [ending.cancel() for ending in endings])
    await asyncio.wait({claiming, *endings}, return_when=asyncio.FIRST_COMPLETED)
    # A claim without a receiver goes on until its slice ends, and gives its leases back.
    return LeaseList(leases=claiming.result() if claiming.done() else [])


async def extend_leases(call: Call, body: ExtendBody) -> LeaseResults:
    """A worker's heartbeat: renew its leases and report that it runs."""
    reports = [lease.to_report(f"/leases/{index}") for index, lease in enumerate(body.leases)]
    lease_ms = ms_of(body.lease_seconds)
    statuses = await call.backend.leases.extend(body.worker.to_report(), reports, lease_ms)
    return LeaseResults.of([report.job_id for report in reports], statuses)


async def finish_leases(call: Call, body: FinishBody) -> LeaseResults:
    """End leases: report the outcome of each job, or release it."""
    outcomes = [outcome.to_outcome(f"/outcomes/{index}") for index, outcome in enumerate(body.outcomes)]
    statuses = await call.backend.leases.finish(outcomes) if outcomes else []
    return LeaseResults.of([outcome.job_id for outcome in outcomes], statuses)


async def _claim_while_wanted(call: Call, request: ClaimRequest, endings: set[asyncio.Task[None]]) -> list[Lease]:
    """Claim, waiting in slices until there are jobs, the time is up, no one receives them or the server stops."""
    context, me = call.context, object()
    context.claims[request.claim_id] = me
    deadline = time.monotonic() + request.wait_ms / 1000
    try:
        while True:
            left = max(0, round((deadline - time.monotonic()) * 1000))
            leases = await call.backend.leases.claim(msgspec.structs.replace(request, wait_ms=min(left, SLICE_MS)))
            await asyncio.sleep(0)  # lets a disconnect that has already happened be seen
            if any(ending.done() for ending in endings):
                # A client that repeated the claim on another connection holds the same leases.
                if leases and context.claims.get(request.claim_id) is me:
                    await _give_back(call, leases)
                return []
            if leases or left == 0 or context.stopping.is_set():
                return leases
    finally:
        if context.claims.get(request.claim_id) is me:
            del context.claims[request.claim_id]


async def _give_back(call: Call, leases: list[Lease]) -> None:
    released = [Outcome(job_id=lease.job_id, token=lease.token, kind=OutcomeKind.RELEASED) for lease in leases]
    try:
        await call.backend.leases.finish(released)
    except StoreUnavailable:
        return  # the leases expire


ENDPOINTS = (
    Endpoint("POST", "/leases", claim_jobs).open_to(TokenKind.WORKER),
    Endpoint("POST", "/leases/extend", extend_leases, max_body=LARGE_BODY).open_to(TokenKind.WORKER),
    Endpoint("POST", "/leases/finish", finish_leases, max_body=LARGE_BODY).open_to(TokenKind.WORKER),
)
