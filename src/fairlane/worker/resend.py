"""Outcomes that wait to be sent, and outcomes that are sent one by one because the store refused their batch."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence

from ..backend import Backend
from ..model.backoff import Backoff
from ..model.errors import InvalidInput, StoreUnavailable
from ..model.lease import LeaseStatus, Outcome
from .outcomes import refused

log = logging.getLogger("fairlane.worker")

MOST_BYTES = 1024 * 1024
"""Bytes of results in one call, unless a single result is larger: the store serves no other call meanwhile."""
_PAUSES = Backoff(base_ms=50, cap_ms=2_000)


class Outbox:
    """Outcomes in the order that their jobs ended."""

    def __init__(self) -> None:
        self._waiting: list[Outcome] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, outcome: Outcome) -> None:
        self._waiting.append(outcome)

    def take(self, most: int) -> list[Outcome]:
        """Remove and return the oldest, up to `most` and about MOST_BYTES."""
        count = size = 0
        for outcome in self._waiting[:most]:
            if outcome.result is not None:
                size += len(memoryview(outcome.result))
                if size > MOST_BYTES and count:
                    break
            count += 1
        taken, self._waiting = self._waiting[:count], self._waiting[count:]
        return taken

    def put_back(self, outcomes: Sequence[Outcome]) -> None:
        """Put outcomes that could not be sent before all others."""
        self._waiting[:0] = outcomes


class OneByOne:
    """Sends outcomes until the store has taken each, or never will.

    If an outcome itself is refused, the job fails with the reason; if that is refused too, the outcome is dropped. Any
    other refusal is waited out for the length of a lease, after which the job is another worker's in any case.
    """

    def __init__(
        self,
        backend: Backend,
        lease_ms: int,
        note: Callable[[Outcome, LeaseStatus], None],
        on_dropped: Callable[[Outcome], None],
        waiting: deque[Outcome],
    ) -> None:
        """`note` is called with each outcome that was taken, `on_dropped` with each that never will be."""
        self._backend = backend
        self._note = note
        self._on_dropped = on_dropped
        self.waiting = waiting
        """Outcomes still to be sent."""
        self._give_up_at = time.monotonic() + lease_ms / 1000

    async def send(self) -> None:
        """Send until nothing waits. Raises StoreUnavailable."""
        failures = 0
        while self.waiting:
            outcome = self.waiting[0]
            try:
                statuses = await self._backend.leases.finish([outcome])
            except StoreUnavailable:
                raise
            except (InvalidInput, TypeError, ValueError) as error:  # a TypeError or ValueError: not JSON
                self._refused(outcome, error)
            except Exception as error:
                if time.monotonic() > self._give_up_at:
                    self._drop(error)
                self.waiting.rotate(-1)
                failures += 1
                await asyncio.sleep(_PAUSES.delay_ms(failures, 1.0) / 1000)
            else:
                self.waiting.popleft()
                self._note(outcome, statuses[0])

    def _refused(self, outcome: Outcome, error: Exception) -> None:
        self.waiting.popleft()
        instead = refused(outcome, str(error))
        if instead is None:
            log.error("the outcome of job %s is refused: %s; its lease will run out", outcome.job_id, error)
            self._on_dropped(outcome)
        else:
            log.warning("the outcome of job %s is refused, so it fails: %s", outcome.job_id, error)
            self.waiting.appendleft(instead)

    def _drop(self, error: Exception) -> None:
        for outcome in self.waiting:
            log.error("the outcome of job %s could not be sent: %s; it will run again", outcome.job_id, error)
            self._on_dropped(outcome)
        self.waiting.clear()
