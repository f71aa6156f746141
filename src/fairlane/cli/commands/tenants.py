"""`fairlane tenants`: show and change the limits of tenants."""

from __future__ import annotations

import click

from ...model.tenant import OFF, PolicyChange, Tenant
from ...runtime.settings import Settings
from ..limits import change_of, limit_facts, limit_options
from ..options import client_settings, output_option
from ..terminal.output import print_facts, print_json, print_table


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
@limit_options("--submit-rate")
@client_settings
@output_option
def set_(settings: Settings, tenant_id: str, output: str, **limits: str | float | None) -> None:
    """Change the given limits of a tenant."""
    _change(settings, tenant_id, change_of(limits), output)


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


def _change(settings: Settings, tenant_id: str, change: PolicyChange, output: str) -> None:
    from ..connection import ask

    _print_tenant(ask(settings, lambda backend: backend.tenants.change(tenant_id, change)), output)


def _row(tenant: Tenant) -> tuple[object, ...]:
    policy = tenant.policy
    rate = policy.submit_rate or OFF
    concurrency = policy.concurrency or OFF
    figures = (tenant.pending, tenant.running, tenant.completed, tenant.failed)
    return (tenant.id, *figures, rate, concurrency, f"{policy.weight:g}", tenant.blocked_by)


def _print_tenant(tenant: Tenant, output: str) -> None:
    if output == "json":
        print_json(tenant)
        return
    policy = tenant.policy
    print_facts(
        [
            ("tenant", tenant.id),
            ("limits", "set for this tenant" if tenant.customized else "defaults"),
            *limit_facts(policy),
            ("submissions in the window", tenant.submit_rate_used if policy.submit_rate else None),
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
