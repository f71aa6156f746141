"""`fairlane worker`: workers alone."""

from __future__ import annotations

import asyncio

import click

from ..model.errors import InvalidInput
from .app_loading import check_app_name
from .logs import configure_logging
from .options import with_settings
from .process import process_name
from .settings import Settings

_SPELLED = {"url": ("--url", "--store"), "workers": ("--slots",)}


@click.command()
@click.argument("app")
@with_settings(
    "workers", "processes", "lease", "drain", "url", "data_dir", "durability", "log_format", spelled=_SPELLED
)
@click.option("--queues", default="", help='Take jobs of these queues only, such as "mail,reports".')
@click.option("--no-upkeep", is_flag=True, help="Leave upkeep (delays, schedules, dead workers) to other processes.")
@click.option("--worker-id", hidden=True, help="Name given by a supervisor.")
def worker(settings: Settings, app: str, queues: str, no_upkeep: bool, worker_id: str | None) -> None:
    """Run the tasks of APP, a fairlane App named as "module:attr"."""
    configure_logging(settings.log_format, process_name("worker"))
    check_app_name(app)
    names = tuple(filter(None, (name.strip() for name in queues.split(","))))
    if queues and not names:
        raise InvalidInput("--queues: name at least one queue")
    if settings.processes > 1:
        from .workers import run_workers

        asyncio.run(run_workers(settings, app, queues, with_upkeep=not no_upkeep))
    else:
        from .runtime import work

        work(settings, app, names, worker_id, with_upkeep=not no_upkeep)
