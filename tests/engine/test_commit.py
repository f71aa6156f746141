"""Submissions that share a call all get an answer, also when the call does not end well."""

import asyncio
import gc

import pytest

from fairlane.engine import codec
from fairlane.engine.commit import GroupCommit, Packed
from fairlane.model.errors import StoreUnavailable
from fairlane.model.ids import new_job_id
from fairlane.model.job import MAX_BATCH, NewJob, Submission, SubmitStatus

Answer = asyncio.Task[list[Submission]]


class Sending:
    """What a group commit sends by: each call is held until it is told to go on."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.commit = GroupCommit(codec.packed, self._send)
        self.began = asyncio.Event()
        self.may_end = asyncio.Event()
        self.error: Exception | None = None

    async def _send(self, jobs: list[Packed]) -> list[Submission]:
        self.sizes.append(len(jobs))
        self.began.set()
        await self.may_end.wait()
        if self.error is not None:
            raise self.error
        return [Submission(SubmitStatus.CREATED, "", None, 0)] * len(jobs)

    def submit(self, count: int) -> Answer:
        """Submit jobs in a task."""
        jobs = [NewJob(id=new_job_id(0), tenant_id="acme", payload=b"1")] * count
        return asyncio.create_task(self.commit.submit(jobs))

    async def submit_three_groups(self) -> list[Answer]:
        """Of which the first is being sent."""
        answers = [self.submit(MAX_BATCH) for _ in range(3)]
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


async def test_a_lone_caller_sends_without_a_task() -> None:
    sending = Sending()
    sending.may_end.set()
    caller = sending.submit(1)
    await asyncio.sleep(0)
    assert sending.sizes == [1]
    assert len(await caller) == 1


async def test_callers_of_one_round_share_a_call_once_there_are_several() -> None:
    sending = Sending()
    callers = [sending.submit(1) for _ in range(50)]
    await sending.began.wait()
    sending.may_end.set()
    await asyncio.gather(*callers)
    await asyncio.gather(*(sending.submit(1) for _ in range(50)))
    assert sending.sizes == [1, 49, 50]
    for _ in range(2):
        await sending.submit(1)
    assert not sending.commit._is_crowded


async def test_a_caller_that_is_cancelled_while_it_sends_keeps_no_others_waiting() -> None:
    sending = Sending()
    first, *others = await sending.submit_three_groups()
    first.cancel()
    sending.may_end.set()
    async with asyncio.timeout(10):
        assert [len(found) for found in await asyncio.gather(*others)] == [MAX_BATCH] * 2
    assert first.cancelled()


async def test_a_sender_that_is_cancelled_keeps_no_caller_waiting(caplog: pytest.LogCaptureFixture) -> None:
    sending = Sending()
    first, *others = await sending.submit_three_groups()
    before = asyncio.all_tasks()
    first.cancel()
    await asyncio.wait([first])
    (sender,) = asyncio.all_tasks() - before
    await asyncio.sleep(0)
    sender.cancel()
    await asyncio.wait([sender, *others])
    assert [answer.cancelled() for answer in others] == [True] * 2
    del first, others
    gc.collect()
    assert caplog.text == ""  # no exception went unread
    sending.may_end.set()
    async with asyncio.timeout(10):
        assert len(await sending.submit(1)) == 1
