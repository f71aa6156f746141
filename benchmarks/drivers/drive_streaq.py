"""streaQ: streams that acknowledge, results kept for no time, 100 jobs at once."""

from __future__ import annotations

import common
from streaq import Worker

streaq = Worker(redis_url=common.URL, concurrency=100)


@streaq.task(name="noop", ttl=0, silent=True)
async def noop(data: str) -> None:
    common.count()


@streaq.task(name="stamp", ttl=0, silent=True)
async def stamp(sent: int) -> None:
    common.record_wait(sent)


async def many(number: int) -> None:
    async with streaq:
        for start in range(0, number, 1000):
            await streaq.enqueue_many([noop.enqueue(common.DATA) for _ in range(min(1000, number - start))])


_opened = False


async def open_once() -> None:
    global _opened  # noqa: PLW0603
    if not _opened:
        await streaq.__aenter__()
        _opened = True


async def one() -> None:
    await open_once()
    await noop.enqueue(common.DATA)


async def stamped(sent: int) -> None:
    await open_once()
    await stamp.enqueue(sent)


async def close() -> None:
    if _opened:
        await streaq.__aexit__(None, None, None)


def worker(slots: int) -> None:
    streaq.concurrency = slots
    streaq.run_sync()


if __name__ == "__main__":
    common.main_async(one, many, stamped, worker, close)
