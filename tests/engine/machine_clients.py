"""What clients do."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from fairlane.model.bulk import BulkAction
from fairlane.model.errors import Conflict
from fairlane.model.job import NewJob, OnNeedFailed, Submission, SubmitStatus
from fairlane.model.states import State

from .drawn import (
    conflicting_jobs,
    new_jobs,
    repeatable_jobs,
)
from .machine import Machine


class ClientRules(Machine):
    """Submit, cancel, retry."""

    @rule(requests=st.lists(new_jobs | repeatable_jobs | conflicting_jobs, min_size=1, max_size=4))
    def submit(self, requests: list[dict[str, Any]]) -> None:
        self._submit([NewJob(id=self._next_id(), **request) for request in requests])

    @rule(data=st.data(), requests=st.lists(new_jobs, min_size=1, max_size=3), word=st.sampled_from(OnNeedFailed))
    def submit_a_flow(self, data: st.DataObject, requests: list[dict[str, Any]], word: OnNeedFailed) -> None:
        """Jobs that need earlier ones and each other. A need may be foreign."""
        jobs: list[NewJob] = []
        for request in requests:
            known = [*self.model.jobs, *(job.id for job in jobs)]
            chosen = st.lists(st.sampled_from(known), max_size=3, unique=True) if known else st.just([])
            needs = tuple(data.draw(chosen))
            jobs.append(NewJob(id=self._next_id(), needs=needs, on_need_failed=word, **request))
        self._submit(jobs)

    def _submit(self, jobs: list[NewJob]) -> None:
        self.asked += jobs

        async def submit() -> list[tuple[Any, ...]]:
            answers.extend(await self.engine.jobs.submit(jobs))
            return [(a.status, a.job_id, a.state) for a in answers[-len(jobs) :]]

        answers: list[Submission] = []
        self._do(submit)
        for job, answer in zip(jobs, answers[: len(jobs)], strict=True):
            status, job_id, rate = self.model.submit(job)
            assert (answer.status, answer.job_id) == (status, job_id)
            got = (answer.rate.remaining, round(answer.rate.reset_seconds * 1000)) if answer.rate else None
            assert got == rate
            if status is SubmitStatus.CREATED:
                assert answer.state is self.model.jobs[job.id].state
                assert answer.created_at_ms == self.clock.now_ms
            if status is SubmitStatus.REPLACED and job.idempotency_key:
                self.last = None  # the same request again is a replay

    @precondition(lambda self: self.model.jobs)
    @rule(data=st.data(), request=new_jobs)
    def submit_another_under_an_id(self, data: st.DataObject, request: dict[str, Any]) -> None:
        """Another tenant or another request must neither get nor replace the job."""
        job = NewJob(id=data.draw(st.sampled_from(sorted(self.model.jobs))), **request)
        (answer,) = self._run(lambda: self.engine.jobs.submit([job]))
        status, job_id, _ = self.model.submit(job)
        assert (answer.status, answer.job_id) == (status, job_id)
        self.last = None

    @precondition(lambda self: self.asked)
    @rule(data=st.data())
    def submit_again(self, data: st.DataObject) -> None:
        """A job that is still there, has ended, was forgotten or was refused."""
        job = data.draw(st.sampled_from(self.asked))
        (answer,) = self._run(lambda: self.engine.jobs.submit([job]))
        status, job_id, _ = self.model.submit(job)
        assert (answer.status, answer.job_id) == (status, job_id)
        self.last = None

    @precondition(lambda self: self.model.jobs)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        job = self._pick(data, list(self.model.jobs.values()))
        job_id = job.request.id
        done = self._do(lambda: self._allowed(self.engine.jobs.cancel(job_id)))
        assert done == self.model.cancel(job_id)

    @precondition(lambda self: self.model.jobs)
    @rule(data=st.data(), failed=st.booleans())
    def retry(self, data: st.DataObject, failed: bool) -> None:
        jobs = self.model.of_state(State.FAILED) if failed else []
        job_id = self._pick(data, jobs or list(self.model.jobs.values())).request.id
        done = self._do(lambda: self._allowed(self.engine.jobs.retry(job_id)))
        assert done == self.model.retry(job_id)

    @precondition(lambda self: self.model.jobs)
    @rule(data=st.data(), action=st.sampled_from(BulkAction))
    def change_many(self, data: st.DataObject, action: BulkAction) -> None:
        ids = data.draw(st.lists(st.sampled_from(list(self.model.jobs)), min_size=1, max_size=5, unique=True))
        result = self._run(lambda: self.engine.jobs.change(action, ids))
        assert (result.count, result.more) == (sum(self.model.change(action, job_id) for job_id in ids), False)
        assert self._run(lambda: self.engine.jobs.change(action, ids)).count == 0
        self.last = None

    @staticmethod
    async def _allowed(call: Awaitable[Any]) -> bool:
        try:
            await call
        except Conflict:
            return False
        return True
