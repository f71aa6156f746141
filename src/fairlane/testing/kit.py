"""`App.testing()`: the real engine on a private store, with a clock that only the test moves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from contextvars import Context
from copy import copy
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Protocol, Self

from ..backend import Backend
from ..engine import Engine
from ..job.control import Duration
from ..model.durations import parse_duration_ms
from ..model.job import Job
from ..model.lease import DEFAULT_LEASE_MS, LeaseReport
from ..model.schedule import ScheduleSpec
from ..model.tenant import PolicyChange
from ..sdk.connections import Connections
from ..sdk.schedules import declaration_of
from ..sdk.task import Task
from ..store import Durability, open_store
from ..worker import Worker, WorkerOptions
from .private_store import PrivateStore, borrow_store, give_back
from .witness import Notes, WitnessedLeases

_STEP = 500
_LOOK_AGAIN_S = 0.05


class AppUnderTest(Protocol):
    """The parts of an `App` that a test needs."""

    @property
    def registry(self) -> Mapping[str, Task[..., Any]]:
        """The tasks by name."""

    @property
    def schedules(self) -> Sequence[ScheduleSpec]:
        """The declared schedules."""

    def divert(self, connections: Connections) -> Connections:
        """Use these connections from now on; returns the ones used before."""


class Testing:
    """An app under test. Within `with` or `async with`, its jobs go to a private store.

    The store's clock stands still at the time of entering; only `travel` moves it. Tenants have only the limits that
    the test sets. Finished jobs are never deleted. Tasks with executor="process" run in threads.
    All methods work on any event loop.
    """

    __test__ = False  # pytest collects classes whose names begin with Test

    def __init__(self, app: AppUnderTest) -> None:
        self._app = app
        self._store: PrivateStore | None = None
        self._outside: Connections | None = None
        self._now_us = 0
        self._working: list[Notes] = []

    @property
    def now(self) -> datetime:
        """The time by the store's clock."""
        return datetime.fromtimestamp(self._now_us / 1_000_000, UTC)

    async def travel(self, duration: Duration) -> None:
        """Move the clock. `drain` then runs the jobs that became due. Running jobs keep their leases.

        Schedules fire at each tick on the way.
        """
        goal_us = self._now_us + parse_duration_ms(duration) * 1000
        async with self._engine() as engine:
            while self._now_us < goal_us:
                next_ms = await _fire(engine)
                self._now_us = goal_us if next_ms is None else min(goal_us, self._now_us + next_ms * 1000)
            for notes in list(self._working):
                worker = await notes.first_heartbeat()
                leases = [LeaseReport(lease.job_id, lease.token) for lease in notes.leases.values()]
                await engine.leases.extend(worker, leases, DEFAULT_LEASE_MS)
            await engine.maintenance.reap(_STEP)
            await _wake(engine)

    async def drain(self, timeout: Duration = "60s") -> list[Job]:
        """Run the app's jobs in this process until none is due. Returns them in the order in which they started.

        A job that waits for a delay, a backoff or a limit is not due. Raises TimeoutError after `timeout`
        (real time) and gives running jobs back.
        """
        jobs: dict[str, None] = {}
        limit = asyncio.timeout(parse_duration_ms(timeout, "timeout") / 1000)
        async with self._engine() as engine:
            try:
                async with limit:
                    while await _is_due(engine):
                        await self._work(engine, jobs)
            except TimeoutError:
                if limit.expired():
                    raise TimeoutError(f"jobs are still due or running after {timeout} in drain()") from None
                raise
            return [await engine.jobs.get(job_id) for job_id in jobs]

    async def _work(self, engine: Engine, jobs: dict[str, None]) -> None:
        """Have a worker run the jobs that are due; add the ids of those that it starts to `jobs`."""
        notes = Notes(jobs)

        async def open_witnessed() -> Engine:
            witnessed = await self._open()
            witnessed.leases = WitnessedLeases(witnessed.leases, notes)
            return witnessed

        tasks = {name: _in_this_process(task) for name, task in self._app.registry.items()}
        worker = Worker(open_witnessed, tasks, WorkerOptions(drain_seconds=0, hand_back_seconds=0))
        running = asyncio.create_task(worker.run(), context=Context())  # jobs see no variables of the test
        self._working.append(notes)
        try:
            # Ask for due jobs before looking at leases: a job that ends in between has submitted all its jobs.
            while not running.done() and (await _is_due(engine) or notes.leases):
                await notes.wait_for_change(_LOOK_AGAIN_S)
        finally:
            self._working.remove(notes)
            worker.stop()
            await running

    def __enter__(self) -> Self:
        if self._store is not None:
            raise RuntimeError("this testing() is in use already; make another one")
        self._store = borrow_store()
        self._now_us = time.time_ns() // 1_000_000 * 1000  # whole ms, to which the store rounds too
        try:
            _in_a_thread(lambda: asyncio.run(self._empty_store()))
        except BaseException:
            self._give_store_back()
            raise
        self._outside = self._app.divert(Connections(self._open_for_app, lambda: self._now_us / 1_000_000))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._outside is not None  # noqa: S101  entered
        try:
            inside = self._app.divert(self._outside)
            _in_a_thread(inside.close_all)
        finally:
            self._give_store_back()

    async def __aenter__(self) -> Self:
        entering = asyncio.ensure_future(asyncio.to_thread(self.__enter__))
        try:
            return await asyncio.shield(entering)
        except asyncio.CancelledError:  # the thread goes on
            await entering
            await self.__aexit__(None, None, None)
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.__exit__, kind, error, traceback)

    def _give_store_back(self) -> None:
        if self._store is not None:
            give_back(self._store)
            self._store = None

    async def _empty_store(self) -> None:
        async with self._engine() as engine:
            await engine.store.client.flushall()
        async with self._engine() as engine:
            await engine.tenants.change_defaults(PolicyChange(submit_rate=None, concurrency=None))
            for spec in self._app.schedules:
                await engine.schedules.put(spec, declaration=declaration_of(spec))

    async def _open_for_app(self) -> Backend:
        return await self._open()

    async def _open(self) -> Engine:
        if self._store is None:
            raise RuntimeError("testing() is over, or was never entered")
        store = await open_store(self._store.url, Durability.MEMORY)
        return await Engine.open(store, clock=lambda: self._now_us)

    @asynccontextmanager
    async def _engine(self) -> AsyncIterator[Engine]:
        engine = await self._open()
        try:
            yield engine
        finally:
            await engine.close()


async def _fire(engine: Engine) -> int | None:
    """Make the jobs of due schedules. Returns the milliseconds until the next tick."""
    while (step := await engine.maintenance.fire(_STEP)).count:
        pass
    return step.next_ms


async def _wake(engine: Engine) -> None:
    """Move due jobs to pending, cancel those that have expired, and let those go on that waited for others."""
    await _fire(engine)
    while (await engine.maintenance.expire(_STEP)).count == _STEP:
        pass
    while (await engine.maintenance.unlock(_STEP)).count or (await engine.maintenance.settle(_STEP)).count:
        pass
    while (await engine.maintenance.promote(_STEP)).count == _STEP:
        pass


async def _is_due(engine: Engine) -> bool:
    """Whether a job could start now."""
    await _wake(engine)
    return any(
        queue.runnable_tenants and not queue.paused and not queue.limit_reached for queue in await engine.queues.list()
    )


def _in_this_process(task: Task[..., Any]) -> Task[..., Any]:
    """The task in a thread instead of a child process, which would not know the private store."""
    if task.executor != "process":
        return task
    task = copy(task)
    task.executor = "thread"
    return task


def _in_a_thread(call: Callable[[], None]) -> None:
    """Run the call in a thread without an event loop, and wait for it."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(call).result()
