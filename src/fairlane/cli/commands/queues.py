"""`fairlane queues`: show queues, limit them, and pause them."""

from __future__ import annotations

import click

from ...model.errors import NotFound
from ...model.overview import QueueInfo
from ...model.tenant import OFF
from ...runtime.settings import Settings
from ..limits import held_back, queue_change_of
from ..options import client_settings, output_option
from ..terminal.output import print_facts, print_json, print_table


@click.group()
def queues() -> None:
    """Show queues, limit them, and pause them."""


@queues.command("list")
@client_settings
@output_option
def list_(settings: Settings, output: str) -> None:
    """List the queues that have been used."""
    from ..connection import ask

    _print(ask(settings, lambda backend: backend.queues.list()), output)


@queues.command()
@click.argument("queue")
@client_settings
@output_option
def show(settings: Settings, queue: str, output: str) -> None:
    """Show a queue's limits and figures."""
    from ..connection import ask

    found = [info for info in ask(settings, lambda backend: backend.queues.list()) if info.name == queue]
    if not found:
        raise NotFound(f"no job has entered a queue {queue}, and it has no limits")
    _print_one(found[0], output)


@queues.command("set")
@click.argument("queue")
@click.option("--concurrency", metavar="N|off", help="Number of its jobs that run at once, over all tenants.")
@click.option("--start-rate", metavar="RATE|off", help='Start rate over all tenants, such as "14/1s".')
@client_settings
@output_option
def set_(settings: Settings, queue: str, concurrency: str | None, start_rate: str | None, output: str) -> None:
    """Change the given limits of a queue. They hold over all tenants."""
    from ...model.names import check_name
    from ..connection import ask

    name = check_name(queue, "the queue's name")
    change = queue_change_of(concurrency, start_rate)
    _print_one(ask(settings, lambda backend: backend.queues.change_limits(name, change)), output)


@queues.command()
@click.argument("queue")
@client_settings
@output_option
def pause(settings: Settings, queue: str, output: str) -> None:
    """Keep the jobs of a queue from starting. Running jobs continue."""
    _pause(settings, queue, True, output)


@queues.command()
@click.argument("queue")
@client_settings
@output_option
def resume(settings: Settings, queue: str, output: str) -> None:
    """Let the jobs of a queue start again."""
    _pause(settings, queue, False, output)


def _pause(settings: Settings, queue: str, paused: bool, output: str) -> None:
    from ...model.names import check_name
    from ..connection import ask

    name = check_name(queue, "the queue's name")
    _print([ask(settings, lambda backend: backend.queues.pause(name, paused))], output)


def _print(found: list[QueueInfo], output: str) -> None:
    if output == "json":
        from ...rest.queues import QueueList

        print_json(QueueList(queues=found))
        return
    rows = [(info.name, info.pending, info.runnable_tenants, *_limits(info), held_back(info)) for info in found]
    print_table(["queue", "pending", "runnable tenants", "running", "concurrency", "start rate", ""], rows)


def _print_one(info: QueueInfo, output: str) -> None:
    if output == "json":
        print_json(info)
        return
    running, concurrency, rate = _limits(info)
    print_facts(
        [
            ("queue", info.name),
            ("concurrency", concurrency),
            ("start rate", rate),
            ("held back", held_back(info) or "no"),
            ("pending", info.pending),
            ("running", running),
            ("runnable tenants", info.runnable_tenants),
        ]
    )


def _limits(info: QueueInfo) -> tuple[object, object, object]:
    return info.running, info.concurrency or OFF, info.start_rate or OFF
