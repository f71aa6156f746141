"""`fairlane dlq`: the dead letter queue, jobs whose attempts are used up."""

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
    """How many jobs a command changed."""

    count: int


@click.group()
def dlq() -> None:
    """The dead letter queue: jobs whose attempts are used up."""


@dlq.command("list")
@filter_options
@click.option("--limit", type=click.IntRange(1, 100), default=50, show_default=True, help="Jobs a page.")
@click.option("--cursor", help="Where the page before ended.")
@client_settings
@output_option
def list_(settings: Settings, output: str, **query: Any) -> None:
    """List failed jobs, a page at a time."""
    list_jobs(settings, JobQuery(state=State.FAILED, **query), output)


@dlq.command()
@filter_options
@client_settings
@output_option
def retry(settings: Settings, output: str, **filters: Any) -> None:
    """Send failed jobs back to their lanes, with fresh attempts."""
    count = _in_steps(settings, BulkAction.RETRY, filters, "sending jobs back")
    _print_count(count, "sent back", output)


@dlq.command()
@filter_options
@click.option("--yes", is_flag=True, help="Do not ask.")
@client_settings
@output_option
def purge(settings: Settings, yes: bool, output: str, **filters: Any) -> None:
    """Forget failed jobs, for good."""
    if not yes:
        chosen = ", ".join(value for value in filters.values() if value)
        click.confirm(f"Forget the failed jobs of {chosen or 'every tenant'}?", abort=True, err=True)
    count = _in_steps(settings, BulkAction.DELETE, filters, "forgetting jobs")
    _print_count(count, "forgotten", output)


def _in_steps(settings: Settings, action: BulkAction, filters: dict[str, Any], doing: str) -> int:
    """Change failed jobs until nothing is left that matches; how many."""
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
