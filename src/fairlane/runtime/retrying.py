"""Retries background work. The first failure is logged at once."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable

from ..model.backoff import Backoff
from ..model.errors import FairlaneError, StoreUnavailable

_TROUBLE = Backoff(base_ms=200, cap_ms=10_000)
_HEALTHY_AFTER_SECONDS = 30.0

_log = logging.getLogger(__name__)


async def insist(what: str, step: Callable[[], Awaitable[None]]) -> None:
    """Await `step` until it returns. If it raises, log the error and repeat it after growing pauses."""
    failures = 0
    while True:
        began = time.monotonic()
        try:
            return await step()
        except Exception as error:
            failures = 1 if time.monotonic() - began > _HEALTHY_AFTER_SECONDS else failures + 1
            _tell(what, error, failures)
        await asyncio.sleep(_TROUBLE.delay_ms(failures, random.random()) / 1000)


def _tell(what: str, error: Exception, failures: int) -> None:
    if not isinstance(error, StoreUnavailable):
        trace = None if isinstance(error, FairlaneError) else error
        _log.error("%s failed; retrying: %s", what, error, exc_info=trace)
    elif failures == 1:
        _log.warning("%s waits for the store: %s", what, error)
