"""arq: results not kept, 100 jobs at once. It takes one job a call."""

from __future__ import annotations

import asyncio
from typing import Any

import common
from arq import create_pool
from arq.connections import ArqRedis, RedisSettings
from arq.worker import Worker, func

SETTINGS = RedisSettings(port=common.PORT)
_pool: ArqRedis | None = None


async def pool() -> ArqRedis:
    global _pool  # noqa: PLW0603
    if _pool is None:
        _pool = await create_pool(SETTINGS)
    return _pool


async def noop(context: dict[str, Any], data: str) -> None:
    common.count()


async def stamp(context: dict[str, Any], sent: int) -> None:
    common.record_wait(sent)


async def one() -> None:
    await (await pool()).enqueue_job("noop", common.DATA)


async def many(number: int) -> None:
    for _ in range(0, number, 50):
        await asyncio.gather(*(one() for _ in range(50)))


async def stamped(sent: int) -> None:
    await (await pool()).enqueue_job("stamp", sent)


def worker(slots: int) -> None:
    functions = [func(noop, name="noop", keep_result=0), func(stamp, name="stamp", keep_result=0)]
    # The default looks for jobs every half second.
    Worker(functions, redis_settings=SETTINGS, max_jobs=slots, poll_delay=0.005, queue_read_limit=5 * slots).run()


if __name__ == "__main__":
    common.main_async(one, many, stamped, worker)
