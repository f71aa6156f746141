"""Figures for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from platform import python_version

from ...metrics.families import CONTENT_TYPE, Family, Sample, text_of
from ...metrics.load import load_families
from ...model.token import TokenKind
from ..context import Context
from ..http.answers import Answer
from ..http.call import Call
from ..http.endpoint import LenientEndpoint, Reply


async def metrics(call: Call) -> Answer:
    """Totals, gauges and histograms in the text format of Prometheus. Their number is bounded."""
    context = call.context
    load = await context.backend.measures.load(context.settings.metrics_tenants)
    text = text_of([*load_families(load), *_own_families(context)])
    return Answer(200, text, CONTENT_TYPE.encode())


def _own_families(context: Context) -> Iterator[Family]:
    """The figures of this process."""
    requests = [
        Sample({"operation": operation, "status": str(status)}, count)
        for (operation, status), count in sorted(context.requests.items())
    ]
    yield Family("fairlane_http_requests_total", "counter", "Requests that this process has answered.", requests)
    build = Sample({"version": version("fairlane"), "python": python_version()}, 1)
    yield Family("fairlane_build_info", "gauge", "The release that answers; always 1.", [build])


ENDPOINTS = (
    LenientEndpoint("GET", "/metrics", metrics, replies={200: Reply(media=CONTENT_TYPE)}).open_to(TokenKind.MONITOR),
)
