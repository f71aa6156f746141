"""`fairlane try-app`: import an App and exit. `up` and `worker` run this before they start anything."""

from __future__ import annotations

import click

from ...process.identity import process_name
from ...process.logs import configure_logging
from ...runtime.app_loading import load_app
from ...runtime.settings import Settings
from ..options import with_settings


@click.command("try-app")
@click.argument("app")
@with_settings("log_format", "log_level")
def try_app(settings: Settings, app: str) -> None:
    """Import APP and exit."""
    configure_logging(settings.log_format, process_name("try-app"), settings.log_level)
    load_app(app)
