"""Whether the API lets a worker in, which it does not once the worker's access token is revoked or has expired."""

from __future__ import annotations

import logging
import random

from ..model.errors import FairlaneError, Forbidden, Unauthorized

log = logging.getLogger("fairlane.worker")

REFUSED = (Unauthorized, Forbidden)
"""The errors of a call that the API refuses whatever it says."""
PAUSE_SECONDS = 30.0
"""Between two calls of one kind while the API refuses them. It rarely changes its mind: its store may come back from a
backup that has the token."""


class Admission:
    """The refusals of a worker's calls, by kind of call. Safe to use from several threads."""

    def __init__(self) -> None:
        self._refusals: dict[str, str] = {}

    @property
    def problem(self) -> str | None:
        """Why the worker is not let in; None if it is, or has not asked yet."""
        refusals = list(self._refusals.values())
        return f"the API refuses this worker: {refusals[0]}" if refusals else None

    def refused(self, kind: str, error: FairlaneError) -> float:
        """Note a refused call, and log it unless another call got the same answer. Returns the seconds to wait."""
        reason = str(error)
        if reason not in list(self._refusals.values()):
            log.error("the API refuses this worker: %s", reason)
        self._refusals[kind] = reason
        return PAUSE_SECONDS * random.uniform(0.5, 1.0)

    def allowed(self, kind: str) -> None:
        """Note that a call of this kind succeeded."""
        self._refusals.pop(kind, None)
