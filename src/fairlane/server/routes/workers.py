"""Workers: which there are, and what they are told."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Annotated

from msgspec import Meta

from ...model.lease import WorkerOrders
from ...model.names import check_name
from ..http.answers import Answer, json_answer
from ..http.call import Call
from ..http.endpoint import Endpoint, Reply
from ..lease_bodies import MAX_WAIT_SECONDS
from ..queries import Query
from ..views import WorkerOrdersView, Workers, worker_view


class OrdersQuery(Query, frozen=True):
    """What the worker knows already, and how long it waits for more."""

    seen: Annotated[int, Meta(ge=0, le=2**53)] = 0
    wait_seconds: Annotated[float, Meta(ge=0)] = 0
    """30 at most, more is taken for 30."""


async def list_workers(call: Call) -> Workers:
    """Workers whose last heartbeat is recent."""
    return Workers(workers=[worker_view(worker) for worker in await call.context.backend.workers.list()])


async def drain_worker(call: Call) -> Answer:
    """Tell a worker to claim no more, let its jobs end, give back what takes too long, and end."""
    worker_id, orders = _worker_id(call), call.context.backend.workers
    await orders.drain(worker_id)
    return json_answer(_view(await orders.next_orders(worker_id, 0, 0)), HTTPStatus.ACCEPTED)


async def show_orders(call: Call, query: OrdersQuery) -> WorkerOrdersView:
    """What a worker was told: a number that rises when it should extend its leases at once (one of its jobs was
    cancelled), and whether it is to drain. Waits until the number is not `seen`.
    """
    worker_id, orders = _worker_id(call), call.context.backend.workers
    wait_ms = round(min(query.wait_seconds, MAX_WAIT_SECONDS) * 1000)
    waiting = asyncio.create_task(orders.next_orders(worker_id, query.seen, wait_ms))
    ending = {asyncio.create_task(call.disconnected()), asyncio.create_task(call.context.stopping.wait())}
    try:
        await asyncio.wait({waiting, *ending}, return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            return WorkerOrdersView(number=query.seen, drain=False)
        return _view(waiting.result())
    finally:
        for task in (waiting, *ending):
            task.cancel()


async def forget_worker(call: Call) -> Answer:
    """Forget a worker that has ended. One that lives is back with its next heartbeat."""
    await call.context.backend.workers.leave(_worker_id(call))
    return Answer(HTTPStatus.NO_CONTENT, b"", b"")


def _view(orders: WorkerOrders) -> WorkerOrdersView:
    return WorkerOrdersView(number=orders.number, drain=orders.drain)


def _worker_id(call: Call) -> str:
    return check_name(call.path("id"), "the worker's id", "/id")


ENDPOINTS = (
    Endpoint("GET", "/workers", list_workers),
    Endpoint("GET", "/workers/{id}/orders", show_orders),
    Endpoint("POST", "/workers/{id}/drain", drain_worker, errors=(404,), replies={202: Reply(WorkerOrdersView)}),
    Endpoint("DELETE", "/workers/{id}", forget_worker, replies={204: Reply(media="")}),
)
