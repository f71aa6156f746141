"""One job."""

from __future__ import annotations

from ...model.job import MAX_PAYLOAD_BYTES, MAX_RESULT_BYTES, Explanation, Job
from ...model.logs import MAX_LOG_BYTES, JobLog
from ...model.token import TokenKind
from ..http.call import Call
from ..http.endpoint import Endpoint


async def show_job(call: Call) -> Job:
    """A job with its attempts, progress and result."""
    return await call.backend.jobs.get(call.path("id"))


async def explain_job(call: Call) -> Explanation:
    """Why a job waits."""
    return await call.backend.jobs.explain(call.path("id"))


async def show_logs(call: Call) -> JobLog:
    """The last 200 lines, or 32 KiB, that the job logged in all its attempts.

    A tenant token allows it only on a server that runs with `--tenant-logs on`.
    """
    return await call.backend.jobs.log(call.path("id"))


async def cancel_job(call: Call) -> Job:
    """Cancel a job. If it runs, ask its worker to stop it."""
    return await call.backend.jobs.cancel(call.path("id"))


async def retry_job(call: Call) -> Job:
    """Send a failed job back to its lane with a fresh set of attempts."""
    return await call.backend.jobs.retry(call.path("id"))


ENDPOINTS = (
    Endpoint("GET", "/jobs/{id}", show_job, errors=(404,))
    .open_to(TokenKind.TENANT, TokenKind.MONITOR)
    .large(MAX_PAYLOAD_BYTES + MAX_RESULT_BYTES),
    Endpoint("GET", "/jobs/{id}/explain", explain_job, errors=(404,)).open_to(TokenKind.TENANT, TokenKind.MONITOR),
    Endpoint("GET", "/jobs/{id}/logs", show_logs, errors=(404,)).open_to(TokenKind.TENANT).large(MAX_LOG_BYTES),
    Endpoint("POST", "/jobs/{id}/cancel", cancel_job, errors=(404, 409)).open_to(TokenKind.TENANT),
    Endpoint("POST", "/jobs/{id}/retry", retry_job, errors=(404, 409)).open_to(TokenKind.TENANT),
)
