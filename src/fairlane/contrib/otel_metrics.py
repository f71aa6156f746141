"""OpenTelemetry metrics of submitting and running jobs, by the conventions for messaging. Needs `fairlane[otel]`."""

from __future__ import annotations

import time
from contextvars import ContextVar
from typing import Any

try:
    from opentelemetry import metrics
except ImportError as error:
    raise ImportError("fairlane.contrib.otel_metrics needs OpenTelemetry: pip install 'fairlane[otel]'") from error

from ..job.context import JobContext
from ..job.control import control_in
from ..model.job import NewJob
from ..sdk.middleware import Middleware

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
"""Bounds of the histogram of run times."""

_began: ContextVar[float] = ContextVar("fairlane_otel_began")


class Metrics(Middleware):
    """Counts submitted jobs and attempts, and measures run times. Default for `meter_provider`: the global one.

    Tenants are no attribute, because their number has no bound.
    """

    def __init__(self, meter_provider: metrics.MeterProvider | None = None) -> None:
        meter = metrics.get_meter("fairlane", meter_provider=meter_provider)
        self._sent = meter.create_counter(
            "messaging.client.sent.messages", "{message}", "Jobs that this process submitted."
        )
        self._consumed = meter.create_counter(
            "messaging.client.consumed.messages", "{message}", "Attempts that this process began."
        )
        self._duration = meter.create_histogram(
            "messaging.process.duration",
            "s",
            "Run time of attempts.",
            explicit_bucket_boundaries_advisory=SECONDS,
        )

    def submitted(self, job: NewJob) -> None:
        self._sent.add(1, _attributes("submit", job.queue, job.task))

    def before(self, job: JobContext) -> None:
        _began.set(time.perf_counter())
        self._consumed.add(1, _attributes("run", job.queue, job.task))

    def after(self, job: JobContext, result: Any) -> None:
        self._ended(job, {})

    def failed(self, job: JobContext, error: BaseException) -> None:
        control = control_in(error)
        self._ended(job, {"error.type": type(error).__qualname__} if control is None else {})

    def _ended(self, job: JobContext, more: dict[str, str]) -> None:
        self._duration.record(time.perf_counter() - _began.get(), _attributes("run", job.queue, job.task) | more)


def _attributes(operation: str, queue: str, task: str) -> dict[str, str]:
    return {
        "messaging.system": "fairlane",
        "messaging.operation.name": operation,
        "messaging.destination.name": queue,
        "fairlane.task": task,
    }
