"""OpenTelemetry metrics: what a meter provider receives of submitted jobs and their attempts."""

from __future__ import annotations

from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from fairlane import App, Retry, Snooze, current
from fairlane.contrib.otel_metrics import Metrics
from tests.support.app_world import World

Points = dict[tuple[str, ...], Any]


def read(reader: InMemoryMetricReader) -> dict[str, Points]:
    """The points of each metric, by operation, queue, task and type of error."""
    data = reader.get_metrics_data()
    assert data is not None
    found: dict[str, Points] = {}
    for resource in data.resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                for point in metric.data.data_points:
                    attributes = dict(point.attributes or {})
                    assert attributes.pop("messaging.system") == "fairlane"
                    named = ("messaging.operation.name", "messaging.destination.name", "fairlane.task", "error.type")
                    assert attributes.keys() <= set(named), "tenants and ids would make series without a bound"
                    labels = tuple(str(attributes[name]) for name in named if name in attributes)
                    found.setdefault(metric.name, {})[labels] = point
    return found


async def test_jobs_and_attempts_are_counted_and_run_times_measured(world: World) -> None:
    reader = InMemoryMetricReader()
    app = App(world.url, tenancy="default", middleware=[Metrics(MeterProvider([reader]))])
    seen: list[str] = []

    @app.task(queue="mail", retry=Retry(base="10ms", cap="10ms"))
    async def send() -> None:
        seen.append(current().id)
        if len(seen) == 1:
            raise Snooze("10ms")
        if len(seen) == 2:
            raise KeyError("first")

    @app.task
    def sync() -> None:
        pass

    async with app, world.worker(app=app):
        jobs = [await send.submit(), await sync.submit()]
        for job in jobs:
            await job.result(timeout=30)

    found = read(reader)
    assert {labels: point.value for labels, point in found["messaging.client.sent.messages"].items()} == {
        ("submit", "mail", "send"): 1,
        ("submit", "default", "sync"): 1,
    }
    assert {labels: point.value for labels, point in found["messaging.client.consumed.messages"].items()} == {
        ("run", "mail", "send"): 3,
        ("run", "default", "sync"): 1,
    }
    durations = found["messaging.process.duration"]
    assert {labels: point.count for labels, point in durations.items()} == {
        ("run", "mail", "send"): 2,  # the snooze is no error
        ("run", "mail", "send", "KeyError"): 1,
        ("run", "default", "sync"): 1,
    }
    assert all(0 <= point.sum < 30 and point.explicit_bounds[0] == 0.005 for point in durations.values())
