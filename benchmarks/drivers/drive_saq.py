"""SAQ: 100 jobs at once, results kept for no time. It takes one job a call."""

from __future__ import annotations

import asyncio
from typing import Any

import common
from saq import Queue
from saq.worker import start

queue = Queue.from_url(common.URL, name="bench")


async def noop(context: dict[str, Any], *, data: str) -> None:
    common.count()


async def stamp(context: dict[str, Any], *, sent: int) -> None:
    common.record_wait(sent)


settings: dict[str, Any] = {"queue": queue, "functions": [noop, stamp], "concurrency": 100, "dequeue_timeout": 1}


async def one() -> None:
    await queue.enqueue("noop", data=common.DATA, ttl=-1)


async def many(number: int) -> None:
    for _ in range(0, number, 50):
        await asyncio.gather(*(one() for _ in range(50)))


async def stamped(sent: int) -> None:
    await queue.enqueue("stamp", sent=sent, ttl=-1)


def worker(slots: int) -> None:
    settings["concurrency"] = slots
    start("drive_saq.settings")


if __name__ == "__main__":
    common.main_async(one, many, stamped, worker)
