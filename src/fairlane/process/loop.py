"""The event loops that fairlane's processes run on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Literal

LoopKind = Literal["uvloop", "asyncio"]


def loop_factory(kind: LoopKind) -> Callable[[], asyncio.AbstractEventLoop]:
    """What makes event loops of this kind."""
    return new_event_loop if kind == "uvloop" else asyncio.new_event_loop


def new_event_loop() -> asyncio.AbstractEventLoop:
    """A loop of uvloop, or of asyncio where uvloop is not available."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
