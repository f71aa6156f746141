"""Many jobs are submitted in calls that hold up nobody for long."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pytest

from fairlane.many import BATCH, BATCH_BYTES, submit_in_batches
from fairlane.model.job import NewJob, Submission, SubmitStatus
from fairlane.queue import Queue


class Calls:
    """Takes every job, and notes how many bytes of payload each call had."""

    def __init__(self) -> None:
        self.payloads: list[list[int]] = []

    async def submit(self, jobs: Sequence[NewJob]) -> list[Submission]:
        self.payloads.append([len(job.payload) for job in jobs])
        return [Submission(SubmitStatus.CREATED, job.id, None, 0, 0, None) for job in jobs]


def new_job(payload: bytes) -> NewJob:
    return NewJob(id="", tenant_id="acme", payload=payload)


@pytest.mark.parametrize(
    ("sizes", "calls"),
    [
        ([], []),
        ([1] * BATCH, [BATCH]),
        ([1] * (2 * BATCH + 1), [BATCH, BATCH, 1]),
        ([BATCH_BYTES // 4] * 9, [4, 4, 1]),
        ([1, BATCH_BYTES, BATCH_BYTES + 1, 1], [1, 1, 1, 1]),
    ],
)
async def test_calls_have_so_many_jobs_and_bytes(sizes: list[int], calls: list[int]) -> None:
    queue = Calls()
    made, answers = await submit_in_batches(cast(Queue, cast(Any, queue)), [b"x" * size for size in sizes], new_job)
    assert [len(call) for call in queue.payloads] == calls
    assert [size for call in queue.payloads for size in call] == sizes
    assert len(made) == len(answers) == len(sizes)
