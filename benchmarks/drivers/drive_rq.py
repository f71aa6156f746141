"""RQ: a worker that runs jobs in its own process (SimpleWorker), its fastest. A worker runs one job at a time."""

from __future__ import annotations

import common
from redis import Redis
from rq import Queue, SimpleWorker

connection = Redis(port=common.PORT)
queue = Queue("bench", connection=connection)
OPTIONS = {"result_ttl": 0}


def noop(data: str) -> None:
    common.count()


def stamp(sent: int) -> None:
    common.record_wait(sent)


def many(number: int) -> None:
    for start in range(0, number, 1000):
        jobs = [
            Queue.prepare_data("drive_rq.noop", args=(common.DATA,), result_ttl=0)
            for _ in range(min(1000, number - start))
        ]
        queue.enqueue_many(jobs)


def worker(slots: int) -> None:
    SimpleWorker([queue], connection=connection).work(logging_level="WARNING")


if __name__ == "__main__":
    common.main_sync(
        lambda: queue.enqueue("drive_rq.noop", common.DATA, **OPTIONS),
        many,
        lambda sent: queue.enqueue("drive_rq.stamp", sent, **OPTIONS),
        worker,
    )
