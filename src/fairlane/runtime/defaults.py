"""Stores the default limits that a command was given, at its start."""

from __future__ import annotations

import logging

import msgspec

from ..backend import Backend
from ..model.tenant import OFF
from .settings import Settings

_log = logging.getLogger(__name__)


async def store_defaults(backend: Backend, settings: Settings) -> None:
    """Change the default limits that the settings give, and log the ones that differ from before."""
    before = await backend.tenants.defaults()
    after = await backend.tenants.change_defaults(settings.change_of_defaults())
    were, are = msgspec.structs.asdict(before), msgspec.structs.asdict(after)
    changed = [f"{name} {_shown(were[name])} -> {_shown(are[name])}" for name in are if are[name] != were[name]]
    if changed:
        _log.info("default limits changed: %s", ", ".join(changed).replace("_", " "))


def _shown(limit: object) -> str:
    return OFF if limit is None else str(limit)
