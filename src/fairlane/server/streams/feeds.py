"""One subscription for each watched job, shared by clients of `GET /jobs/{id}/events` that may see the same of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from typing import NamedTuple

import msgspec

from ...backend import Monitor
from ...model.errors import NotFound, StoreUnavailable
from ...model.job import Job
from ...rest.events import ENDED, JOB, RETRY, event_text
from .heartbeats import beat_until

_TROUBLE_S = 1.0
_log = logging.getLogger(__name__)
_encode = msgspec.json.Encoder().encode


class Feed:
    """The latest event of one job."""

    def __init__(self) -> None:
        self.version = 0
        self.rendered = b""
        self.ended = False
        self.clients: set[asyncio.Event] = set()
        self.following: asyncio.Task[None] | None = None

    def show(self, job: Job) -> None:
        """Note the present job."""
        self.version += 1
        self.rendered = event_text(JOB, _encode(job), ENDED if job.state.is_terminal else str(self.version))
        self._tell()

    def end(self) -> None:
        """Note that no further event will come."""
        self.ended = True
        self._tell()

    def _tell(self) -> None:
        for fresh in self.clients:
            fresh.set()


class Watched(NamedTuple):
    """A job as some clients may see it."""

    job_id: str
    tenant_id: str | None
    """The tenant of these clients' tokens; None for clients who see all of the job."""


class Feeds:
    """A feed for each job that has clients."""

    def __init__(self) -> None:
        self._feeds: dict[Watched, Feed] = {}

    async def events(self, watched: Watched, monitor: Monitor) -> AsyncGenerator[bytes]:
        """The job at once and after each change; a slow client gets the latest. Ends once the job has ended.

        `monitor` shows what these clients may see.
        """
        fresh = asyncio.Event()
        feed = self._join(watched, monitor, fresh)
        seen = 0
        try:
            yield RETRY
            while True:
                fresh.clear()
                if feed.version > seen:
                    seen = feed.version
                    yield feed.rendered
                elif feed.ended:
                    return
                else:
                    yield await beat_until(fresh)
        finally:
            self._leave(watched, feed, fresh)

    def _join(self, watched: Watched, monitor: Monitor, fresh: asyncio.Event) -> Feed:
        feed = self._feeds.get(watched)
        if feed is None or feed.ended:  # a job may be retried after its end
            feed = self._feeds[watched] = Feed()
            feed.following = asyncio.create_task(_follow(watched.job_id, monitor, feed))
        feed.clients.add(fresh)
        return feed

    def _leave(self, watched: Watched, feed: Feed, fresh: asyncio.Event) -> None:
        feed.clients.discard(fresh)
        if feed.clients:
            return
        if feed.following is not None:
            feed.following.cancel()
        if self._feeds.get(watched) is feed:
            del self._feeds[watched]


async def _follow(job_id: str, monitor: Monitor, feed: Feed) -> None:
    while True:
        try:
            async for job in monitor.follow(job_id):
                feed.show(job)
            break
        except NotFound:
            break
        except StoreUnavailable:
            await asyncio.sleep(_TROUBLE_S)
        except Exception:
            _log.exception("following job %s failed", job_id)
            break
    feed.end()
