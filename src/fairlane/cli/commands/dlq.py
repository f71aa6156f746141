"""`fairlane dlq`: list, retry and delete the jobs in the dead letter queue."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from ...backend import Backend
from ...model.bulk import BulkAction
from ...model.job import MAX_BATCH, JobQuery
from ...model.states import State
from ...runtime.settings import Settings
from ..options import client_settings, filter_options, output_option
from ..terminal.output import print_json
from ..terminal.progress import progress_bar
from .jobs import list_jobs


class Count(msgspec.Struct, frozen=True):
    """The number of jobs that a command changed."""

    count: int


@click.group()
def dlq() -> None:
    """List, retry and delete failed jobs (the dead letter queue)."""


@dlq.command("list")
@filter_options
@click.option("--limit", type=click.IntRange(1, 100), default=50, show_default=True, help="Jobs per page.")
@click.option("--cursor", help="Cursor that the previous page printed.")
@client_settings
@output_option
def list_(settings: Settings, output: str, **query: Any) -> None:
    """List failed jobs."""
    list_jobs(settings, JobQuery(state=State.FAILED, **query), output)


@dlq.command()
@filter_options
@client_settings
@output_option
def retry(settings: Settings, output: str, **filters: Any) -> None:
    """Retry failed jobs, with all their attempts."""
    count = _in_steps(settings, BulkAction.RETRY, filters, "sending jobs back")
    _print_count(count, "sent back", output)


@dlq.command()
@filter_options
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@client_settings
@output_option
def purge(settings: Settings, yes: bool, output: str, **filters: Any) -> None:
    """Delete failed jobs permanently."""
    if not yes:
        chosen = ", ".join(value for value in filters.values() if value)
        click.confirm(f"Delete the failed jobs of {chosen or 'every tenant'}?", abort=True, err=True)
    count = _in_steps(settings, BulkAction.DELETE, filters, "forgetting jobs")
    _print_count(count, "deleted", output)


def _in_steps(settings: Settings, action: BulkAction, filters: dict[str, Any], doing: str) -> int:
    """Change all failed jobs that match, and return their number."""
    from ..connection import ask

    async def all_steps(backend: Backend) -> int:
        query = JobQuery(state=State.FAILED, limit=MAX_BATCH, **filters)
        total = 0
        with progress_bar(doing) as show:
            while True:
                result = await backend.jobs.change(action, query)
                total += result.count
                show(total)
                if not result.more:
                    return total
                query = msgspec.structs.replace(query, cursor=result.next_cursor)

    return ask(settings, all_steps)


def _print_count(count: int, done: str, output: str) -> None:
    if output == "json":
        print_json(Count(count))
    else:
        click.echo(f"{count} {'job' if count == 1 else 'jobs'} {done}")
