"""Figures, their history, and streams of changes."""

from __future__ import annotations

from http import HTTPStatus

from ...model.monitor import History
from ...model.token import TokenKind
from ...rest.events import ENDED, EVENT_STREAM
from ...rest.headers import LAST_EVENT_ID
from ...rest.monitor import HistoryQuery, OverviewView
from ..http.answers import Answer
from ..http.call import Call
from ..http.endpoint import Endpoint, Reply
from ..streams.feeds import Watched
from ..streams.stream import EventStream

_LAST_EVENT_ID = {"Last-Event-ID": "The id of the event that the client saw last."}


async def show_overview(call: Call) -> OverviewView:
    """Totals, jobs by state, queues and workers."""
    return OverviewView.of(await call.backend.monitor.overview())


async def show_history(call: Call, query: HistoryQuery) -> History:
    """Figures over time: every 10 seconds for up to two hours back, every minute for up to a day."""
    return await call.backend.monitor.history(query.minutes)


async def stream_events(call: Call) -> Answer:
    """Server-sent events of the whole store.

    `overview`: as GET /overview, when it has changed, at most once a second. `jobs`: up to 200 jobs that have changed,
    and whether others did too, `{"jobs": [{id, tenantId, queue, task, state}], "more": bool}`, at most four times a
    second. `reset`: changes may have been missed, so load everything again.

    A tenant's token receives `jobs` with its own jobs only, and a `reset` every 15 seconds.
    """
    return EventStream(call, call.context.hub.events(call.header(LAST_EVENT_ID.encode()), call.tenant_id))


async def stream_job(call: Call) -> Answer:
    """Server-sent events of one job, until it has ended.

    `job`: as GET /jobs/{id}, at once and after each change. A client that reconnects with the id of the last event
    gets 204, so that browsers stop reconnecting.
    """
    job = await call.backend.jobs.get(call.path("id"))
    if job.state.is_terminal and call.header(LAST_EVENT_ID.encode()) == ENDED:
        return Answer(HTTPStatus.NO_CONTENT, b"", b"")
    return EventStream(call, call.context.feeds.events(Watched(job.id, call.tenant_id), call.backend.monitor))


ENDPOINTS = (
    Endpoint("GET", "/overview", show_overview).open_to(TokenKind.MONITOR).shared(),
    Endpoint("GET", "/history", show_history).open_to(TokenKind.MONITOR).large(),
    Endpoint("GET", "/events", stream_events, replies={200: Reply(str, EVENT_STREAM)}, headers=_LAST_EVENT_ID).open_to(
        TokenKind.TENANT, TokenKind.MONITOR
    ),
    Endpoint(
        "GET",
        "/jobs/{id}/events",
        stream_job,
        errors=(404,),
        replies={200: Reply(str, EVENT_STREAM), 204: Reply(media="")},
        headers=_LAST_EVENT_ID,
    ).open_to(TokenKind.TENANT),
)
