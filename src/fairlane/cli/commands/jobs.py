"""`fairlane jobs`: list, show, cancel, retry and delete jobs."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from ...backend import Backend
from ...model.bulk import BulkAction
from ...model.errors import Conflict, Forbidden
from ...model.job import Explanation, Job, JobPage, JobQuery
from ...model.logs import JobLog
from ...model.states import State
from ...process.printable import printable
from ...runtime.settings import Settings
from ..bulk import Bulk, change_matching, job_or_filter
from ..options import client_settings, output_option, search_options
from ..terminal.output import print_facts, print_json, print_table


class WholeJob(Job, frozen=True, kw_only=True, rename="camel"):
    """A job, its log if the token can read it, and why it waits if it has not ended."""

    log: JobLog | None
    explanation: Explanation | None


@click.group()
def jobs() -> None:
    """List, show, cancel, retry and delete jobs."""


@jobs.command("list")
@click.option("--state", type=click.Choice([state.value for state in State]), help="Only jobs in this state.")
@search_options
@click.option("--limit", type=click.IntRange(1, 100), default=50, show_default=True, help="Jobs per page.")
@click.option("--cursor", help="Cursor that the previous page printed.")
@client_settings
@output_option
def list_(settings: Settings, state: str | None, output: str, **query: Any) -> None:
    """List jobs, newest first."""
    list_jobs(settings, JobQuery(state=State(state) if state else None, **query), output)


@jobs.command()
@click.argument("job_id")
@client_settings
@output_option
def show(settings: Settings, job_id: str, output: str) -> None:
    """Show a job, its attempts, its log, and why it waits."""
    from ..connection import ask

    async def look(backend: Backend) -> tuple[Job, Explanation, JobLog | None]:
        job, explanation = await backend.jobs.get(job_id), await backend.jobs.explain(job_id)
        try:
            return job, explanation, await backend.jobs.log(job_id)
        except Forbidden:
            return job, explanation, None

    job, explanation, log = ask(settings, look)
    if output == "json":
        waiting = None if job.state.is_terminal else explanation
        print_json(WholeJob(**msgspec.structs.asdict(job), log=log, explanation=waiting))
        return
    print_job(job, output)
    if not job.state.is_terminal:
        print_facts([("", explanation.sentence)])
    if log is None:
        click.echo("(this access token cannot read the log)")
    else:
        print_log(log)


@jobs.command()
@job_or_filter(BulkAction.CANCEL)
@client_settings
@output_option
def cancel(settings: Settings, chosen: str | Bulk, output: str) -> None:
    """Cancel a job, or all unfinished jobs that match. Running jobs are asked to stop."""
    from ..connection import ask

    if isinstance(chosen, Bulk):
        change_matching(settings, chosen, output)
    else:
        print_job(ask(settings, lambda backend: backend.jobs.cancel(chosen)), output)


@jobs.command()
@job_or_filter(BulkAction.RETRY)
@client_settings
@output_option
def retry(settings: Settings, chosen: str | Bulk, output: str) -> None:
    """Retry a failed job, or all failed jobs that match, with all their attempts."""
    from ..connection import ask

    if isinstance(chosen, Bulk):
        change_matching(settings, chosen, output)
    else:
        print_job(ask(settings, lambda backend: backend.jobs.retry(chosen)), output)


@jobs.command()
@job_or_filter(BulkAction.DELETE)
@client_settings
@output_option
def delete(settings: Settings, chosen: str | Bulk, output: str) -> None:
    """Delete an ended job permanently, or all ended jobs that match."""
    from ..connection import ask

    async def delete_one(backend: Backend) -> Job:
        job = await backend.jobs.get(str(chosen))
        if not (await backend.jobs.change(BulkAction.DELETE, [job.id])).count:
            raise Conflict(f"job {job.id} has not ended: cancel it first")
        return job

    if isinstance(chosen, Bulk):
        change_matching(settings, chosen, output)
    else:
        print_job(ask(settings, delete_one), output)


def print_log(log: JobLog) -> None:
    """Print the log of a job."""
    if log.truncated:
        click.echo("(earlier lines are not kept)")
    for line in log.lines:
        text = printable(line.message).replace("\n", "\n    ")
        at = line.at.strftime("%H:%M:%S.%f")[:-3]
        click.echo(f"{at} {line.attempt} {printable(line.level):8} {printable(line.logger)}: {text}")


def list_jobs(settings: Settings, query: JobQuery, output: str) -> None:
    """Print a page of jobs."""
    from ..connection import ask

    page: JobPage = ask(settings, lambda backend: backend.jobs.list(query))
    if output == "json":
        print_json(page)
        return
    rows = [
        (job.id, job.state, job.tenant_id, job.queue, job.task, f"{job.attempt}/{job.max_attempts}", job.created_at)
        for job in page.jobs
    ]
    print_table(["job", "state", "tenant", "queue", "task", "attempt", "created"], rows)
    if page.next_cursor:
        click.echo(f"More: --cursor {page.next_cursor}")


def print_job(job: Job, output: str) -> None:
    """Print a job with its log and the reason why it waits."""
    if output == "json":
        print_json(job)
        return
    print_facts(
        [
            ("job", job.id),
            ("state", f"{job.state} ({job.reason})" if job.reason else job.state),
            ("tenant", job.tenant_id),
            ("queue", job.queue),
            ("task", job.task),
            ("key", job.key),
            ("tags", ", ".join(job.tags) or None),
            ("priority", job.priority),
            ("attempt", f"{job.attempt} of {job.max_attempts}"),
            ("created", job.created_at),
            ("due", job.run_at),
            ("needs", ", ".join(job.needs) or None),
            ("expires", job.expires_at if job.attempt == 0 else None),
            ("started", job.started_at),
            ("finished", job.finished_at),
            ("worker", job.worker_id),
            ("progress", _progress(job)),
            ("payload", job.payload),
            ("result", job.result),
            ("error", f"{job.error.type}: {job.error.message}" if job.error else None),
        ]
    )
    if job.attempts:
        rows = [
            (one.number, one.worker_id, one.started_at, one.ended_at, one.outcome, one.error and one.error.message)
            for one in job.attempts
        ]
        print_table(["attempt", "worker", "started", "ended", "outcome", "error"], rows)


def _progress(job: Job) -> str | None:
    if job.progress is None:
        return None
    total = "" if job.progress.total is None else f" of {job.progress.total:g}"
    return f"{job.progress.current:g}{total} {job.progress.message or ''}".strip()
