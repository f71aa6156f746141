"""Queues."""

from __future__ import annotations

from ...model.names import check_name
from ...model.overview import QueueInfo
from ...model.token import TokenKind
from ...rest.queues import QueueLimitsBody, QueueList
from ..http.call import Call
from ..http.endpoint import Endpoint


async def list_queues(call: Call) -> QueueList:
    """Every queue that has been used."""
    return QueueList(queues=await call.backend.queues.list())


async def change_queue(call: Call, body: QueueLimitsBody) -> QueueInfo:
    """Change some limits of a queue; the others stay as they are. They hold over all tenants."""
    return await call.backend.queues.change_limits(_queue_name(call), body.to_change())


async def pause_queue(call: Call) -> QueueInfo:
    """Keep the jobs of a queue from starting."""
    return await call.backend.queues.pause(_queue_name(call), True)


async def resume_queue(call: Call) -> QueueInfo:
    """Let the jobs of a queue start again."""
    return await call.backend.queues.pause(_queue_name(call), False)


def _queue_name(call: Call) -> str:
    return check_name(call.path("name"), "the queue's name", "/name")


ENDPOINTS = (
    Endpoint("GET", "/queues", list_queues).open_to(TokenKind.WORKER, TokenKind.MONITOR).shared(),
    Endpoint("PUT", "/queues/{name}", change_queue),
    Endpoint("POST", "/queues/{name}/pause", pause_queue),
    Endpoint("POST", "/queues/{name}/resume", resume_queue),
)
