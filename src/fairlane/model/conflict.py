"""Which options of a job go together with `on_conflict`."""

from __future__ import annotations

from .errors import InvalidInput
from .job import OnConflict


def check_conflict(on_conflict: OnConflict, key: str | None, delay_ms: int, max_delay_ms: int | None) -> None:
    """Raises InvalidInput if the options contradict each other, or would have no effect."""
    if on_conflict is not OnConflict.RETURN and key is None:
        raise InvalidInput(f"{on_conflict.value} needs a key, which names the job to change", "/onConflict")
    debounces = on_conflict is OnConflict.DEBOUNCE
    if debounces and not delay_ms:
        raise InvalidInput("debounce needs a delay: how long to wait after the last request", "/delaySeconds")
    if debounces and (max_delay_ms is None or max_delay_ms < delay_ms):
        raise InvalidInput("debounce needs a longest delay that is no shorter than the delay", "/maxDelaySeconds")
    if max_delay_ms is not None and not debounces:
        raise InvalidInput("a longest delay has an effect only with debounce", "/maxDelaySeconds")
