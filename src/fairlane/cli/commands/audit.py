"""`fairlane audit`: who changed what."""

from __future__ import annotations

from collections.abc import Iterator

import click
import msgspec

from ...backend import Backend
from ...model.audit import AuditEntry
from ...runtime.settings import Settings
from ..options import client_settings, output_option
from ..terminal.output import print_json, print_table

PAGE = 100


@click.command()
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="Number of changes.")
@client_settings
@output_option
def audit(settings: Settings, limit: int, output: str) -> None:
    """List the last changes that users made, newest first."""
    from ..connection import ask

    found = ask(settings, lambda backend: _entries(backend, limit))
    if output == "json":
        print_json(found)
        return
    print_table(("when", "who", "what", "of", "change"), map(_row, found))


async def _entries(backend: Backend, limit: int) -> list[AuditEntry]:
    found: list[AuditEntry] = []
    cursor: str | None = None
    while len(found) < limit:
        page, cursor = await backend.audit.list(min(PAGE, limit - len(found)), cursor)
        found += page
        if cursor is None:
            break
    return found


def _row(entry: AuditEntry) -> tuple[object, ...]:
    first, more = "".join(entry.targets[:1]), len(entry.targets) - 1
    targets = f"{first} and {more} more" if more > 0 else first
    return entry.at, entry.author, entry.action, targets, ", ".join(_differences(entry))


def _differences(entry: AuditEntry) -> Iterator[str]:
    """The fields that differ, each as "name: before > after"; only the values where they have no fields."""
    before, after = (msgspec.json.decode(value) for value in (entry.before, entry.after))
    if not isinstance(before, dict) and not isinstance(after, dict):
        yield f"{_words(before)} > {_words(after)}"
        return
    old, new = before or {}, after or {}
    for name in {**old, **new}:
        was, is_now = _words(old.get(name)), _words(new.get(name))
        if was != is_now:
            yield f"{name}: {was} > {is_now}"


def _words(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
