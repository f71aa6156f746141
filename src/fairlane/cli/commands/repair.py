"""`fairlane repair`: make a damaged data folder usable again."""

from __future__ import annotations

from pathlib import Path

import click

from ...model.errors import InvalidInput
from ...runtime.settings import Settings
from ..options import with_settings


@click.command()
@with_settings("data_dir")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
def repair(settings: Settings, yes: bool) -> None:
    """Repair the data folder of an embedded store.

    Keeps everything up to the first damage, prints what is lost, and keeps a copy of the damaged files.
    Stop every process that uses the folder first.
    """
    from ...store import Durability, EmbeddedServer
    from ...store.embedded.repair import repair as repair_folder

    path = Path(settings.data_dir)
    if not path.is_dir():
        raise InvalidInput(f"there is no folder {path}: name the data folder with --data-dir")
    if not yes:
        click.confirm(f"Cut the files in {path} down to what is intact?", abort=True)
    done = repair_folder(path)
    for line in done.findings:
        click.echo(line)
    server = EmbeddedServer(path, Durability(settings.durability))
    server.start()
    server.stop()
    if done.copy is None:
        click.echo("nothing is damaged")
    else:
        click.echo(f"repaired; the damaged files are in {done.copy}. Start fairlane and run `fairlane doctor`.")
