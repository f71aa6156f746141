"""Prints tables for people and JSON for programs. Text from users cannot steer the terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click
import msgspec

from ...process.printable import printable, printable_json

if TYPE_CHECKING:
    from rich.console import Console

_WIDTH_OF_PIPES = 240


def print_json(value: Any) -> None:
    """Print `value` as indented JSON."""
    click.echo(printable_json(msgspec.json.format(msgspec.json.encode(value), indent=2).decode()))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print rows under headings. Cells are never cut."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    console().print(table)


def print_facts(facts: Iterable[tuple[str, Any]]) -> None:
    """Print names and values, one in each line. Facts without a value are left out."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in facts:
        if value is not None:
            table.add_row(name, Text(printable(value)))
    console().print(table)


def console() -> Console:
    """Standard output, without markup."""
    from rich.console import Console

    # A program that reads a pipe wants rows on one line each.
    return Console(width=None if sys.stdout.isatty() else _WIDTH_OF_PIPES, highlight=False, emoji=False, markup=False)
