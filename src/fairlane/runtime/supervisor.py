"""Runs children side by side, and stops them in order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

from ..model.errors import FairlaneError
from ..process.orphans import collect_orphans
from ..process.signals import Stop, StopRequests, stop_signals
from .child import Child

T = TypeVar("T")

_log = logging.getLogger(__name__)


class CutShort(FairlaneError):
    """A second request to stop came before the orderly stop was complete."""

    code = "cut_short"


class StopSignals:
    """The stop signals as events of the running event loop, within `with`."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        """Set by the first request to stop: stop in order."""
        self.at_once = asyncio.Event()
        """Set by the second request to stop: stop at once."""
        self._requests = StopRequests()
        self._taken = stop_signals()

    def __enter__(self) -> Self:
        for number in self._taken:
            asyncio.get_running_loop().add_signal_handler(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for number in self._taken:
            asyncio.get_running_loop().remove_signal_handler(number)

    async def unless_asked(self, step: Coroutine[Any, Any, T]) -> T | None:
        """The result of `step`; None if a stop signal comes first, which cancels the step and awaits its end."""
        doing = asyncio.create_task(step)
        asked = asyncio.create_task(self.asked.wait())
        await asyncio.wait({doing, asked}, return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        if not doing.done():
            doing.cancel()
            await asyncio.wait({doing})
        return None if doing.cancelled() else doing.result()

    def _note(self) -> None:
        if self._requests.note() is Stop.AT_ONCE:
            self.at_once.set()
        self.asked.set()


async def supervise(
    stages: Sequence[Sequence[Child]], signals: StopSignals, when_started: Callable[[], Coroutine[Any, Any, None]]
) -> None:
    """Keep all children running until a stop signal, or until all have ended; then stop them stage by stage.

    `when_started` runs beside the children. Raises CannotStart, CutShort, and the errors of `when_started`;
    all children have ended then.
    """
    keepers = [asyncio.create_task(child.keep(), name=child.name) for stage in stages for child in stage]
    starting = asyncio.create_task(when_started())
    asked = asyncio.create_task(signals.asked.wait())
    collecting = asyncio.create_task(collect_orphans())
    try:
        await _until_over([starting, *keepers], asked)
        _log.info("stopping")
    except BaseException:
        signals.at_once.set()
        raise
    finally:
        for task in (asked, starting):
            task.cancel()
        for stage in stages:
            for child in stage:
                child.start_no_more()
        for stage in stages:
            await asyncio.gather(*(child.stop(signals.at_once) for child in stage))
        await asyncio.gather(*keepers, return_exceptions=True)
        collecting.cancel()
    if signals.at_once.is_set():
        raise CutShort("stopped at once: jobs that were running will run again")


async def _until_over(tasks: Sequence[asyncio.Task[None]], asked: asyncio.Task[bool]) -> None:
    """Return when `asked` or all tasks are done. Raises the error of the first task that fails."""
    waiting: set[asyncio.Task[None] | asyncio.Task[bool]] = {*tasks, asked}
    while not asked.done() and len(waiting) > 1:
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
