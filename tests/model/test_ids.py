"""Job ids: they cannot be predicted, and never repeat."""

from __future__ import annotations

import os
import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from fairlane.model import ids
from fairlane.model.ids import is_job_id, new_job_id, partition_of_job

COUNT = 1_000


def test_an_id_names_its_partition_and_sorts_by_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: 1_800_000_000.0)
    early = new_job_id(255)
    monkeypatch.setattr("time.time", lambda: 1_800_000_000.001)
    late = new_job_id(255)
    assert is_job_id(early) and is_job_id(late)
    assert early < late
    assert partition_of_job(early) == 255


def test_every_random_bit_comes_from_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []

    def ones(size: int) -> bytes:
        taken.append(size)
        return b"\xff" * size

    monkeypatch.setattr(ids, "_unused", [])
    monkeypatch.setattr("os.urandom", ones)
    assert {new_job_id(0)[13:] for _ in range(COUNT)} == {"f" * 13}
    assert sum(taken) >= COUNT * 52 // 8


def test_a_seed_does_not_make_ids_repeat() -> None:
    random.seed(1)
    first = {new_job_id(0)[13:] for _ in range(COUNT)}
    random.seed(1)
    assert not first & {new_job_id(0)[13:] for _ in range(COUNT)}


def test_threads_make_different_ids() -> None:
    with ThreadPoolExecutor(8) as threads:
        blocks = list(threads.map(lambda _: [new_job_id(0) for _ in range(COUNT)], range(8)))
    assert len({made for block in blocks for made in block}) == 8 * COUNT


def test_a_forked_child_makes_other_ids() -> None:
    new_job_id(0)  # the parent has random numbers left over
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, "".join(new_job_id(0)[13:] for _ in range(100)).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    theirs = {text[at : at + 13] for at in range(0, len(text), 13)}
    assert len(theirs) == 100
    assert not theirs & {new_job_id(0)[13:] for _ in range(100)}
