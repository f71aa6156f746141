"""Sends outcomes one by one, after a batch was refused: one that cannot be taken must not hold up the others."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable

from ..backend import Backend
from ..model.backoff import Backoff
from ..model.errors import InvalidInput, StoreUnavailable
from ..model.lease import LeaseStatus, Outcome
from .outcomes import refused

log = logging.getLogger("fairlane.worker")

_PAUSES = Backoff(base_ms=50, cap_ms=2_000)


class OneByOne:
    """Sends outcomes until each was taken, or never will be.

    What is refused for its own sake ends as a failure that tells why, or is dropped where even that is refused. Any
    other refusal is waited out for as long as a lease lasts: then the job is another worker's in any case.
    """

    def __init__(
        self, backend: Backend, lease_ms: int, note: Callable[[Outcome, LeaseStatus], None], waiting: deque[Outcome]
    ) -> None:
        """`note` is told of each outcome that was taken."""
        self._backend = backend
        self._note = note
        self.waiting = waiting
        """What is still to be sent."""
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
            except (InvalidInput, TypeError, ValueError) as error:  # the latter two where it cannot even be written
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
        else:
            log.warning("the outcome of job %s is refused, so it fails: %s", outcome.job_id, error)
            self.waiting.appendleft(instead)

    def _drop(self, error: Exception) -> None:
        for outcome in self.waiting:
            log.error("the outcome of job %s could not be sent: %s; it will run again", outcome.job_id, error)
        self.waiting.clear()
