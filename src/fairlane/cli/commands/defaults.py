"""`fairlane defaults`: show and change the default limits of tenants."""

from __future__ import annotations

import click

from ...model.tenant import TenantPolicy
from ...runtime.settings import Settings
from ..limits import change_of, limit_facts, limit_options
from ..options import client_settings, output_option
from ..terminal.output import print_facts, print_json


@click.group()
def defaults() -> None:
    """Show and change the default limits of tenants."""


@defaults.command()
@client_settings
@output_option
def show(settings: Settings, output: str) -> None:
    """Show the limits that hold where a tenant has no other."""
    from ..connection import ask

    _print(ask(settings, lambda backend: backend.tenants.defaults()), output)


@defaults.command("set")
@limit_options("--rate")
@client_settings
@output_option
def set_(settings: Settings, output: str, **limits: str | float | None) -> None:
    """Change the given default limits."""
    from ..connection import ask

    change = change_of(limits)
    _print(ask(settings, lambda backend: backend.tenants.change_defaults(change)), output)


def _print(policy: TenantPolicy, output: str) -> None:
    if output == "json":
        from ...rest.tenants import DefaultLimits

        print_json(DefaultLimits.of(policy))
    else:
        print_facts(limit_facts(policy))
