"""The signals that ask a process to stop, and how to tell a second request from a copy of the first."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from types import FrameType
from typing import Any

from .identity import is_supervised

SAME_REQUEST_SECONDS = 1.0
"""Stop signals that arrive this soon after the first one belong to the same request.

systemd, Heroku and some shells signal every process at once; a supervisor then passes the request on as well.
"""


def stop_signals() -> list[signal.Signals]:
    """SIGTERM, SIGINT and SIGHUP; without SIGHUP where it is ignored (nohup)."""
    hang_up = [] if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else [signal.SIGHUP]
    return [signal.SIGTERM, signal.SIGINT, *hang_up]


Handler = Callable[[int, FrameType | None], None]
_replaced: dict[signal.Signals, Any] = {}
"""The handlers from before `catch_stop_signals`."""


def catch_stop_signals(handler: Handler) -> None:
    """Install `handler` for the stop signals of this process; children, forked or not, have the handlers from before.

    Unlike a handler of an event loop, it also runs while a job blocks the loop.
    """
    for number in stop_signals():
        _replaced[number] = signal.signal(number, handler)


def release_stop_signals() -> None:
    """Restore the handlers from before `catch_stop_signals`."""
    while _replaced:
        signal.signal(*_replaced.popitem())


@contextmanager
def stop_signals_blocked() -> Iterator[None]:
    """Start a child that must not end before it has its own handlers. `ignore_stop_signals` unblocks them there."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, stop_signals())
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def ignore_stop_signals() -> None:
    """Ignore stop signals in this process but not in its children, which would inherit SIG_IGN."""
    catch_stop_signals(lambda number, frame: None)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, stop_signals())


_mask = threading.local()


def _before_fork() -> None:
    """Hold stop signals back: one that reaches the child too early would go to the parent's handler."""
    _mask.before = signal.pthread_sigmask(signal.SIG_BLOCK, _replaced)


def _after_fork() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, _mask.before)


def _after_fork_in_child() -> None:
    if _replaced:
        signal.set_wakeup_fd(-1)  # it belongs to the parent's event loop
        release_stop_signals()
    _after_fork()


os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork_in_child)


class Stop(Enum):
    """What a stop signal asks for."""

    IN_ORDER = "in order"
    AT_ONCE = "at once"
    REPEATED = "repeated"  # a copy of the first request


class StopRequests:
    """Interprets the stop signals of this process. Safe to call from a signal handler.

    A supervised process never stops at once: its supervisor decides that, and kills it.
    """

    def __init__(self) -> None:
        self._first: float | None = None

    def note(self) -> Stop:
        """Record a stop signal that arrived now."""
        now = time.monotonic()
        if self._first is None:
            self._first = now
            return Stop.IN_ORDER
        if is_supervised() or now - self._first < SAME_REQUEST_SECONDS:
            return Stop.REPEATED
        return Stop.AT_ONCE
