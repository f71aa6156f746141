"""Commands that change many jobs: they say how many, ask, and change no other job."""

import asyncio
from pathlib import Path

import pytest

from fairlane.connect import open_engine
from fairlane.model.job import NewJob
from fairlane.model.lease import ClaimRequest, Outcome, OutcomeKind
from tests.support.commands import Run, answer


def dead_job(data_dir: Path, tenant: str) -> str:
    """A job in the dead letter queue, and its id."""

    async def fail() -> str:
        engine = await open_engine(f"embedded:{data_dir}", durability="memory")
        try:
            job_id = engine.jobs.new_id(tenant)
            await engine.jobs.submit(
                [NewJob(id=job_id, tenant_id=tenant, queue="graves", payload=b"1", max_attempts=1)]
            )
            [lease] = await engine.leases.claim(ClaimRequest(worker_id="w", claim_id=job_id, max=1, queues=("graves",)))
            await engine.leases.finish([Outcome(job_id=job_id, token=lease.token, kind=OutcomeKind.FAILED)])
            return job_id
        finally:
            await engine.close()

    return asyncio.run(fail())


def test_the_dead_letter_queue_is_counted_and_asked_about_before_it_is_purged(run: Run, data_dir: Path) -> None:
    assert answer(run, "dlq", "list") == {"jobs": [], "nextCursor": None}
    assert answer(run, "dlq", "retry", "--tenant", "acme") == {"count": 0}
    dead_job(data_dir, "graves-1")
    refused = run("dlq", "purge", "--tenant", "graves-1", code=1).stderr
    assert "Delete 1 job? [y/N]" in refused and "Aborted" in refused
    assert run("dlq", "purge", "--yes").stdout == "1 job deleted\n"
    assert run("dlq", "purge").stdout == "0 jobs deleted\n"


def test_jobs_are_cancelled_by_filter_after_a_question_with_their_number(run: Run) -> None:
    for queue in ("letters", "letters", "parcels-2"):
        run("submit", "--tenant", "flood", "--queue", queue, "1")
    of = ("jobs", "cancel", "--tenant", "flood", "--queue", "letters")
    assert run(*of, "--dry-run").stdout == "2 jobs match\n"
    assert answer(run, *of, "--dry-run") == {"count": 2}
    assert "Cancel 2 jobs? [y/N]" in run(*of, code=1).stderr
    assert len(answer(run, "jobs", "list", "--tenant", "flood", "--state", "pending")["jobs"]) == 3
    assert run(*of, "--yes").stdout == "2 jobs cancelled\n"
    assert "Cancel 1 job? [y/N]" in run("jobs", "cancel", "--tenant", "flood", code=1).stderr
    [left] = answer(run, "jobs", "list", "--tenant", "flood", "--state", "pending")["jobs"]
    assert left["queue"] == "parcels-2"


def test_jobs_are_listed_and_cancelled_by_tag(run: Run) -> None:
    tagged = answer(run, "submit", "--tenant", "tagged", "--tag", "import", "--tag", "v2", "1")["id"]
    run("submit", "--tenant", "tagged", "--tag", "v1", "1")
    assert "import, v2" in run("jobs", "show", tagged).stdout
    assert [job["id"] for job in answer(run, "jobs", "list", "--tag", "v2")["jobs"]] == [tagged]
    assert answer(run, "jobs", "cancel", "--tag", "import", "--yes") == {"count": 1}
    assert answer(run, "jobs", "show", tagged)["state"] == "cancelled"


def test_a_filter_leaves_other_states_alone(run: Run) -> None:
    run("submit", "--tenant", "steady", "--delay", "1h", "1")
    run("submit", "--tenant", "steady", "1")
    assert answer(run, "jobs", "cancel", "--tenant", "steady", "--state", "scheduled", "--yes") == {"count": 1}
    assert [job["state"] for job in answer(run, "jobs", "list", "--tenant", "steady")["jobs"]] == [
        "pending",
        "cancelled",
    ]
    assert answer(run, "jobs", "delete", "--tenant", "steady", "--yes") == {"count": 1}
    assert [job["state"] for job in answer(run, "jobs", "list", "--tenant", "steady")["jobs"]] == ["pending"]


def test_dead_jobs_are_sent_back_by_filter(run: Run, data_dir: Path) -> None:
    dead, other = dead_job(data_dir, "graves-2"), dead_job(data_dir, "graves-3")
    assert answer(run, "jobs", "retry", "--tenant", "graves-2", "--task", "default", "--yes") == {"count": 1}
    assert answer(run, "jobs", "show", dead)["state"] == "pending"
    assert answer(run, "jobs", "show", other)["state"] == "failed"
    run("jobs", "cancel", dead)


def test_an_ended_job_is_deleted(run: Run) -> None:
    job_id = answer(run, "submit", "--tenant", "gone", "1")["id"]
    assert f"job {job_id} has not ended: cancel it first" in run("jobs", "delete", job_id, code=1).stderr
    run("jobs", "cancel", job_id)
    assert answer(run, "jobs", "delete", job_id)["id"] == job_id
    assert "there is no job" in run("jobs", "delete", job_id, code=1).stderr


@pytest.mark.parametrize("arguments", [(), ("--all", "--tenant", "acme"), ("job", "--all"), ("job", "--queue", "q")])
def test_a_change_to_many_jobs_needs_one_clear_choice(run: Run, arguments: tuple[str, ...]) -> None:
    assert "give a job id, or a filter such as --tenant, or --all" in run("jobs", "cancel", *arguments, code=2).stderr
