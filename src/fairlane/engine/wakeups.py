"""Hears from the store when an idle worker has work or is told something, when an awaited job has ended, and which
jobs changed.

News may get lost with a connection, so whoever waits also looks for itself now and then; on each new
connection everybody is woken once.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable, Iterator, Sequence

from valkey.asyncio.client import PubSub
from valkey.exceptions import ValkeyError

from ..store import Store
from . import keys

_RECONNECT_S = 0.2

_log = logging.getLogger(__name__)


class Wakeups:
    """One subscription for all waiters of a process, made when the first one comes."""

    def __init__(self, store: Store, partitions: int) -> None:
        self._store = store
        self._prefixes = [keys.prefix(partition) for partition in range(partitions)]
        self._waiters: dict[asyncio.Event, frozenset[str]] = {}
        self._listener: asyncio.Task[None] | None = None
        self._pubsub: PubSub | None = None
        self._listening = False
        self._on_news: Callable[[bytes | None], None] | None = None

    @contextlib.contextmanager
    def work_for(self, queues: Sequence[str]) -> Iterator[asyncio.Event]:
        """An event that is set when one of `queues` (none: any) may have work."""
        with self._listen(frozenset(keys.wake(queue) for queue in queues)) as event:
            yield event

    @contextlib.contextmanager
    def end_of(self, job_id: str) -> Iterator[asyncio.Event]:
        """An event that is set when the job has ended, if the store was asked to tell."""
        with self._listen(frozenset({job_id})) as event:
            yield event

    @contextlib.contextmanager
    def orders_for(self, worker_id: str) -> Iterator[asyncio.Event]:
        """An event that is set when the worker was told something."""
        with self._listen(frozenset({worker_id})) as event:
            yield event

    async def hear_news(self, on_news: Callable[[bytes | None], None] | None) -> None:
        """Call `on_news` with each piece of news, and with None once from here on none is lost; None ends that."""
        if on_news == self._on_news:
            return
        self._on_news = on_news
        self._start()
        pubsub = self._pubsub
        # While there is no connection, making one is for the listener alone, which then sees what is wanted.
        if pubsub is not None and self._listening and pubsub.connection.is_connected:  # type: ignore[attr-defined]
            with contextlib.suppress(ValkeyError, OSError):
                await (pubsub.unsubscribe if on_news is None else pubsub.subscribe)(*self._channels(keys.NEWS))

    async def close(self) -> None:
        """Stop listening."""
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.wait({self._listener})

    @contextlib.contextmanager
    def _listen(self, topics: frozenset[str]) -> Iterator[asyncio.Event]:
        event = asyncio.Event()
        self._waiters[event] = topics
        self._start()
        try:
            yield event
        finally:
            del self._waiters[event]

    def _start(self) -> None:
        if self._listener is None:
            self._listener = asyncio.create_task(self._run())

    def _channels(self, name: str) -> list[str]:
        return [prefix + name for prefix in self._prefixes]

    async def _run(self) -> None:
        pubsub = self._pubsub = self._store.subscriber().pubsub(ignore_subscribe_messages=False)
        while True:
            try:
                await pubsub.psubscribe(*self._channels(keys.wake("*")))
                await pubsub.subscribe(*self._channels(keys.ENDED), *self._channels(keys.ORDERS))
                if self._on_news is not None:
                    await pubsub.subscribe(*self._channels(keys.NEWS))
                self._listening = True
                await self._read(pubsub)
            except Exception as error:  # a listener that ends would leave everybody waiting
                self._listening = False
                if not isinstance(error, (ValkeyError, OSError)):
                    _log.exception("what the store told could not be taken in; listening anew")
                with contextlib.suppress(Exception):
                    await pubsub.aclose()  # type: ignore[no-untyped-call]
                await self._store.ensure_running()
                await asyncio.sleep(_RECONNECT_S * (0.5 + random.random()))

    async def _read(self, pubsub: PubSub) -> None:
        news_channels = [channel.encode() for channel in self._channels(keys.NEWS)]
        while True:
            news = await pubsub.get_message(timeout=None)
            if news is None:
                continue
            if news["type"] in ("psubscribe", "subscribe"):
                self._tell(None)
                if news["channel"] == news_channels[-1] and self._on_news is not None:
                    self._on_news(None)
            elif news["type"] == "pmessage":
                channel = news["channel"].decode()
                self._tell(channel[channel.index("wake/") :])
            elif news["type"] == "message" and news["channel"] in news_channels:
                if self._on_news is not None:
                    self._on_news(news["data"])
            elif news["type"] == "message":
                self._tell(news["data"].decode())

    def _tell(self, topic: str | None) -> None:
        """Wake those who wait for `topic`; None wakes everybody."""
        for event, topics in self._waiters.items():
            if topic is None or topic in topics or (not topics and topic.startswith("wake/")):
                event.set()


async def wait(event: asyncio.Event, seconds: float) -> None:
    """Until the event is set, or for so long."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass
