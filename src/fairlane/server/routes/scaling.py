"""The signal for autoscalers."""

from __future__ import annotations

from ...model.names import check_name
from ...model.token import TokenKind
from ...rest.scaling import ScalingQuery, ScalingView
from ..http.call import Call
from ..http.endpoint import Endpoint


async def scaling(call: Call, query: ScalingQuery) -> ScalingView:
    """How many worker slots a queue needs.

    Only jobs that could start count: a tenant at its limit asks for no slots. KEDA's metrics-api reads
    `desiredSlots`.
    """
    queue = check_name(query.queue, "the queue", "/queue")
    demand = await call.context.backend.measures.queue_demand(queue)
    return ScalingView.of(demand, query.target_wait_seconds)


ENDPOINTS = (Endpoint("GET", "/scaling", scaling).open_to(TokenKind.MONITOR),)
