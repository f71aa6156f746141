"""Hears from the store when an idle worker has work, and when an awaited job has ended.

News may get lost with a connection, so whoever waits also looks for itself now and then; on each new
connection everybody is woken once.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Iterator, Sequence

from valkey.asyncio.client import PubSub
from valkey.exceptions import ValkeyError

from ..store import Store
from . import keys

_RECONNECT_S = 0.2


class Wakeups:
    """One subscription for all waiters of a process, made when the first one comes."""

    def __init__(self, store: Store, partitions: int) -> None:
        self._store = store
        self._prefixes = [keys.prefix(partition) for partition in range(partitions)]
        self._waiters: dict[asyncio.Event, frozenset[str]] = {}
        self._listener: asyncio.Task[None] | None = None

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

    async def close(self) -> None:
        """Stop listening."""
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.wait({self._listener})

    @contextlib.contextmanager
    def _listen(self, topics: frozenset[str]) -> Iterator[asyncio.Event]:
        event = asyncio.Event()
        self._waiters[event] = topics
        if self._listener is None:
            self._listener = asyncio.create_task(self._run())
        try:
            yield event
        finally:
            del self._waiters[event]

    async def _run(self) -> None:
        pubsub = self._store.subscriber().pubsub(ignore_subscribe_messages=False)
        while True:
            try:
                await pubsub.psubscribe(*(f"{prefix}{keys.wake('*')}" for prefix in self._prefixes))
                await pubsub.subscribe(*(f"{prefix}{keys.ENDED}" for prefix in self._prefixes))
                await self._read(pubsub)
            except (ValkeyError, OSError):
                await self._store.ensure_running()
                await asyncio.sleep(_RECONNECT_S * (0.5 + random.random()))

    async def _read(self, pubsub: PubSub) -> None:
        while True:
            news = await pubsub.get_message(timeout=None)
            if news is None:
                continue
            if news["type"] in ("psubscribe", "subscribe"):
                self._tell(None)
            elif news["type"] == "pmessage":
                channel = news["channel"].decode()
                self._tell(channel[channel.index("wake/") :])
            elif news["type"] == "message":
                self._tell(news["data"].decode())

    def _tell(self, topic: str | None) -> None:
        """Wake those who wait for `topic`; None wakes everybody."""
        for event, topics in self._waiters.items():
            if topic is None or topic in topics or (not topics and topic.startswith("wake/")):
                event.set()
