"""How a worker logs a call that failed and will be repeated."""

from __future__ import annotations

import logging

from ..model.errors import StoreUnavailable

log = logging.getLogger("fairlane.worker")


def is_outage(error: BaseException) -> bool:
    """Whether the call failed because the store or the API was away, which ends by itself."""
    return isinstance(error, StoreUnavailable | TimeoutError)


def log_trouble(what: str, error: BaseException) -> None:
    """Warn of an outage in one line. Anything else is a fault to look into, and gets its traceback."""
    if is_outage(error):
        log.warning("%s: %s", what, error)
    else:
        log.error(what, exc_info=error)
