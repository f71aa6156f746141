"""Workers, and the orders that they receive."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from ...model.names import check_name
from ...model.token import TokenKind
from ...rest.workers import EndedLeases, OrdersQuery, WorkerList, WorkerOrdersView, WorkerView
from ..http.answers import Answer, json_answer
from ..http.call import Call
from ..http.endpoint import Endpoint, Reply


async def list_workers(call: Call) -> WorkerList:
    """Workers whose last heartbeat is recent."""
    return WorkerList(workers=[WorkerView.of(worker) for worker in await call.backend.workers.list()])


async def drain_worker(call: Call) -> Answer:
    """Tell a worker to stop claiming, let its jobs end, release the rest and leave."""
    worker_id, orders = _worker_id(call), call.backend.workers
    await orders.drain(worker_id)
    return json_answer(WorkerOrdersView.of(await orders.next_orders(worker_id, 0, 0)), HTTPStatus.ACCEPTED)


async def show_orders(call: Call, query: OrdersQuery) -> WorkerOrdersView:
    """A worker's orders: a number that rises when it should extend its leases at once (one of its jobs was
    cancelled), and whether to drain. Waits until the number differs from `seen`.
    """
    worker_id, orders = _worker_id(call), call.backend.workers
    waiting = asyncio.create_task(orders.next_orders(worker_id, query.seen, query.wait_ms))
    ending = {*call.endings(), asyncio.create_task(call.context.stopping.wait())}
    try:
        await asyncio.wait({waiting, *ending}, return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            return WorkerOrdersView(number=query.seen, drain=False)
        return WorkerOrdersView.of(waiting.result())
    finally:
        for task in (waiting, *ending):
            task.cancel()


async def forget_worker(call: Call) -> Answer:
    """Remove a worker that has ended. A worker that still runs returns with its next heartbeat."""
    await call.backend.workers.leave(_worker_id(call))
    return Answer(HTTPStatus.NO_CONTENT, b"", b"")


async def reap_worker(call: Call) -> EndedLeases:
    """Remove a worker whose process has died, and give its jobs back. If only one job may have ended the process, that
    job burns an attempt; the others burn none.
    """
    reaped = await call.backend.workers.reap(_worker_id(call))
    return EndedLeases(requeued=reaped.requeued, failed=reaped.failed, cancelled=reaped.cancelled)


def _worker_id(call: Call) -> str:
    return check_name(call.path("id"), "the worker's id", "/id")


ENDPOINTS = (
    Endpoint("GET", "/workers", list_workers).open_to(TokenKind.WORKER, TokenKind.MONITOR).shared(),
    Endpoint("GET", "/workers/{id}/orders", show_orders).open_to(TokenKind.WORKER),
    Endpoint("POST", "/workers/{id}/drain", drain_worker, errors=(404,), replies={202: Reply(WorkerOrdersView)}),
    Endpoint("POST", "/workers/{id}/reap", reap_worker).open_to(TokenKind.WORKER),
    Endpoint("DELETE", "/workers/{id}", forget_worker, replies={204: Reply(media="")}).open_to(TokenKind.WORKER),
)
