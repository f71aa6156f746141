"""`fairlane tenants`: show and change the limits of tenants."""

from __future__ import annotations

from typing import Any

import click

from ...model.durations import format_duration, parse_duration_ms
from ...model.errors import InvalidInput
from ...model.tenant import PolicyChange, Rate, Tenant
from ...runtime.settings import Settings
from ..options import client_settings, output_option
from ..terminal.output import print_facts, print_json, print_table

_OFF = "off"


@click.group()
def tenants() -> None:
    """Show and change the limits of tenants, and pause tenants."""


@tenants.command("list")
@click.option("--limit", type=click.IntRange(1, 100), default=50, show_default=True, help="Tenants per page.")
@click.option("--cursor", help="Cursor that the previous page printed.")
@click.option("--prefix", default="", help="Only tenants whose id begins with this.")
@client_settings
@output_option
def list_(settings: Settings, limit: int, cursor: str | None, prefix: str, output: str) -> None:
    """List tenants."""
    from ..connection import ask

    found, next_cursor = ask(settings, lambda backend: backend.tenants.list(limit, cursor, prefix))
    if output == "json":
        from ...rest.tenants import TenantPage

        print_json(TenantPage(tenants=found, next_cursor=next_cursor))
        return
    columns = [
        "tenant",
        "pending",
        "running",
        "completed",
        "failed",
        "submit rate",
        "concurrency",
        "weight",
        "blocked by",
    ]
    print_table(columns, [_row(tenant) for tenant in found])
    if next_cursor:
        click.echo(f"More: --cursor {next_cursor}")


@tenants.command()
@click.argument("tenant_id")
@client_settings
@output_option
def show(settings: Settings, tenant_id: str, output: str) -> None:
    """Show a tenant's limits and figures."""
    from ..connection import ask

    _print_tenant(ask(settings, lambda backend: backend.tenants.get(tenant_id)), output)


@tenants.command("set")
@click.argument("tenant_id")
@click.option("--submit-rate", metavar="RATE|off", help='Submission rate, such as "10/1m".')
@click.option("--concurrency", metavar="N|off", help="Number of jobs that run at once.")
@click.option("--start-rate", metavar="RATE|off", help='Start rate, such as "100/1s".')
@click.option("--weight", type=float, help="Share relative to other tenants [default: 1].")
@click.option("--max-waiting", metavar="N|off", help="Number of jobs that are scheduled or pending at once.")
@click.option("--keep-completed", metavar="TIME", help='How long to keep completed and cancelled jobs, such as "1h".')
@click.option("--keep-completed-max", type=int, help="Number of completed and of cancelled jobs to keep.")
@click.option("--keep-failed", metavar="TIME", help='How long to keep failed jobs, such as "14d".')
@click.option("--keep-failed-max", type=int, help="Number of failed jobs to keep.")
@client_settings
@output_option
def set_(settings: Settings, tenant_id: str, output: str, **limits: str | float | None) -> None:
    """Change the given limits of a tenant."""
    _change(settings, tenant_id, _policy_change(limits), output)


@tenants.command()
@click.argument("tenant_id")
@client_settings
@output_option
def reset(settings: Settings, tenant_id: str, output: str) -> None:
    """Return a tenant to the default limits. A pause stays."""
    from ..connection import ask

    _print_tenant(ask(settings, lambda backend: backend.tenants.reset(tenant_id)), output)


@tenants.command()
@click.argument("tenant_id")
@client_settings
@output_option
def pause(settings: Settings, tenant_id: str, output: str) -> None:
    """Pause a tenant: its jobs do not start."""
    _change(settings, tenant_id, PolicyChange(paused=True), output)


@tenants.command()
@click.argument("tenant_id")
@client_settings
@output_option
def resume(settings: Settings, tenant_id: str, output: str) -> None:
    """Resume a paused tenant."""
    _change(settings, tenant_id, PolicyChange(paused=False), output)


def _policy_change(limits: dict[str, str | float | None]) -> PolicyChange:
    given: dict[str, Any] = {name: value for name, value in limits.items() if value is not None}
    if not given:
        raise InvalidInput("say what to change, such as --concurrency 5; --help lists the limits")
    for name in ("submit_rate", "start_rate"):
        if name in given:
            given[name] = Rate.parse(given[name])
    for name in ("concurrency", "max_waiting"):
        if name in given:
            given[name] = _number(given[name], name)
    for name in ("keep_completed", "keep_failed"):
        if name in given:
            given[f"{name}_seconds"] = parse_duration_ms(given.pop(name), f"--{name.replace('_', '-')}") / 1000
    return PolicyChange(**given)


def _number(text: str, name: str) -> int | None:
    if text == _OFF:
        return None
    try:
        return int(text)
    except ValueError:
        raise InvalidInput(f'--{name.replace("_", "-")} must be a number or "off", not {text!r}') from None


def _change(settings: Settings, tenant_id: str, change: PolicyChange, output: str) -> None:
    from ..connection import ask

    _print_tenant(ask(settings, lambda backend: backend.tenants.change(tenant_id, change)), output)


def _row(tenant: Tenant) -> tuple[object, ...]:
    policy = tenant.policy
    rate = policy.submit_rate or _OFF
    concurrency = policy.concurrency or _OFF
    figures = (tenant.pending, tenant.running, tenant.completed, tenant.failed)
    return (tenant.id, *figures, rate, concurrency, f"{policy.weight:g}", tenant.blocked_by)


def _kept(seconds: float, most: int) -> str:
    return f"{format_duration(round(seconds * 1000))}, at most {most}"


def _print_tenant(tenant: Tenant, output: str) -> None:
    if output == "json":
        print_json(tenant)
        return
    policy = tenant.policy
    print_facts(
        [
            ("tenant", tenant.id),
            ("limits", "set for this tenant" if tenant.customized else "defaults"),
            ("submit rate", policy.submit_rate or _OFF),
            ("rate used", tenant.submit_rate_used if policy.submit_rate else None),
            ("concurrency", policy.concurrency or _OFF),
            ("start rate", policy.start_rate or _OFF),
            ("weight", f"{policy.weight:g}"),
            ("max waiting", policy.max_waiting or _OFF),
            ("keeps completed", _kept(policy.keep_completed_seconds, policy.keep_completed_max)),
            ("keeps failed", _kept(policy.keep_failed_seconds, policy.keep_failed_max)),
            ("paused", "yes" if policy.paused else "no"),
            ("blocked by", tenant.blocked_by),
            ("pending", tenant.pending),
            ("running", tenant.running),
            ("submitted", tenant.submitted),
            ("completed", tenant.completed),
            ("failed attempts", tenant.failed),
            ("retried", tenant.retried),
        ]
    )
