"""Options that several commands share."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from ..model.ids import is_job_id
from ..model.job import Time
from ..process.printable import printable
from ..runtime.settings import (
    FILE_NAME,
    Origin,
    check,
    default_of,
    description_of,
    find_origins,
    flag_of,
    read_file,
)

_URLS = ("url", "store")
Command = Callable[..., Any]


def instant(text: str) -> datetime:
    """A time with its zone, in the format of the API: the type of an option."""
    try:
        return msgspec.convert(text, Time)
    except msgspec.ValidationError:
        raise click.BadParameter(f'{text!r} is not a time with a zone: write it as "2026-07-01T09:00:00Z"') from None


def id_of_batch(text: str) -> str:
    """The id of a batch: the type of an option."""
    if not is_job_id(text):
        raise click.BadParameter(f"{text!r} is not the id of a batch: `fairlane batches list` shows the ids")
    return text


def with_settings(*names: str, spelled: Mapping[str, tuple[str, ...]] | None = None) -> Callable[[Command], Command]:
    """Give a command flags for these settings, and all settings as its first argument.

    `spelled` has the flags of settings that go by other names in this command.
    """

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def with_loaded(**given: Any) -> Any:
            flags = {name: given.pop(name) for name in names}
            origins = find_origins(flags, os.environ, read_file(Path.cwd()))
            _tell_url_of_file({name: origins[name] for name in _URLS if name in names})
            return command(check(origins), **given)

        decorated: Command = with_loaded
        for name in reversed(names):
            flags = (spelled or {}).get(name, (flag_of(name),))
            default = default_of(name)
            shown = f" [default: {default}]" if default not in ("", None) else ""
            decorated = click.option(*flags, name, metavar="VALUE", help=description_of(name) + shown)(decorated)
        return decorated

    return decorate


def _tell_url_of_file(origins: Mapping[str, Origin]) -> None:
    """Say that a URL comes from fairlane.toml: the current folder may not be the user's own."""
    from ..store.urls import redact_url  # imported late because it is slow to import

    for name, (value, origin) in origins.items():
        if origin == FILE_NAME:
            click.echo(f"{FILE_NAME} sets {name} to {printable(redact_url(str(value)))}", err=True)


client_settings = with_settings("url", "token_file", "data_dir", "durability", spelled={"url": ("--url", "--store")})
"""The settings of commands that call a backend."""


def output_option(command: Command) -> Command:
    """`--output table|json`, as the argument `output`."""
    choice = click.Choice(["table", "json"])
    return click.option("--output", type=choice, default="table", show_default=True, help="Output format.")(command)


def filter_options(command: Command) -> Command:
    """`--tenant`, `--queue` and `--task`, as arguments named as the fields of JobQuery."""
    for name, field in (("task", "task"), ("queue", "queue"), ("tenant", "tenant_id")):
        command = click.option(f"--{name}", field, help=f"Only jobs of this {name}.")(command)
    return command


def search_options(command: Command) -> Command:
    """`filter_options`, `--key`, `--tag`, `--batch` and two times, as arguments named as the fields of JobQuery."""
    for option in (
        click.option("--created-to", type=instant, metavar="TIME", help="Only jobs submitted before this time."),
        click.option("--created-from", type=instant, metavar="TIME", help="Only jobs submitted at this time or later."),
        click.option("--batch", "batch_id", type=id_of_batch, metavar="ID", help="Only jobs of this batch."),
        click.option("--tag", help="Only jobs with this tag."),
        click.option("--key", help="Only jobs with this business key."),
        filter_options,
    ):
        command = option(command)
    return command


SEARCHED = ("tenant_id", "queue", "task", "key", "tag", "batch_id", "created_from", "created_to")
"""The arguments of `search_options`."""
