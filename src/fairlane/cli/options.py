"""Options that several commands share."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import click
import msgspec

from ..model.job import Time
from ..runtime.settings import default_of, description_of, flag_of, load

Command = Callable[..., Any]


def instant(text: str) -> datetime:
    """A time with its zone, written as the API takes it: the type of an option."""
    try:
        return msgspec.convert(text, Time)
    except msgspec.ValidationError:
        raise click.BadParameter(f'{text!r} is no time with its zone, such as "2026-07-01T09:00:00Z"') from None


def with_settings(*names: str, spelled: Mapping[str, tuple[str, ...]] | None = None) -> Callable[[Command], Command]:
    """Give a command flags for these settings, and all settings as its first argument.

    `spelled` has the flags of settings that go by other names in this command.
    """

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def with_loaded(**given: Any) -> Any:
            flags = {name: given.pop(name) for name in names}
            return command(load(flags), **given)

        decorated: Command = with_loaded
        for name in reversed(names):
            flags = (spelled or {}).get(name, (flag_of(name),))
            default = default_of(name)
            shown = f" [default: {default}]" if default not in ("", None) else ""
            decorated = click.option(*flags, name, metavar="VALUE", help=description_of(name) + shown)(decorated)
        return decorated

    return decorate


client_settings = with_settings("url", "data_dir", "durability", spelled={"url": ("--url", "--store")})
"""The settings of commands that talk to a queue."""


def output_option(command: Command) -> Command:
    """`--output table|json`, as the argument `output`."""
    choice = click.Choice(["table", "json"])
    return click.option("--output", type=choice, default="table", show_default=True, help="How to print.")(command)


def filter_options(command: Command) -> Command:
    """`--tenant`, `--queue` and `--task`, as arguments named as the fields of JobQuery."""
    for name, field in (("task", "task"), ("queue", "queue"), ("tenant", "tenant_id")):
        command = click.option(f"--{name}", field, help=f"Only jobs of this {name}.")(command)
    return command
