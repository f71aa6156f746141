"""Children that cannot be started for now, and signals that are ignored."""

import asyncio
import errno
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from fairlane.runtime.child import CannotStart, Child
from fairlane.runtime.supervisor import StopSignals
from tests.support.running import eventually, fairlane


class Unlucky(Child):
    """A child whose process cannot be forked at some starts."""

    def __init__(self, unlucky: Callable[[int], bool]) -> None:
        super().__init__("worker-1", ["--version"], {}, stop_seconds=5)
        self.starts = 0
        self.ran = asyncio.Event()
        self._unlucky = unlucky

    async def _spawn(self) -> asyncio.subprocess.Process:
        self.starts += 1
        if self._unlucky(self.starts):
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        process = await super()._spawn()
        self.ran.set()
        return process


async def test_a_child_that_cannot_be_forked_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    child = Unlucky(lambda start: start < 3)
    child.is_ready = True
    keeping = asyncio.create_task(child.keep())
    async with asyncio.timeout(30):
        await asyncio.wait([keeping, asyncio.create_task(child.ran.wait())], return_when=asyncio.FIRST_COMPLETED)
        await child.stop(asyncio.Event())
        await keeping
    assert child.starts >= 3
    assert "worker-1 could not be started: [Errno 11] Resource temporarily unavailable; restarting in " in caplog.text


async def test_a_child_that_cannot_be_forked_at_first_ends_the_start() -> None:
    with pytest.raises(CannotStart, match="Resource temporarily unavailable"):
        await Unlucky(lambda start: True).keep()


async def test_a_hang_up_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with StopSignals() as signals:
            os.kill(os.getpid(), signal.SIGHUP)
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.wait_for(signals.asked.wait(), 10)
            await asyncio.sleep(0)
            assert not signals.at_once.is_set()
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_lone_worker_drains_on_a_hang_up(tmp_path: Path) -> None:
    with fairlane(tmp_path, "worker", "fairlane.builtin:app", "--health", "127.0.0.1:0") as system:
        eventually((tmp_path / ".fairlane" / "appendonlydir").exists, 30, "it runs")
        system.process.send_signal(signal.SIGHUP)
        assert system.wait() == 0, system.log()
