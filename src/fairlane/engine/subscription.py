"""One subscription to the store's channels: work for an idle worker, new orders, an awaited job's end, changed jobs.

A message can get lost with a connection. Every waiter therefore also checks the store now and then, and each new
connection wakes all waiters once.
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
from .idle_claims import IdleClaim, IdleClaims
from .partition import Partitions

_RECONNECT_S = 0.2

_log = logging.getLogger(__name__)


class Subscription:
    """One subscription for all waiters of a process, opened by the first one."""

    def __init__(self, store: Store, partitions: Partitions) -> None:
        self._store = store
        self._prefixes = [partition.prefix for partition in partitions]
        self._idle_claims = IdleClaims(partitions)
        self._waiters: dict[asyncio.Event, str] = {}
        self._listener: asyncio.Task[None] | None = None
        self._pubsub: PubSub | None = None
        self._listening = False
        self._on_event: Callable[[bytes | None], None] | None = None

    @contextlib.contextmanager
    def idle_claim(self, queues: Sequence[str]) -> Iterator[IdleClaim]:
        """A claim of these queues (none: all) that the store may wake."""
        self._start()
        with self._idle_claims.waiting(queues) as claim:
            yield claim

    @contextlib.contextmanager
    def end_of(self, job_id: str) -> Iterator[asyncio.Event]:
        """An event that is set when the job has ended, if a script marked the job as awaited."""
        with self._listen(job_id) as event:
            yield event

    @contextlib.contextmanager
    def orders_for(self, worker_id: str) -> Iterator[asyncio.Event]:
        """An event that is set when the worker has new orders."""
        with self._listen(worker_id) as event:
            yield event

    async def hear_events(self, on_event: Callable[[bytes | None], None] | None) -> None:
        """Call `on_event` with each event, and with None at the point after which no event is lost.

        None as `on_event` ends that.
        """
        if on_event == self._on_event:
            return
        self._on_event = on_event
        self._start()
        pubsub = self._pubsub
        # Without a connection, only the listener connects; it then subscribes to what is wanted.
        if pubsub is not None and self._listening and pubsub.connection.is_connected:  # type: ignore[attr-defined]
            with contextlib.suppress(ValkeyError, OSError):
                await (pubsub.unsubscribe if on_event is None else pubsub.subscribe)(*self._channels(keys.EVENTS))

    async def close(self) -> None:
        """Stop listening."""
        await self._idle_claims.close()
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.wait({self._listener})

    @contextlib.contextmanager
    def _listen(self, topic: str) -> Iterator[asyncio.Event]:
        event = asyncio.Event()
        self._waiters[event] = topic
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
                await pubsub.subscribe(
                    *self._idle_claims.channels, *self._channels(keys.ENDED), *self._channels(keys.ORDERS)
                )
                if self._on_event is not None:
                    await pubsub.subscribe(*self._channels(keys.EVENTS))
                self._listening = True
                await self._read(pubsub)
            except Exception as error:  # if the listener ended, all waiters would wait for ever
                self._listening = False
                if not isinstance(error, (ValkeyError, OSError)):
                    _log.exception("a message of the store could not be read; subscribing again")
                with contextlib.suppress(Exception):
                    await pubsub.aclose()  # type: ignore[no-untyped-call]
                await self._store.recover(error)
                await asyncio.sleep(_RECONNECT_S * (0.5 + random.random()))

    async def _read(self, pubsub: PubSub) -> None:
        event_channels = [channel.encode() for channel in self._channels(keys.EVENTS)]
        while True:
            message = await pubsub.get_message(timeout=None)
            if message is None:
                continue
            if message["type"] == "subscribe":
                self._wake_all()
                if message["channel"] == event_channels[-1] and self._on_event is not None:
                    self._on_event(None)
            elif message["type"] == "message" and message["channel"] in event_channels:
                if self._on_event is not None:
                    self._on_event(message["data"])
            elif message["type"] == "message":
                self._hear(message["channel"].decode(), message["data"].decode())

    def _hear(self, channel: str, topic: str) -> None:
        if not self._idle_claims.hear(channel, topic):
            for event, waited_for in self._waiters.items():
                if topic == waited_for:
                    event.set()

    def _wake_all(self) -> None:
        self._idle_claims.wake_all()
        for event in self._waiters:
            event.set()


async def wait(event: asyncio.Event, seconds: float) -> None:
    """Return when the event is set, or after `seconds`."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass
