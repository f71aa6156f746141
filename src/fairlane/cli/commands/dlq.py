"""`fairlane dlq`: list, retry and delete the jobs in the dead letter queue."""

from __future__ import annotations

from typing import Any

import click

from ...model.bulk import BulkAction
from ...model.job import MAX_BATCH, JobQuery
from ...model.states import State
from ...runtime.settings import Settings
from ..bulk import Bulk, change_matching
from ..options import client_settings, filter_options, output_option
from .jobs import list_jobs


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
    change_matching(settings, Bulk(BulkAction.RETRY, _failed(filters), yes=True), output)


@dlq.command()
@filter_options
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@client_settings
@output_option
def purge(settings: Settings, yes: bool, output: str, **filters: Any) -> None:
    """Delete failed jobs permanently."""
    change_matching(settings, Bulk(BulkAction.DELETE, _failed(filters), yes), output)


def _failed(filters: dict[str, Any]) -> JobQuery:
    return JobQuery(state=State.FAILED, limit=MAX_BATCH, **filters)
