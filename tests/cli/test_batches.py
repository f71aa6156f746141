"""Commands for batches."""

import asyncio
from pathlib import Path

from fairlane.connect import open_engine
from fairlane.model.batch import NewBatch
from fairlane.model.job import NewJob
from tests.support.commands import Run, answer


def batch_of(data_dir: Path, tenant: str, jobs: int) -> str:
    """The id of an open batch with waiting jobs and a callback for a failure and for the end."""

    async def create() -> str:
        engine = await open_engine(f"embedded:{data_dir}", durability="memory")
        try:
            batch_id, job_id = engine.batches.new_id(tenant), engine.jobs.new_id
            callback = NewJob(id="", tenant_id=tenant, payload=b"1")
            await engine.batches.create(NewBatch(id=batch_id, tenant_id=tenant, on_failure=callback, finally_=callback))
            new = [NewJob(id=job_id(tenant), tenant_id=tenant, payload=b"1", batch_id=batch_id) for _ in range(jobs)]
            await engine.jobs.submit(new)
            return batch_id
        finally:
            await engine.close()

    return asyncio.run(create())


def test_a_batch_is_listed_shown_and_sealed(run: Run, data_dir: Path) -> None:
    older, newer = (batch_of(data_dir, "sets", jobs) for jobs in (1, 2))
    batch_of(data_dir, "other-sets", 1)
    page = answer(run, "batches", "list", "--tenant", "sets", "--limit", "1")
    assert [batch["id"] for batch in page["batches"]] == [newer]
    rest = answer(run, "batches", "list", "--tenant", "sets", "--cursor", page["nextCursor"])
    assert [batch["id"] for batch in rest["batches"]] == [older]
    assert f"More: --cursor {page['nextCursor']}" in run("batches", "list", "--tenant", "sets", "--limit", "1").stdout
    assert newer in run("batches", "list").stdout

    shown = answer(run, "batches", "show", newer)
    assert (shown["state"], shown["total"], shown["unfinished"]) == ("open", 2, 2)
    assert answer(run, "batches", "seal", newer)["state"] == "running"
    assert "running" in run("batches", "show", newer).stdout
    assert "there is no batch nothing" in run("batches", "show", "nothing", code=1).stderr


def test_a_batch_is_cancelled_after_a_question_with_the_number_of_its_jobs(run: Run, data_dir: Path) -> None:
    batch_id = batch_of(data_dir, "stopped", 3)
    assert "Cancel 3 jobs? [y/N]" in run("batches", "cancel", batch_id, code=1).stderr
    assert answer(run, "batches", "show", batch_id)["unfinished"] == 3
    cancelled = answer(run, "batches", "cancel", batch_id, "--yes")
    assert (cancelled["state"], cancelled["cancelled"], cancelled["onFailureJobId"]) == ("cancelled", 3, None)
    assert cancelled["finallyJobId"] in run("batches", "show", batch_id).stdout
    empty = batch_of(data_dir, "stopped", 0)
    assert answer(run, "batches", "seal", empty)["state"] == "completed"
    assert "all jobs of the batch have ended" in run("batches", "cancel", empty, code=1).stderr


def test_the_jobs_of_a_batch_are_listed_and_changed(run: Run, data_dir: Path) -> None:
    batch_id = batch_of(data_dir, "members", 2)
    run("submit", "--tenant", "members", "1")
    listed = answer(run, "jobs", "list", "--batch", batch_id)["jobs"]
    assert [job["batchId"] for job in listed] == [batch_id] * 2
    assert "Cancel 2 jobs? [y/N]" in run("jobs", "cancel", "--batch", batch_id, code=1).stderr
    assert answer(run, "jobs", "cancel", "--batch", batch_id, "--yes") == {"count": 2}
    assert answer(run, "batches", "show", batch_id)["cancelled"] == 2
