"""Growing pauses between calls that fail."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

from .admission import REFUSED, Admission
from .trouble import is_outage, log_trouble

LONGEST_SECONDS = 2.0


class Pauses:
    """Holds calls back after a failure, longer after each further one, and logs each kind of trouble once."""

    def __init__(self, on_end: Callable[[], None], admission: Admission) -> None:
        """`on_end` is called when a pause is over."""
        self.is_on = False
        self._admission = admission
        self._on_end = on_end
        self._failures = 0
        self._logged: type[BaseException] | None = None

    def succeeded(self) -> None:
        """A call succeeded: the next pause is short again."""
        self._failures = 0
        self._logged = None
        self._admission.allowed("claims")

    def failed(self, error: BaseException) -> None:
        """A call failed: begin a pause, unless one is on."""
        if self.is_on:
            return
        self.is_on = True
        asyncio.get_running_loop().call_later(self._pause_after(error), self._end)

    def _pause_after(self, error: BaseException) -> float:
        if isinstance(error, REFUSED):
            return self._admission.refused("claims", error)
        if type(error) is not self._logged:
            self._logged = type(error)
            refused = "the store refused a call; it will be repeated"
            log_trouble("the store cannot be reached" if is_outage(error) else refused, error)
        seconds = min(LONGEST_SECONDS, 0.05 * 2.0**self._failures) * random.uniform(0.5, 1.0)
        self._failures = min(self._failures + 1, 10)
        return seconds

    def _end(self) -> None:
        self.is_on = False
        self._on_end()
