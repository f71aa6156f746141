"""Runs the async client for sync code: one event loop in a background thread of each process."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import ctypes
import os
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Generic, Protocol, TypeVar
from weakref import WeakSet

from ..process.loop import new_event_loop

T = TypeVar("T")

CLOSE_SECONDS = 5.0
"""How long the end of the interpreter waits for connections to be closed."""
_LONGEST_WAIT_S = 1.0


class Closing(Protocol):
    """An object with connections on an event loop."""

    async def close(self) -> None:
        """Close the connections."""


def run_sync(function: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run an async function on the portal's loop and return its result. Any number of threads may call this at once.

    Raises the exceptions of the function, and RuntimeError if an event loop runs in this thread.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return _open_portal().run(function)
    raise RuntimeError("a sync call would block the event loop of this thread; await the async method instead")


def close_at_exit(client: Closing) -> None:
    """Close `client` before the interpreter ends, if the portal's loop calls this."""
    if _portal is not None and _portal.loop is asyncio.get_running_loop():
        _portal.clients.add(client)


class _Call(Generic[T]):
    """A call from another thread. That thread waits for `ended`; the loop uses everything else."""

    __slots__ = ("_function", "_task", "ended")

    def __init__(self, function: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._function = function
        self._task: asyncio.Task[T] | None = None
        self.ended = threading.Lock()
        self.ended.acquire()

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        self._task = loop.create_task(self._run())
        self._task.add_done_callback(self._end)

    async def _run(self) -> T:
        return await self._function()

    def _end(self, task: asyncio.Task[T]) -> None:
        self.ended.release()

    def cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def result(self) -> T:
        """The result of the function, once it has ended. Raises the function's exception."""
        assert self._task is not None  # noqa: S101  it has ended
        return self._task.result()


class _Portal:
    """The loop and its thread."""

    def __init__(self) -> None:
        self.clients: WeakSet[Closing] = WeakSet()
        self.loop = new_event_loop()
        self.loop.set_default_executor(_LateThreads())
        # A daemon: the interpreter waits for the other threads before it calls `close`, and they may need this thread.
        self._thread = threading.Thread(target=self._serve, name="fairlane-portal", daemon=True)
        self._thread.start()

    def run(self, function: Callable[[], Coroutine[Any, Any, T]]) -> T:
        call = _Call(function)
        self.loop.call_soon_threadsafe(call.begin, self.loop)
        try:
            # In a loop: a signal that arrives just before a wait does not end the wait.
            while not call.ended.acquire(timeout=_LONGEST_WAIT_S):
                pass
        except BaseException:  # KeyboardInterrupt
            self.loop.call_soon_threadsafe(call.cancel)
            raise
        return call.result()

    def close(self) -> None:
        with contextlib.suppress(Exception):
            asyncio.run_coroutine_threadsafe(self._close_clients(), self.loop).result(CLOSE_SECONDS)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(CLOSE_SECONDS)

    async def _close_clients(self) -> None:
        await asyncio.gather(*(client.close() for client in self.clients), return_exceptions=True)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _serve(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
        finally:
            self.loop.close()


class _LateThreads(ThreadPoolExecutor):
    """Threads for blocking calls. While the interpreter ends, it starts no threads; the calls then run in this one."""

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        try:
            return super().submit(function, *args, **kwargs)
        except RuntimeError:
            future: Future[Any] = Future()
            try:
                future.set_result(function(*args, **kwargs))
            except Exception as error:
                future.set_exception(error)
            return future


_portal: _Portal | None = None
_fork_lock = threading.Lock()


@contextlib.contextmanager
def no_fork() -> Iterator[None]:
    """In this block no thread can fork: its child would wait for ever for an import that this thread began."""
    with _fork_lock:
        yield


def _open_portal() -> _Portal:
    global _portal  # noqa: PLW0603  one for each process
    if _portal is None:
        with no_fork():
            if _portal is None:
                _portal = _Portal()
    return _portal


def _forget_parents_portal() -> None:
    global _portal  # noqa: PLW0603  as above
    _fork_lock.release()
    if _portal is not None:
        # Keep the parent's loop for ever. The kernel shares its epoll set: closing the copies of the connections here
        # could stop the parent from getting their events.
        inherited = (_portal, list(_portal.clients))
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(inherited))
        _portal = None


def close_portal() -> None:
    """Close the connections of all sync calls. The next sync call opens new ones."""
    global _portal
    portal, _portal = _portal, None
    if portal is not None:
        portal.close()


os.register_at_fork(
    before=_fork_lock.acquire,
    after_in_parent=_fork_lock.release,
    after_in_child=_forget_parents_portal,
)
atexit.register(close_portal)
