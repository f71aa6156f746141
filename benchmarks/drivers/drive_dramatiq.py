"""Dramatiq: one process with eight threads, its default; no results."""

from __future__ import annotations

import os
import sys

import common
import dramatiq
from dramatiq.brokers.redis import RedisBroker

broker = RedisBroker(url=common.URL, middleware=[])
dramatiq.set_broker(broker)


@dramatiq.actor
def noop(data: str) -> None:
    common.count()


@dramatiq.actor
def stamp(sent: int) -> None:
    common.record_wait(sent)


def many(number: int) -> None:
    for _ in range(number):
        noop.send(common.DATA)


def worker(slots: int) -> None:
    # More threads make it slower: they share one global lock.
    command = [sys.executable, "-m", "dramatiq", "drive_dramatiq", "--processes", "1", "--threads", "8"]
    os.execv(command[0], command)


if __name__ == "__main__":
    common.main_sync(lambda: noop.send(common.DATA), many, stamp.send, worker)
