"""`fairlane queues`: show and pause queues."""

from __future__ import annotations

import click

from ...model.overview import QueueInfo
from ...runtime.settings import Settings
from ..options import client_settings, output_option
from ..terminal.output import print_json, print_table


@click.group()
def queues() -> None:
    """Show queues, and pause them."""


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
    rows = [(info.name, info.pending, info.runnable_tenants, "paused" if info.paused else "") for info in found]
    print_table(["queue", "pending", "runnable tenants", ""], rows)
