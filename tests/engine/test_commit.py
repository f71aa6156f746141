"""Submissions that share a call all get an answer, also when the call does not end well."""

import asyncio
import gc

import pytest

from fairlane.engine import codec
from fairlane.engine.commit import Answer, GroupCommit, Packed
from fairlane.model.errors import StoreUnavailable
from fairlane.model.ids import new_job_id
from fairlane.model.job import MAX_BATCH, NewJob, Submission, SubmitStatus


class Sending:
    """What a group commit sends by: each call is held until it is told to go on."""

    def __init__(self) -> None:
        self.commit = GroupCommit(codec.packed, self._send)
        self.began = asyncio.Event()
        self.may_end = asyncio.Event()
        self.error: Exception | None = None

    async def _send(self, jobs: list[Packed]) -> list[Submission]:
        self.began.set()
        await self.may_end.wait()
        if self.error is not None:
            raise self.error
        return [Submission(SubmitStatus.CREATED, "", None, 0)] * len(jobs)

    async def submit_three_groups(self) -> list[Answer]:
        """Of which the first is being sent."""
        jobs = [NewJob(id=new_job_id(0), tenant_id="acme", payload=b"1")] * MAX_BATCH
        answers = [self.commit.submit(jobs) for _ in range(3)]
        await self.began.wait()
        return answers


@pytest.mark.parametrize("error", [None, StoreUnavailable("away")])
async def test_all_who_wait_are_answered(error: Exception | None) -> None:
    sending = Sending()
    answers = await sending.submit_three_groups()
    sending.error = error
    sending.may_end.set()
    async with asyncio.timeout(10):
        found = await asyncio.gather(*answers, return_exceptions=True)
    assert found == [error] * 3 if error else [len(one) for one in found] == [MAX_BATCH] * 3  # type: ignore[arg-type]


async def test_a_sender_that_is_cancelled_leaves_nobody_waiting(caplog: pytest.LogCaptureFixture) -> None:
    sending = Sending()
    before = asyncio.all_tasks()
    answers = await sending.submit_three_groups()
    (sender,) = asyncio.all_tasks() - before
    sender.cancel()
    await asyncio.wait([sender])
    assert [answer.cancelled() for answer in answers] == [True] * 3
    del answers
    gc.collect()
    assert caplog.text == ""  # no exception went unread
    sending.may_end.set()
    async with asyncio.timeout(10):
        assert len(await sending.commit.submit([NewJob(id=new_job_id(0), tenant_id="acme", payload=b"1")])) == 1
