"""OpenTelemetry: a span for each attempt, linked to the span that submitted the job. Needs `fairlane[otel]`."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar, Token
from typing import Any

try:
    from opentelemetry import context, propagate, trace
except ImportError as error:
    raise ImportError("fairlane.contrib.otel needs OpenTelemetry: pip install 'fairlane[otel]'") from error

from ..job.context import JobContext
from ..job.control import control_in
from ..sdk.middleware import Middleware

_running: ContextVar[tuple[trace.Span, Token[context.Context]]] = ContextVar("fairlane_span")


class Tracing(Middleware):
    """Carries trace context and baggage in the headers of jobs, and makes a span of each attempt, in a new trace.

    The span links to the span that submitted the job. It and the baggage are current while the task runs. Default for
    `tracer_provider`: the global one.
    """

    def __init__(self, tracer_provider: trace.TracerProvider | None = None) -> None:
        self._tracer = trace.get_tracer("fairlane", tracer_provider=tracer_provider)

    def headers(self, task: str, tenant: str) -> Mapping[str, str]:
        carrier: dict[str, str] = {}
        propagate.inject(carrier)
        return carrier

    def before(self, job: JobContext) -> None:
        carried = propagate.extract(job.headers, context.Context())
        submitter = trace.get_current_span(carried).get_span_context()
        span = self._tracer.start_span(
            f"run {job.task}",
            # The baggage without the submitter's span: the attempt begins a trace.
            trace.set_span_in_context(trace.INVALID_SPAN, carried),
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
        _running.set((span, context.attach(trace.set_span_in_context(span, carried))))

    def after(self, job: JobContext, result: Any) -> None:
        span, token = _running.get()
        context.detach(token)
        span.end()

    def failed(self, job: JobContext, error: BaseException) -> None:
        span, token = _running.get()
        context.detach(token)
        if (control := control_in(error)) is not None:
            span.add_event(type(control).__name__, {"fairlane.reason": str(control)})
        else:
            span.record_exception(error)
            span.set_status(trace.StatusCode.ERROR, type(error).__name__)
        span.end()
