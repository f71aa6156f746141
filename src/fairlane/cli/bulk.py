"""Commands that change all jobs that match a filter: they count the jobs, ask, and change them in steps."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click
import msgspec

from ..backend import Backend
from ..model.bulk import BulkAction
from ..model.job import MAX_BATCH, JobQuery
from ..model.states import State
from ..runtime.settings import Settings
from .options import SEARCHED, Command, search_options
from .terminal.output import print_json
from .terminal.progress import progress_bar

_ASKED = {BulkAction.RETRY: "Send back", BulkAction.CANCEL: "Cancel", BulkAction.DELETE: "Delete"}
_DOING = {
    BulkAction.RETRY: "sending jobs back",
    BulkAction.CANCEL: "cancelling jobs",
    BulkAction.DELETE: "deleting jobs",
}
_DONE = {BulkAction.RETRY: "sent back", BulkAction.CANCEL: "cancelled", BulkAction.DELETE: "deleted"}


class Count(msgspec.Struct, frozen=True):
    """The number of jobs that a command changed, or that match it."""

    count: int


class Bulk(msgspec.Struct, frozen=True):
    """A change to all jobs that match."""

    action: BulkAction
    query: JobQuery
    yes: bool = False
    """Change the jobs without a question."""
    dry_run: bool = False
    """Only count the jobs."""


def job_or_filter(action: BulkAction) -> Callable[[Command], Command]:
    """JOB_ID or the options of a filter, as the argument `chosen`: a job id or a Bulk."""
    states = [state.value for state in action.states]

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def with_chosen(
            job_id: str | None, every: bool, state: str | None, yes: bool, dry_run: bool, **given: Any
        ) -> Any:
            filters = {name: given.pop(name) for name in SEARCHED}
            is_filtered = state is not None or any(value is not None for value in filters.values())
            if (job_id is not None) + every + is_filtered != 1:
                raise click.UsageError("give a job id, or a filter such as --tenant, or --all")
            query = JobQuery(state=State(state) if state else None, limit=MAX_BATCH, **filters)
            return command(chosen=job_id or Bulk(action, query, yes, dry_run), **given)

        decorated: Command = with_chosen
        for option in (
            click.option("--dry-run", is_flag=True, help="Only count the jobs."),
            click.option("--yes", is_flag=True, help="Do not ask for confirmation."),
            click.option("--all", "every", is_flag=True, help="Every job whose state allows it."),
            search_options,
            click.option("--state", type=click.Choice(states), help="Only jobs in this state."),
            click.argument("job_id", required=False),
        ):
            decorated = option(decorated)
        return decorated

    return decorate


def change_matching(settings: Settings, bulk: Bulk, output: str) -> None:
    """Count the jobs that match, ask, change them, and print how many were changed."""
    if bulk.dry_run or not bulk.yes:
        count = _count(settings, bulk)
        if bulk.dry_run:
            _print_count(count, "match", output)
            return
        confirm(bulk.action, count)
    _print_count(_change(settings, bulk), _DONE[bulk.action], output)


def confirm(action: BulkAction, count: int) -> None:
    """Ask whether to change `count` jobs, unless it is 0. A "no" aborts the command."""
    if count:
        click.confirm(f"{_ASKED[action]} {_jobs(count)}?", abort=True, err=True)


def _count(settings: Settings, bulk: Bulk) -> int:
    """How many jobs match now and allow the action."""
    from .connection import ask

    states = (bulk.query.state,) if bulk.query.state else bulk.action.states

    async def count(backend: Backend) -> int:
        if bulk.query == JobQuery(state=bulk.query.state, tenant_id=bulk.query.tenant_id, limit=bulk.query.limit):
            numbers = msgspec.structs.asdict(await backend.monitor.jobs_by_state(bulk.query.tenant_id))
            return sum(numbers[state.value] for state in states)
        with progress_bar("counting jobs") as show:
            return await _count_pages(
                backend, [msgspec.structs.replace(bulk.query, state=state) for state in states], show
            )

    return ask(settings, count)


async def _count_pages(backend: Backend, queries: list[JobQuery], show: Callable[[int], None]) -> int:
    total = 0
    for query in queries:
        page = await backend.jobs.list(query)
        total += len(page.jobs)
        while page.next_cursor:
            show(total)
            page = await backend.jobs.list(msgspec.structs.replace(query, cursor=page.next_cursor))
            total += len(page.jobs)
    return total


def _change(settings: Settings, bulk: Bulk) -> int:
    """Change all jobs that match, and return their number."""
    from .connection import ask

    async def all_steps(backend: Backend) -> int:
        query, total = bulk.query, 0
        with progress_bar(_DOING[bulk.action]) as show:
            while True:
                result = await backend.jobs.change(bulk.action, query)
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
        click.echo(f"{_jobs(count)} {done}")


def _jobs(count: int) -> str:
    return f"{count:,} {'job' if count == 1 else 'jobs'}"
