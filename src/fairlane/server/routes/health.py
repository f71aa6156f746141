"""Liveness, readiness, and figures for Prometheus."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from ...model.errors import StoreUnavailable
from ...model.token import TokenKind
from ...rest.monitor import Health
from ...rest.problems import NOT_READY, HttpError
from ..http.answers import Answer
from ..http.call import Call
from ..http.endpoint import LenientEndpoint, Reply

PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


async def livez(call: Call) -> Health:
    """The server runs. Says nothing of the store."""
    return Health()


async def readyz(call: Call) -> Health:
    """The store takes writes; for `fairlane up`, all workers run, too."""
    problem = call.context.problem and call.context.problem()
    if problem:
        raise HttpError(NOT_READY, problem)
    try:
        async with asyncio.timeout(call.context.settings.ready_timeout_seconds):
            await call.backend.monitor.check_ready()
    except TimeoutError:
        raise StoreUnavailable("the store does not answer") from None
    return Health()


async def metrics(call: Call) -> Answer:
    """Totals and gauges in the text format of Prometheus, over all tenants."""
    backend = call.backend
    totals, queues, workers = (
        await backend.monitor.counters(),
        await backend.queues.list(),
        await backend.workers.list(),
    )
    lines = [
        *_metric("jobs_submitted_total", "counter", "Jobs ever submitted.", totals.submitted),
        *_metric("jobs_completed_total", "counter", "Jobs that have succeeded.", totals.completed),
        *_metric("attempts_failed_total", "counter", "Attempts that have failed.", totals.failed),
        *_metric("jobs_retried_total", "counter", "Times that a job was queued again.", totals.retried),
        *_metric("jobs_pending", "gauge", "Jobs that wait for a worker.", sum(info.pending for info in queues)),
        *_metric("queues_paused", "gauge", "Queues that are paused.", sum(info.paused for info in queues)),
        *_metric("workers", "gauge", "Workers whose last heartbeat is recent.", len(workers)),
        *_metric("worker_slots", "gauge", "Jobs that these workers can run at once.", sum(w.slots for w in workers)),
        *_metric("worker_slots_busy", "gauge", "Jobs that they were running.", sum(w.running for w in workers)),
    ]
    return Answer(200, ("\n".join(lines) + "\n").encode(), PROMETHEUS.encode())


def _metric(name: str, kind: str, help_text: str, value: int) -> Iterator[str]:
    yield f"# HELP fairlane_{name} {help_text}"
    yield f"# TYPE fairlane_{name} {kind}"
    yield f"fairlane_{name} {value}"


ENDPOINTS = (
    LenientEndpoint("GET", "/livez", livez).open_to_anyone(),
    LenientEndpoint("GET", "/readyz", readyz).open_to_anyone(),
    LenientEndpoint("GET", "/metrics", metrics, replies={200: Reply(media=PROMETHEUS)}).open_to(TokenKind.MONITOR),
)
