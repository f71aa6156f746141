"""`fairlane schedules`: list, change, pause and delete schedules."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import click
import msgspec

from ...backend import Backend, Schedules
from ...model.errors import InvalidInput, NotFound
from ...model.job import MAX_PRIORITY, Job
from ...model.names import check_name
from ...model.schedule import Missed, Overlap, Schedule
from ...runtime.settings import Settings
from ..options import client_settings, output_option
from ..terminal.output import print_facts, print_json, print_table

_tenant_option = click.option("--tenant", "tenant_id", required=True, help="Tenant of the schedule.")


@click.group()
def schedules() -> None:
    """List, change, pause and delete schedules."""


@schedules.command("list")
@click.option("--limit", type=click.IntRange(1, 100), default=50, show_default=True, help="Schedules per page.")
@click.option("--cursor", help="Cursor that the previous page printed.")
@click.option("--tenant", "tenant_id", help="Only schedules of this tenant.")
@client_settings
@output_option
def list_(settings: Settings, limit: int, cursor: str | None, tenant_id: str | None, output: str) -> None:
    """List schedules."""
    from ..connection import ask

    if tenant_id is not None:
        check_name(tenant_id, "--tenant")
    found, next_cursor = ask(settings, lambda backend: backend.schedules.list(limit, cursor, tenant_id))
    if output == "json":
        from ...rest.schedules import SchedulePage

        print_json(SchedulePage(schedules=found, next_cursor=next_cursor))
        return
    print_table(["tenant", "name", "when", "task", "next run", "last run", "paused", "declared"], map(_row, found))
    if next_cursor:
        click.echo(f"More: --cursor {next_cursor}")


@schedules.command()
@click.argument("name")
@_tenant_option
@client_settings
@output_option
def show(settings: Settings, name: str, tenant_id: str, output: str) -> None:
    """Show a schedule, its next runs and its history."""
    _print(_ask(settings, tenant_id, name, lambda backend: backend.schedules.get(tenant_id, name)), output)


@schedules.command("set")
@click.argument("name")
@_tenant_option
@click.option("--cron", help='Minute, hour, day, month and weekday, such as "0 3 * * MON-FRI".')
@click.option("--timezone", help='Time zone of the rule, such as "Europe/Paris" [default: UTC].')
@click.option("--task", help="Task to run.")
@click.option("--payload", metavar="JSON", help="Payload of each job [default: null].")
@click.option("--queue", help="Queue of the jobs.")
@click.option("--priority", type=click.IntRange(0, MAX_PRIORITY), help="Priority of the jobs, 0 to 9; higher first.")
@click.option("--missed", type=click.Choice([kind.value for kind in Missed]), help="How to handle missed runs.")
@click.option(
    "--overlap",
    type=click.Choice([kind.value for kind in Overlap]),
    help="Whether runs may overlap.",
)
@client_settings
@output_option
def set_(settings: Settings, name: str, tenant_id: str, output: str, **fields: Any) -> None:
    """Create a schedule, or change the given fields of one."""
    given = {field: value for field, value in fields.items() if value is not None}
    if not given:
        raise InvalidInput("say what to change, such as --cron or --payload")
    if "payload" in given:
        given["payload"] = msgspec.Raw(given["payload"])
    _print(_ask(settings, tenant_id, name, lambda backend: _set(backend.schedules, tenant_id, name, given)), output)


@schedules.command()
@click.argument("name")
@_tenant_option
@client_settings
@output_option
def pause(settings: Settings, name: str, tenant_id: str, output: str) -> None:
    """Pause a schedule. Runs that it misses meanwhile are not caught up."""
    _print(_ask(settings, tenant_id, name, lambda backend: backend.schedules.pause(tenant_id, name, True)), output)


@schedules.command()
@click.argument("name")
@_tenant_option
@client_settings
@output_option
def resume(settings: Settings, name: str, tenant_id: str, output: str) -> None:
    """Resume a paused schedule at its next run."""
    _print(_ask(settings, tenant_id, name, lambda backend: backend.schedules.pause(tenant_id, name, False)), output)


@schedules.command()
@click.argument("name")
@_tenant_option
@client_settings
@output_option
def run(settings: Settings, name: str, tenant_id: str, output: str) -> None:
    """Run a schedule once, now."""
    from .jobs import print_job

    def run_now(backend: Backend) -> Awaitable[Job]:
        return backend.schedules.run(tenant_id, name, backend.jobs.new_id(tenant_id))

    print_job(_ask(settings, tenant_id, name, run_now), output)


@schedules.command()
@click.argument("name")
@_tenant_option
@client_settings
@output_option
def delete(settings: Settings, name: str, tenant_id: str, output: str) -> None:
    """Delete a schedule. Its jobs stay. A worker whose app declares it creates it again."""
    forgotten = _ask(settings, tenant_id, name, lambda backend: backend.schedules.delete(tenant_id, name))
    if output == "json":
        print_json(forgotten)
    else:
        click.echo(f"schedule {name} of tenant {tenant_id} deleted")


def _ask(settings: Settings, tenant_id: str, name: str, question: Callable[[Backend], Awaitable[Any]]) -> Any:
    from ..connection import ask

    check_name(tenant_id, "--tenant")
    check_name(name, "the schedule's name")
    return ask(settings, question)


async def _set(schedules: Schedules, tenant_id: str, name: str, given: dict[str, Any]) -> Schedule:
    """Put the schedule with the given fields changed, checked as the API checks it."""
    from ...rest.schedules import ScheduleBody

    try:
        found = await schedules.get(tenant_id, name)
        known = {field: getattr(found, field) for field in ScheduleBody.__struct_fields__ if hasattr(found, field)}
    except NotFound:
        if "cron" not in given:
            raise InvalidInput(f"tenant {tenant_id} has no schedule {name}; to create it, give --cron") from None
        known = {"payload": msgspec.Raw(b"null")}
    body = ScheduleBody(**known | given)
    return await schedules.put(body.to_spec(tenant_id, name))


def _row(schedule: Schedule) -> tuple[object, ...]:
    next_run = schedule.next_runs[0] if schedule.next_runs else None
    done = (next_run, schedule.last_run, _yes(schedule.paused), _yes(schedule.declared))
    return (schedule.tenant_id, schedule.name, schedule.description, schedule.task, *done)


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _print(schedule: Schedule, output: str) -> None:
    if output == "json":
        print_json(schedule)
        return
    print_facts(
        [
            ("tenant", schedule.tenant_id),
            ("name", schedule.name),
            ("cron", schedule.cron),
            ("time zone", schedule.timezone),
            ("in words", schedule.description),
            ("task", schedule.task),
            ("payload", schedule.payload),
            ("queue", schedule.queue),
            ("priority", schedule.priority),
            ("attempts", schedule.max_attempts),
            ("timeout", f"{schedule.timeout_seconds:g} s"),
            ("missed ticks", schedule.missed),
            ("overlap", schedule.overlap),
            ("paused", _yes(schedule.paused)),
            ("declared in code", _yes(schedule.declared)),
            *(("next run" if at == schedule.next_runs[0] else "", at) for at in schedule.next_runs),
            ("last run", schedule.last_run),
            ("last job", schedule.last_job_id),
            ("missed", schedule.missed_count),
            ("skipped", schedule.skipped_count),
        ]
    )
