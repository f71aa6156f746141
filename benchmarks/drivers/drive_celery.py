"""Celery: threads, results ignored, acknowledged early, the largest prefetch: its fastest."""

from __future__ import annotations

import common
from celery import Celery

app = Celery("bench", broker=common.URL)
app.conf.update(
    task_ignore_result=True,
    worker_prefetch_multiplier=0,
    worker_disable_rate_limits=True,
    worker_send_task_events=False,
    broker_connection_retry_on_startup=True,
)


@app.task(name="noop")
def noop(data: str) -> None:
    common.count()


@app.task(name="stamp")
def stamp(sent: int) -> None:
    common.record_wait(sent)


def many(number: int) -> None:
    with app.producer_pool.acquire(block=True) as producer:
        for _ in range(number):
            noop.apply_async((common.DATA,), producer=producer)


def worker(slots: int) -> None:
    options = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "WARNING"]
    app.worker_main(["worker", "--pool", "threads", "--concurrency", str(slots), *options])


if __name__ == "__main__":
    common.main_sync(lambda: noop.delay(common.DATA), many, stamp.delay, worker)
