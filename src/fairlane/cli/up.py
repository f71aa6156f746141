"""`fairlane up`: everything on one machine."""

from __future__ import annotations

import asyncio

import click

from .app_loading import BUILTIN, check_app_name
from .logs import configure_logging
from .options import with_settings
from .process import process_name
from .settings import Settings


@click.command()
@click.argument("app", default=BUILTIN)
@with_settings(
    "host",
    "port",
    "data_dir",
    "workers",
    "processes",
    "store",
    "default_rate",
    "default_concurrency",
    "fairness",
    "lease",
    "drain",
    "durability",
    "log_format",
)
def up(settings: Settings, app: str) -> None:
    """Run everything on this machine: store, API, workers and upkeep.

    APP is a fairlane App named as "module:attr"; without it, the built-in tasks run.
    """
    from .whole import run_everything

    configure_logging(settings.log_format, process_name("up"))
    asyncio.run(run_everything(settings, check_app_name(app)))
