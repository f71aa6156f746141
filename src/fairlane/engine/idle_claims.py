"""The claims of this process that wait for work. lua/include/idle.lua keeps them in the store and wakes one by one.

A wake that finds its claim gone goes to another claim of this process, or back to the store.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Iterator, Sequence

from ..model.errors import StoreUnavailable
from . import keys
from .partition import Partition, Partitions

_log = logging.getLogger(__name__)


class IdleClaim:
    """A claim that waits. `event` is set when it should try again."""

    def __init__(self, name: str, queues: Sequence[str]) -> None:
        self.name = name
        """As the store names it: LISTENER/NUMBER."""
        self.event = asyncio.Event()
        self._queues = frozenset(queues or (keys.ALL_QUEUES,))
        self._unused: list[tuple[Partition, str]] = []

    def may_take(self, queue: str) -> bool:
        """`queue` may be keys.ALL_QUEUES."""
        return queue in self._queues

    def wake(self, partition: Partition, queue: str) -> None:
        self._unused.append((partition, queue))
        self.event.set()

    def begin(self) -> None:
        """The claim looks at the store, so it uses the wakes so far."""
        self._unused.clear()
        self.event.clear()

    @property
    def unused(self) -> Sequence[tuple[Partition, str]]:
        """The wakes since it last looked: partitions and queues."""
        return self._unused


class IdleClaims:
    """The idle claims of one process, and the channels on which the store wakes them."""

    def __init__(self, partitions: Partitions) -> None:
        self._listener = secrets.token_hex(8)
        self._partitions = {partition.prefix + keys.wake(self._listener): partition for partition in partitions}
        self._claims: dict[str, IdleClaim] = {}
        self._count = 0
        self._passing: set[asyncio.Task[None]] = set()
        self._is_closed = False

    @property
    def channels(self) -> Sequence[str]:
        """The channels to subscribe to, one a partition."""
        return list(self._partitions)

    @contextlib.contextmanager
    def waiting(self, queues: Sequence[str]) -> Iterator[IdleClaim]:
        """A claim of these queues (none: all). While it waits, the store may wake it."""
        self._count += 1
        number = str(self._count)
        claim = self._claims[number] = IdleClaim(f"{self._listener}/{number}", queues)
        try:
            yield claim
        finally:
            del self._claims[number]
            for partition, queue in claim.unused:
                self._wake_another(partition, queue)

    async def close(self) -> None:
        """Pass no more wakes on. Upkeep wakes another claim once one is overdue."""
        self._is_closed = True
        for task in self._passing:
            task.cancel()
        await asyncio.gather(*self._passing, return_exceptions=True)

    def wake_all(self) -> None:
        """Messages may have been lost."""
        for claim in self._claims.values():
            claim.event.set()

    def hear(self, channel: str, message: str) -> bool:
        """Take a message of the store. Returns whether it came by one of our channels."""
        partition = self._partitions.get(channel)
        if partition is None:
            return False
        number, _, queue = message.partition("/")
        claim = self._claims.get(number)
        if claim is not None:
            claim.wake(partition, queue)
        else:
            self._wake_another(partition, queue)
        return True

    def _wake_another(self, partition: Partition, queue: str) -> None:
        for claim in self._claims.values():
            if claim.may_take(queue) and not claim.event.is_set():
                return claim.wake(partition, queue)
        if self._is_closed:
            return
        task = asyncio.create_task(self._pass_on(partition, queue))
        self._passing.add(task)
        task.add_done_callback(self._passing.discard)

    @staticmethod
    async def _pass_on(partition: Partition, queue: str) -> None:
        try:
            await partition.run("pass_wake", queue=queue)
        except StoreUnavailable as error:
            # Upkeep wakes another claim once this one is overdue.
            _log.debug("a wake for queue %s could not be passed on: %s", queue, error)
