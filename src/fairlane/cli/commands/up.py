"""`fairlane up`: run everything on one machine."""

from __future__ import annotations

import asyncio

import click

from ...process.identity import process_name
from ...process.logs import configure_logging
from ...runtime.app_check import check_app
from ...runtime.app_loading import BUILTIN
from ...runtime.reload import check_can_reload
from ...runtime.settings import Settings
from ..options import with_settings


@click.command()
@click.argument("app", default=BUILTIN)
@with_settings(
    "host",
    "port",
    "auth",
    "tenant_logs",
    "base_path",
    "proxies",
    "data_dir",
    "max_memory",
    "workers",
    "processes",
    "store",
    "default_rate",
    "default_concurrency",
    "fairness",
    "idempotency",
    "lease",
    "drain",
    "hand_back",
    "max_jobs",
    "max_worker_memory",
    "metrics",
    "metrics_tenants",
    "durability",
    "loop",
    "log_format",
    "log_level",
    "job_logs",
)
@click.option("--reload", is_flag=True, help="Restart the workers when a Python file below the current folder changes.")
def up(settings: Settings, app: str, reload: bool) -> None:
    """Run everything on this machine: store, API, workers and upkeep.

    APP is a fairlane App named as "module:attr"; without it, the built-in tasks run.
    """
    from ...runtime.all_in_one import run_everything

    configure_logging(settings.log_format, process_name("up"), settings.log_level, settings.job_logs)
    if reload:
        check_can_reload()
    check_app(settings, app)
    asyncio.run(run_everything(settings, app, reload=reload))
