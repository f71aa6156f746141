"""Measures one peer in one round."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from .environments import DRIVERS, command_of
from .peers import Peer
from .store import Store

SLOTS = 100
START_SECONDS = 60.0
DRAIN_SECONDS = 10.0
"""A drain that takes longer is measured for this long."""


class Size(msgspec.Struct, frozen=True):
    """How many jobs each measurement uses."""

    one: int
    many: int
    stamped: int


FULL = Size(one=3_000, many=20_000, stamped=150)
QUICK = Size(one=200, many=1_000, stamped=10)


Figures = dict[str, float]
"""What one round measured, by the names in report.FIGURES. A figure that a peer does not have is missing."""


class Bench:
    """A peer on the store. Raises Unavailable if its environment cannot be made."""

    def __init__(self, peer: Peer, store: Store, size: Size) -> None:
        self._peer = peer
        self._store = store
        self._size = size
        self._command = command_of(peer)

    def measure(self) -> Figures:
        found: Figures = {}
        self._measure_one(found)
        for processes in (1, 2):
            self._measure_many(found)
            if not self._peer.runs_jobs:
                return found
            self._measure_drain(found, processes)
        self._measure_idle(found)
        return found

    def _measure_one(self, found: Figures) -> None:
        self._store.empty()
        with self._folder() as folder:
            cpu = self._store.cpu_seconds()
            seconds = self._submit(folder, "submit-one", self._size.one)
            found["submit_one"] = self._size.one / seconds
            found["submit_one_store"] = (self._store.cpu_seconds() - cpu) / self._size.one * 1e6

    def _measure_many(self, found: Figures) -> None:
        """Submit many jobs, and leave them in the store."""
        self._store.empty()
        with self._folder() as folder:
            cpu, memory = self._store.cpu_seconds(), self._store.memory_bytes()
            seconds = self._submit(folder, "submit-many", self._size.many)
            found["submit_many"] = self._size.many / seconds
            found["submit_many_store"] = (self._store.cpu_seconds() - cpu) / self._size.many * 1e6
            found["bytes_a_job"] = (self._store.memory_bytes() - memory) / self._size.many

    def _measure_drain(self, found: Figures, processes: int) -> None:
        with self._folder() as folder, self._workers(folder, processes):
            _await_start(lambda: _count(folder) > 0)
            begin, cpu, first = time.perf_counter(), self._store.cpu_seconds(), _count(folder)
            _await(lambda: _count(folder) >= self._size.many, DRAIN_SECONDS)
            jobs, seconds = _count(folder) - first, time.perf_counter() - begin
            cpu = self._store.cpu_seconds() - cpu
        if jobs == 0:
            return  # all of them ran before the first look
        rate = jobs / seconds
        if processes == 1:
            found["drain"], found["drain_store"] = rate, cpu / jobs * 1e6
        else:
            found["drain_two"] = rate

    def _measure_idle(self, found: Figures) -> None:
        self._store.empty()
        with self._folder() as folder, self._workers(folder, 1):
            waits = folder / "waits"
            _await_start(lambda: self._ran_one(folder))
            waits.unlink()
            self._submit(folder, "submit-stamped", self._size.stamped)
            _await(lambda: len(_waits(folder)) >= self._size.stamped, DRAIN_SECONDS)
            times = sorted(_waits(folder))
        found["idle_p50"] = times[len(times) // 2] / 1e6
        found["idle_p99"] = times[min(len(times) - 1, len(times) * 99 // 100)] / 1e6

    def _ran_one(self, folder: Path) -> bool:
        """Submit a job, to see whether the worker is up."""
        self._submit(folder, "submit-stamped", 1)
        time.sleep(0.5)
        return bool(_waits(folder))

    @contextmanager
    def _folder(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="fl-bench-") as folder:
            yield Path(folder)

    @contextmanager
    def _workers(self, folder: Path, processes: int) -> Iterator[None]:
        command = [*self._command, "worker", str(SLOTS)]
        with (folder / "log").open("wb") as log:
            workers = [
                subprocess.Popen(command, env=self._variables(folder), cwd=DRIVERS, stdout=log, stderr=log)
                for _ in range(processes)
            ]
        try:
            yield
        except TimeoutError as error:
            raise TimeoutError(f"{self._peer.name}: {error}: {(folder / 'log').read_text()[-500:]}") from None
        finally:
            for worker in workers:
                worker.send_signal(signal.SIGTERM)
            for worker in workers:
                _end(worker)

    def _submit(self, folder: Path, command: str, number: int) -> float:
        """The seconds that the driver says it took; 0 if it says nothing."""
        done = subprocess.run(
            [*self._command, command, str(number)],
            env=self._variables(folder),
            cwd=DRIVERS,
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{self._peer.name}: {command} failed: {done.stderr[-500:]}")
        return float(done.stdout.split()[-1]) if done.stdout.strip() else 0.0

    def _variables(self, folder: Path) -> dict[str, str]:
        # fairlane refuses a store that writes to disk later than it promises.
        durability = "disk" if self._store.appendfsync == "always" else "memory"
        own = {
            "FAIRLANE_DURABILITY": durability,
            "BENCH_PORT": str(self._store.port),
            "BENCH_FOLDER": str(folder),
            "PYTHONPATH": str(DRIVERS),
        }
        return os.environ | own | self._peer.variables


def _end(worker: subprocess.Popen[bytes]) -> None:
    try:
        worker.wait(10)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait()


def _count(folder: Path) -> int:
    """The jobs that ran, over all processes."""
    records = [path.read_bytes() for path in folder.glob("count-*")]
    return sum(int.from_bytes(record[:8], "little") for record in records)


def _waits(folder: Path) -> list[int]:
    path = folder / "waits"
    if not path.exists():
        return []
    return [wait for (wait,) in struct.iter_unpack("<Q", path.read_bytes())]


def _await(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait until the condition holds. Returns whether it does."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True


def _await_start(condition: Callable[[], bool]) -> None:
    if not _await(condition, START_SECONDS):
        raise TimeoutError("no job ran")
