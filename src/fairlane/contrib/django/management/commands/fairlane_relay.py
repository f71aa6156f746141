"""`manage.py fairlane_relay`: submit the outbox's jobs until stopped."""

from __future__ import annotations

import asyncio
from argparse import ArgumentParser
from contextlib import suppress
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.module_loading import import_string

from .....model.errors import InvalidInput
from .....sdk.app import app_from
from ...outbox import relay


class Command(BaseCommand):
    """Runs the relay."""

    help = "Submit the jobs of the outbox to the queue of a fairlane App, until stopped. Any number may run."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The App, and the database if it is not the default one."""
        parser.add_argument("app", help='the App, such as "shop.jobs.app"')
        parser.add_argument("--database", default="default", help="which database has the outbox")

    def handle(self, *_: Any, app: str, database: str, **__: Any) -> None:
        """Run until interrupted."""
        try:
            found = app_from(import_string(app), app)
        except (ImportError, InvalidInput) as error:
            raise CommandError(str(error)) from error
        with suppress(KeyboardInterrupt):
            self.stdout.write(f"fairlane relays the outbox of database {database!r}")
            self.stdout.flush()
            asyncio.run(relay(found, using=database).run())
