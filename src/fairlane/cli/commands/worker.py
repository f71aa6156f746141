"""`fairlane worker`: run workers only."""

from __future__ import annotations

import asyncio

import click

from ...model.errors import InvalidInput
from ...process.identity import process_name
from ...process.logs import configure_logging
from ...runtime.app_check import check_app
from ...runtime.app_loading import check_app_name
from ...runtime.reload import check_can_reload
from ...runtime.settings import Settings
from ..options import with_settings

_SPELLED = {"url": ("--url", "--store"), "workers": ("--slots",)}
_QUEUES_HELP = """Queues to take jobs from, such as "mail,reports" [default: all]. Weights, such as "mail=3,reports=1",
divide the starts between the queues that have jobs: here three of four starts go to "mail". Without weights, only the
tenants' turns decide which job starts next.
"""


@click.command()
@click.argument("app")
@with_settings(
    "workers",
    "processes",
    "lease",
    "drain",
    "hand_back",
    "max_jobs",
    "max_worker_memory",
    "health",
    "metrics",
    "url",
    "token_file",
    "data_dir",
    "durability",
    "loop",
    "log_format",
    "log_level",
    "job_logs",
    spelled=_SPELLED,
)
@click.option("--queues", default="", help=_QUEUES_HELP)
@click.option("--reload", is_flag=True, help="Restart when a Python file below the current folder changes.")
@click.option("--no-upkeep", is_flag=True, help="Leave upkeep (delays, schedules, dead workers) to other processes.")
@click.option("--worker-id", hidden=True, help="Name given by a supervisor.")
def worker(settings: Settings, app: str, queues: str, reload: bool, no_upkeep: bool, worker_id: str | None) -> None:
    """Run the tasks of APP, a fairlane App named as "module:attr"."""
    configure_logging(settings.log_format, process_name("worker"), settings.log_level, settings.job_logs)
    check_app_name(app)
    weighted = parse_queues(queues)
    if reload:
        check_can_reload()
    is_replaced = settings.max_jobs > 0 or settings.max_worker_memory != ""
    if worker_id is None and (settings.processes > 1 or reload or is_replaced):
        from ...runtime.workers import run_workers

        check_app(settings, app)
        asyncio.run(run_workers(settings, app, queues, with_upkeep=not no_upkeep, reload=reload))
    else:
        from ...runtime.worker import work

        work(settings, app, weighted, worker_id, with_upkeep=not no_upkeep)


def parse_queues(text: str) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """The queues of "a=3,b" and their weights, 1 for b; no weights if none are given. Raises InvalidInput."""
    weights: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, weight = part.partition("=")
        if name in weights:
            raise InvalidInput(f"--queues names {name} twice")
        try:
            weights[name] = float(weight or 1)
        except ValueError:
            raise InvalidInput(f"--queues: the weight of {name} must be a number, not {weight!r}") from None
    if text and not weights:
        raise InvalidInput("--queues: name at least one queue")
    return tuple(weights), tuple(weights.values()) if "=" in text else ()
