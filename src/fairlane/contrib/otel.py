"""OpenTelemetry: each attempt a span, linked to the span that submitted its job. Needs `fairlane[otel]`."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar, Token
from typing import Any

try:
    from opentelemetry import context, propagate, trace
except ImportError as error:
    raise ImportError("fairlane.contrib.otel needs OpenTelemetry: pip install 'fairlane[otel]'") from error

from ..job.context import JobContext
from ..job.control import Cancel, RetryAfter, Snooze
from ..sdk.middleware import Middleware

_STEERING = (Cancel, Snooze, RetryAfter)
_running: ContextVar[tuple[trace.Span, Token[context.Context]]] = ContextVar("fairlane_span")


class Tracing(Middleware):
    """Carries the trace context in the headers of jobs, and makes a span of each attempt, a trace of its own.

    The span is linked to the one that submitted the job, and current while the task runs. `tracer_provider`:
    else the global one.
    """

    def __init__(self, tracer_provider: trace.TracerProvider | None = None) -> None:
        self._tracer = trace.get_tracer("fairlane", tracer_provider=tracer_provider)

    def headers(self, task: str, tenant: str) -> Mapping[str, str]:
        carrier: dict[str, str] = {}
        propagate.inject(carrier)
        return carrier

    def before(self, job: JobContext) -> None:
        submitter = trace.get_current_span(propagate.extract(job.headers)).get_span_context()
        span = self._tracer.start_span(
            f"run {job.task}",
            context.Context(),
            trace.SpanKind.CONSUMER,
            {
                "messaging.system": "fairlane",
                "messaging.operation.name": "run",
                "messaging.operation.type": "process",
                "messaging.destination.name": job.queue,
                "messaging.message.id": job.id,
                "fairlane.tenant": job.tenant,
                "fairlane.task": job.task,
                "fairlane.attempt": job.attempt,
            },
            [trace.Link(submitter)] if submitter.is_valid else None,
        )
        _running.set((span, context.attach(trace.set_span_in_context(span))))

    def after(self, job: JobContext, result: Any) -> None:
        span, token = _running.get()
        context.detach(token)
        span.end()

    def failed(self, job: JobContext, error: BaseException) -> None:
        span, token = _running.get()
        context.detach(token)
        if isinstance(error, _STEERING):
            span.add_event(type(error).__name__, {"fairlane.reason": str(error)})
        else:
            span.record_exception(error)
            span.set_status(trace.StatusCode.ERROR, type(error).__name__)
        span.end()
