"""`fairlane config`: show the settings and their origins."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from ...process.environment import TOKEN_VARIABLE
from ...runtime.settings import NAMES, check, find_origins, read_file
from ..options import output_option
from ..terminal.output import print_json, print_table


@click.command()
@output_option
def config(output: str) -> None:
    """Show each setting with its value and origin."""
    from ...store.urls import redact_url

    origins = find_origins({}, os.environ, read_file(Path.cwd()))
    settings = check(origins)
    effective: dict[str, Any] = {name: getattr(settings, name) for name in NAMES}
    effective |= {"store": redact_url(settings.store_url), "url": redact_url(settings.queue_url)}
    shown = {name.replace("_", "-"): (effective[name], origins[name].origin) for name in NAMES}
    has_token = bool(os.environ.get(TOKEN_VARIABLE))
    shown["token"] = ("fl_..." if has_token else "", TOKEN_VARIABLE if has_token else "default")
    if output == "json":
        print_json({name: {"value": value, "origin": origin} for name, (value, origin) in shown.items()})
    else:
        rows = [(name, value, origin) for name, (value, origin) in shown.items()]
        print_table(["setting", "value", "origin"], rows)
