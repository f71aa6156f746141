"""Backups: a snapshot of a running store in a file, and an embedded store made from such a file."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import BinaryIO

from valkey.exceptions import ValkeyError

from ..model.durability import Durability
from ..model.errors import InvalidInput, StoreRefused, StoreUnavailable
from .client.snapshot import RefusedSnapshot, read_snapshot
from .embedded.folder import DataFolder
from .embedded.repair import adopt_snapshot, alone_on
from .embedded.server import EmbeddedServer
from .opening import Store

_MAGIC = (b"REDIS", b"VALKEY")


def _private_file(path: Path) -> BinaryIO:
    return open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


async def write_backup(store: Store, file: Path) -> int:
    """Write a snapshot of the store to `file`, readable by its owner only. Returns its size in bytes.

    `file` appears once it is complete and on disk. Raises StoreRefused if the store's user may not copy it.
    """
    scratch = file.with_name(f"{file.name}.part")
    try:
        with _private_file(scratch) as out:
            async for piece in read_snapshot(store.new_connection):
                out.write(piece)
            out.flush()
            os.fsync(out.fileno())
            size = out.tell()
        scratch.replace(file)
    except RefusedSnapshot as error:
        raise StoreRefused(
            f"store {store.name} does not give a copy of itself: {error}; use a user that may call SYNC, or the "
            "backups of your provider"
        ) from None
    except (TimeoutError, ValkeyError) as error:
        raise StoreUnavailable(f"store {store.name} went away within the backup: {error}") from None
    except OSError as error:
        raise InvalidInput(f"the backup cannot be written to {file}: {error.strerror}") from None
    finally:
        with contextlib.suppress(OSError):
            scratch.unlink(missing_ok=True)
    return size


def restore_backup(file: Path, data_dir: Path) -> None:
    """Make an embedded store from a backup, in a folder that holds none.

    Starts the server once, to prove that it can read the file. Raises InvalidInput and StoreRefused, and leaves the
    folder empty then.
    """
    try:
        with open(file, "rb") as snapshot:
            if not snapshot.read(8).startswith(_MAGIC):
                raise InvalidInput(f"{file} is not a backup of a store")
    except OSError as error:
        raise InvalidInput(f"the backup {file} cannot be read: {error.strerror}") from None
    folder = DataFolder(data_dir)
    folder.prepare()
    with alone_on(folder):
        undo = adopt_snapshot(folder, file)
    server = EmbeddedServer(data_dir, Durability.DISK)
    try:
        server.start()
    except (StoreRefused, StoreUnavailable) as error:
        undo()
        raise StoreRefused(f"the server cannot read {file}: {error}") from None
    server.stop()
