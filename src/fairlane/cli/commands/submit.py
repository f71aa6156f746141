"""`fairlane submit`: submit a job."""

from __future__ import annotations

import sys
from typing import Any

import click
import msgspec

from ...backend import Backend
from ...model.durations import format_duration
from ...model.errors import InvalidInput
from ...model.job import (
    DEFAULT_MAX_ATTEMPTS,
    DEFAULT_QUEUE,
    DEFAULT_TASK,
    DEFAULT_TIMEOUT_MS,
    MAX_ATTEMPTS,
    MAX_PRIORITY,
    Job,
    NewJob,
    OnConflict,
    OnNeedFailed,
    Submission,
)
from ...model.refusals import refusal_of
from ...model.states import State
from ...runtime.settings import Settings
from ..options import client_settings, instant, output_option
from ..terminal.output import print_facts, print_json

_WAIT_MS = 20_000


class Submitted(msgspec.Struct, frozen=True, rename="camel"):
    """The printed answer about an accepted job."""

    id: str
    status: str


@click.command()
@click.argument("payload", metavar="PAYLOAD_JSON")
@click.option("--tenant", required=True, help="Tenant of the job.")
@click.option("--task", default=DEFAULT_TASK, show_default=True, help="Task to run.")
@click.option("--queue", default=DEFAULT_QUEUE, show_default=True, help="Queue of the job.")
@click.option("--key", help="Business key: at most one unfinished job has it.")
@click.option(
    "--on-conflict",
    type=click.Choice(list(OnConflict)),
    default=OnConflict.RETURN,
    show_default=True,
    help="How to treat an unfinished job with the same key that has not started.",
)
@click.option("--max-delay", help='Longest time from its creation to which debounce moves a job, such as "10m".')
@click.option("--tag", "tags", multiple=True, help="Word to find the job by; may be repeated.")
@click.option("--need", "needs", multiple=True, metavar="JOB_ID", help="Job that must end first; may be repeated.")
@click.option(
    "--on-need-failed",
    type=click.Choice(list(OnNeedFailed)),
    default=OnNeedFailed.CANCEL,
    show_default=True,
    help="Whether to cancel the job if a need fails or is cancelled, or to run it when all needs have ended.",
)
@click.option("--delay", help='Time to wait before the first attempt, such as "10m".')
@click.option(
    "--run-at", type=instant, metavar="TIME", help='Time of the first attempt, such as "2026-07-01T09:00:00Z".'
)
@click.option("--expires", help='Time within which the job must start, such as "1h"; else it ends as cancelled.')
@click.option(
    "--priority", type=click.IntRange(0, MAX_PRIORITY), default=0, help="Priority, 0 (default) to 9; higher first."
)
@click.option(
    "--max-attempts",
    type=click.IntRange(1, MAX_ATTEMPTS),
    default=DEFAULT_MAX_ATTEMPTS,
    show_default=True,
    help="Number of attempts, including the first.",
)
@click.option(
    "--timeout",
    default=format_duration(DEFAULT_TIMEOUT_MS),
    show_default=True,
    help="Time limit of an attempt.",
)
@click.option("--idempotency-key", help="Key for retries: a repeat within 24 hours returns the same job.")
@click.option("--wait", is_flag=True, help="Wait until the job has ended. Exits with 1 unless it completed.")
@client_settings
@output_option
def submit(settings: Settings, payload: str, wait: bool, output: str, **options: Any) -> None:
    """Submit a job with the payload PAYLOAD_JSON."""
    from ..connection import ask

    async def send(backend: Backend) -> tuple[Submission, Job | None]:
        [submission] = await backend.jobs.submit([_request(backend, payload, options)])
        if error := refusal_of(submission):
            raise error
        return submission, await _ended(backend, submission.job_id) if wait else None

    submission, job = ask(settings, send)
    if job is not None:
        from .jobs import print_job

        print_job(job, output)
        sys.exit(0 if job.state is State.COMPLETED else 1)
    shown = Submitted(submission.job_id, submission.status.value)
    if output == "json":
        print_json(shown)
    else:
        print_facts([("job", shown.id), ("status", shown.status)])


def _request(backend: Backend, payload: str, options: dict[str, Any]) -> NewJob:
    """The job that the API would create from the same values."""
    from ...job.control import check_delay_ms, check_expires_ms, check_timeout_ms
    from ...rest.jobs import BatchItem

    delay = options["delay"]
    if delay is not None and options["run_at"] is not None:
        raise InvalidInput("give either --delay or --run-at")
    delay_ms = 0 if delay is None else check_delay_ms(delay)
    expires, max_delay = options["expires"], options["max_delay"]
    item = BatchItem(
        tenant_id=options["tenant"],
        payload=msgspec.Raw(payload),
        task=options["task"],
        queue=options["queue"],
        priority=options["priority"],
        delay_seconds=None if delay is None else delay_ms / 1000,
        run_at=options["run_at"],
        expires_in_seconds=None if expires is None else check_expires_ms(expires, delay_ms) / 1000,
        max_attempts=options["max_attempts"],
        timeout_seconds=check_timeout_ms(options["timeout"]) / 1000,
        key=options["key"],
        needs=options["needs"],
        tags=options["tags"],
        on_need_failed=OnNeedFailed(options["on_need_failed"]),
        on_conflict=OnConflict(options["on_conflict"]),
        max_delay_seconds=None if max_delay is None else check_delay_ms(max_delay) / 1000,
        idempotency_key=options["idempotency_key"],
    )
    return item.to_item(backend.jobs.new_id)


async def _ended(backend: Backend, job_id: str) -> Job:
    while True:
        job = await backend.jobs.wait_finished(job_id, _WAIT_MS)
        if job is not None:
            return job
