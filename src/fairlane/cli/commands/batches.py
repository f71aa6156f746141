"""`fairlane batches`: list, show, seal and cancel batches."""

from __future__ import annotations

import click

from ...model.batch import Batch
from ...model.bulk import BulkAction
from ...model.names import check_name
from ...runtime.settings import Settings
from ..bulk import confirm
from ..options import client_settings, output_option
from ..terminal.output import print_facts, print_json, print_table


@click.group()
def batches() -> None:
    """List, show, seal and cancel batches (sets of jobs with callbacks)."""


@batches.command("list")
@click.option("--tenant", "tenant_id", help="Only batches of this tenant.")
@click.option("--limit", type=click.IntRange(1, 100), default=50, show_default=True, help="Batches per page.")
@click.option("--cursor", help="Cursor that the previous page printed.")
@client_settings
@output_option
def list_(settings: Settings, tenant_id: str | None, limit: int, cursor: str | None, output: str) -> None:
    """List batches, newest first."""
    from ..connection import ask

    if tenant_id is not None:
        check_name(tenant_id, "--tenant")
    page = ask(settings, lambda backend: backend.batches.list(limit, cursor, tenant_id))
    if output == "json":
        print_json(page)
        return
    columns = ["batch", "state", "tenant", "jobs", "completed", "failed", "cancelled", "unfinished", "created"]
    print_table(columns, map(_row, page.batches))
    if page.next_cursor:
        click.echo(f"More: --cursor {page.next_cursor}")


@batches.command()
@click.argument("batch_id")
@client_settings
@output_option
def show(settings: Settings, batch_id: str, output: str) -> None:
    """Show a batch and how many of its jobs have ended. `jobs list --batch` lists the jobs."""
    from ..connection import ask

    _print(ask(settings, lambda backend: backend.batches.get(batch_id)), output)


@batches.command()
@click.argument("batch_id")
@client_settings
@output_option
def seal(settings: Settings, batch_id: str, output: str) -> None:
    """Say that a batch is complete. After that, only its own running jobs can add to it."""
    from ..connection import ask

    _print(ask(settings, lambda backend: backend.batches.seal(batch_id)), output)


@batches.command()
@click.argument("batch_id")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@client_settings
@output_option
def cancel(settings: Settings, batch_id: str, yes: bool, output: str) -> None:
    """Seal a batch and cancel all its unfinished jobs. Running jobs are asked to stop."""
    from ..connection import ask

    if not yes:
        confirm(BulkAction.CANCEL, ask(settings, lambda backend: backend.batches.get(batch_id)).unfinished)
    _print(ask(settings, lambda backend: backend.batches.cancel(batch_id)), output)


def _row(batch: Batch) -> tuple[object, ...]:
    counts = (batch.total, batch.completed, batch.failed, batch.cancelled, batch.unfinished)
    return (batch.id, batch.state, batch.tenant_id, *counts, batch.created_at)


def _print(batch: Batch, output: str) -> None:
    if output == "json":
        print_json(batch)
        return
    print_facts(
        [
            ("batch", batch.id),
            ("state", batch.state),
            ("tenant", batch.tenant_id),
            ("jobs", batch.total),
            ("completed", batch.completed),
            ("failed", batch.failed),
            ("cancelled", batch.cancelled),
            ("unfinished", batch.unfinished),
            ("created", batch.created_at),
            ("finished", batch.finished_at),
            ("then", batch.then_job_id),
            ("on failure", batch.on_failure_job_id),
            ("finally", batch.finally_job_id),
        ]
    )
