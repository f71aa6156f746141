"""`fairlane backup` and `fairlane restore`: a consistent copy of a running store, and a store from it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from ...model.errors import InvalidInput
from ...rest.urls import is_remote
from ...runtime.settings import Settings
from ..options import client_settings, with_settings


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@client_settings
def backup(settings: Settings, file: Path) -> None:
    """Copy the running store to FILE.

    Every job that was accepted before is in it. The store goes on meanwhile. FILE holds payloads and results: keep it
    as you keep the store.
    """
    from ...store import Durability, open_store
    from ...store.backup import write_backup
    from ..connection import check_exists

    async def copy() -> int:
        store = await open_store(settings.queue_url, Durability(settings.durability))
        try:
            return await write_backup(store, file)
        finally:
            await store.close()

    if is_remote(settings.queue_url):
        raise InvalidInput("this needs the URL of a store, not of an API")
    check_exists(settings.queue_url)
    click.echo(f"wrote {asyncio.run(copy()) / 1e6:,.1f} MB to {file}")


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@with_settings("data_dir")
def restore(settings: Settings, file: Path) -> None:
    """Make an embedded store from the backup FILE, in a data folder that holds none.

    Jobs that ran at the time of the backup run again once their leases have expired. Jobs that ended after it run
    again, too.
    """
    from ...store.backup import restore_backup

    restore_backup(file, Path(settings.data_dir))
    click.echo(f"restored into {settings.data_dir}; check it with `fairlane doctor`, then start fairlane")
