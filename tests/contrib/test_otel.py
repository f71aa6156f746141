"""OpenTelemetry: one span an attempt, linked to the submitter's."""

from __future__ import annotations

import pytest
from opentelemetry import baggage, context, trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from fairlane import App, IdempotencyMismatch, Job, Retry, Snooze, current
from fairlane.contrib.otel import Tracing
from fairlane.server.app import create_app
from tests.support import process_tasks
from tests.support.app_world import World, json_of
from tests.support.serving import served


@pytest.mark.parametrize("is_async", [True, False])
async def test_attempts_are_spans_linked_to_what_submitted_the_job(world: World, is_async: bool) -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("test")
    app = App(world.url, tenancy="default", middleware=[Tracing(provider)])
    snoozed: list[str] = []

    def work() -> None:
        with tracer.start_as_current_span("within"):
            pass
        if not snoozed:
            snoozed.append(current().id)
            raise Snooze("10ms")
        if current().attempt == 1:
            raise ValueError("first")

    async def work_async() -> None:
        work()

    task = app.task(name="work", retry=Retry(base="10ms", cap="10ms"))(work_async if is_async else work)
    async with app, world.worker(app=app):
        with tracer.start_as_current_span("submitting") as submitting:
            job = await task.using(tenant="acme").submit()
        await job.result(timeout=30)
        assert not trace.get_current_span().get_span_context().is_valid
        unlinked = await task.submit()
        await unlinked.result(timeout=30)

    spans = exporter.get_finished_spans()
    runs = [span for span in spans if span.name == "run work"]
    assert [run.status.status_code.name for run in runs] == ["UNSET", "ERROR", "UNSET", "ERROR", "UNSET"]
    assert [event.name for run in runs for event in run.events] == ["Snooze", "exception", "exception"]
    assert [[link.context.span_id for link in run.links] for run in runs[:3]] == [
        [submitting.get_span_context().span_id]
    ] * 3
    assert all(run.parent is None and not run.links for run in runs[3:])
    assert [_parent_of(span) for span in spans if span.name == "within"] == [_id_of(run) for run in runs]
    attributes = dict(runs[1].attributes or {})
    assert attributes["messaging.message.id"] == job.id
    assert (attributes["fairlane.tenant"], attributes["fairlane.attempt"]) == ("acme", 1)


@pytest.mark.parametrize("over_http", [False, True])
async def test_a_repetition_within_another_span_is_the_same_request(world: World, over_http: bool) -> None:
    provider = TracerProvider()
    tracer = provider.get_tracer("test")
    async with served(create_app(world.engine)) as url:
        app = App(url if over_http else world.url, tenancy="default", middleware=[Tracing(provider)])

        @app.task
        async def work(n: int) -> None:
            pass

        async with app:
            jobs: list[Job] = []
            for _ in range(2):
                with tracer.start_as_current_span("submitting"):
                    jobs.append(await (await work.using(idempotency_key="order-7").submit(1)).refresh())
            with pytest.raises(IdempotencyMismatch):
                await work.using(idempotency_key="order-7", headers={"other": "header"}).submit(1)
    assert jobs[0].id == jobs[1].id
    assert set(jobs[0].headers) == {"traceparent"}


def _parent_of(span: ReadableSpan) -> int | None:
    return span.parent.span_id if span.parent else None


def _id_of(span: ReadableSpan) -> int | None:
    return span.context.span_id if span.context else None


@pytest.mark.parametrize("executor", ["async", "thread", "process"])
async def test_baggage_reaches_the_task_in_each_executor(world: World, executor: str) -> None:
    app = process_tasks.traced
    if executor != "process":
        app = App(world.url, tenancy="default", middleware=[Tracing()])

        def read() -> dict[str, object]:
            return dict(baggage.get_all())

        async def read_async() -> dict[str, object]:
            return read()

        app.task(name="read_baggage")(read if executor == "thread" else read_async)
    headers = {"baggage": "customer=acme-7,region=eu"}
    async with world.worker(app=app):
        token = context.attach(baggage.set_baggage("customer", "another"))
        job_id = await world.submit_raw("read_baggage", b"[]", headers=headers)
        context.detach(token)
        found = await world.finished(job_id)
    assert json_of(found.result) == {"customer": "acme-7", "region": "eu"}
