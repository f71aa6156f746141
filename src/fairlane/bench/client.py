"""One process that submits: many jobs a call, and one a call from many threads."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

from .. import App
from ..backend import Backend
from ..connect import open_engine
from ..engine import Engine
from ..sdk.connections import Connections
from .figures import Figure
from .fixture import private_engine, store_seconds

_DATA = "x" * 89  # with its name and braces, 100 bytes


async def submit_rate(many: int = 50_000, single: int = 20_000, threads: int = 16) -> list[Figure]:
    """`submit_many`, and `submit_sync` from threads, checks of the arguments included."""
    async with private_engine() as engine:
        app = _app_on(engine)

        @app.task
        async def work(data: str) -> None: ...

        def submit_singly(count: int) -> None:
            for _ in range(count):
                work.submit_sync(_DATA)

        await work.submit_many([(_DATA,)] * 1_000)
        cpu, own, begin = await store_seconds(engine), time.process_time(), time.perf_counter()
        await work.submit_many([(_DATA,)] * many)
        many_took, own = time.perf_counter() - begin, time.process_time() - own
        cpu = await store_seconds(engine) - cpu

        with ThreadPoolExecutor(threads) as pool:
            await asyncio.wrap_future(pool.submit(submit_singly, 100))
            begin = time.perf_counter()
            await asyncio.gather(
                *(asyncio.wrap_future(pool.submit(submit_singly, single // threads)) for _ in range(threads))
            )
            single_took = time.perf_counter() - begin
        await app.close()
        await asyncio.to_thread(app.close_sync)
    return [
        Figure("submit_many", many / many_took, "jobs/s", "at least 60,000"),
        Figure("of that, time in the client", own / many * 1e6, "us/job"),
        Figure("of that, time in the store", cpu / many * 1e6, "us/job"),
        Figure(f"submit_sync from {threads} threads", single / single_took, "jobs/s", "at least 5,000"),
    ]


def _app_on(engine: Engine) -> App:
    """An app that submits to this store over separate connections."""

    async def open_backend() -> Backend:
        return await open_engine(engine.store.name, durability=engine.store.durability.value)

    app = App(engine.store.name, tenancy="default")
    app.divert(Connections(open_backend))
    return app
