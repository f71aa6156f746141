"""TaskIQ on Redis streams, which acknowledge; 100 jobs at once, no results."""

from __future__ import annotations

import asyncio
import os
import sys

import common
from taskiq_redis import RedisStreamBroker

broker = RedisStreamBroker(url=common.URL, xread_count=100)


@broker.task(task_name="noop")
async def noop(data: str) -> None:
    common.count()


@broker.task(task_name="stamp")
async def stamp(sent: int) -> None:
    common.record_wait(sent)


async def one() -> None:
    await noop.kiq(common.DATA)


async def many(number: int) -> None:
    for _ in range(0, number, 50):
        await asyncio.gather(*(one() for _ in range(50)))


def worker(slots: int) -> None:
    options = ["--workers", "1", "--max-async-tasks", str(slots), "--log-level", "WARNING"]
    os.execv(sys.executable, [sys.executable, "-m", "taskiq", "worker", "drive_taskiq:broker", *options])


if __name__ == "__main__":
    common.main_async(one, many, stamp.kiq, worker, broker.shutdown, broker.startup)
