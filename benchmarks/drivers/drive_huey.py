"""Huey: no acknowledgement and no results, its fastest settings. It takes one job a call."""

from __future__ import annotations

import common
from huey import RedisHuey

huey = RedisHuey("bench", url=common.URL, results=False, immediate=False)


@huey.task()
def noop(data: str) -> None:
    common.count()


@huey.task()
def stamp(sent: int) -> None:
    common.record_wait(sent)


def many(number: int) -> None:
    for _ in range(number):
        noop(common.DATA)


def worker(slots: int) -> None:
    # More threads make it slower: they share one global lock.
    huey.create_consumer(workers=4, worker_type="thread", initial_delay=0.001, max_delay=0.01, periodic=False).run()


if __name__ == "__main__":
    common.main_sync(lambda: noop(common.DATA), many, stamp, worker)
