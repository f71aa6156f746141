"""Repairs the append-only files of a data folder that no process uses."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from ...model.errors import StoreRefused
from .folder import DataFolder, FolderLock, read_pid
from .journal import FOLDER, MANIFEST, Part, data_files, find_damage, read_manifest

_FILE = re.compile(r"appendonly\.aof\.(\d+)\.(base|incr)\.(rdb|aof)")


class Repair(NamedTuple):
    """What was done to a data folder."""

    findings: list[str]
    """One line for each loss and each guess; empty if nothing was damaged."""
    copy: Path | None
    """The files as they were before."""


def repair(data_dir: Path) -> Repair:
    """Cut the files down to what is intact. Raises StoreRefused where that is impossible or the folder is in use."""
    folder = DataFolder(data_dir)
    journal = folder.path / FOLDER
    if not journal.is_dir():
        raise StoreRefused(f"{journal} is missing: restore it from a backup, or remove {folder.path} to start empty")
    folder.prepare()
    with alone_on(folder):
        parts, guesses = _read_parts(journal)
        kept, lost = _intact_parts(parts)
        if not guesses and not lost:
            return Repair([], None)
        copy = folder.path / f"{FOLDER}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
        shutil.copytree(journal, copy)
        _write(journal, kept)
        return Repair(guesses + lost, copy)


def adopt_snapshot(folder: DataFolder, file: Path) -> Callable[[], None]:
    """Make a copy of a snapshot the data of a folder that has none. Returns what removes it again.

    Raises StoreRefused if the folder has data.
    """
    journal = folder.path / FOLDER
    if folder.is_initialized or journal.exists():
        raise StoreRefused(f"{folder.path} holds a store already: name a new folder with --data-dir")
    journal.mkdir(mode=0o700)
    base = Part(journal / "appendonly.aof.1.base.rdb", 1, "b")
    shutil.copyfile(file, base.path)
    changes = Part(journal / "appendonly.aof.1.incr.aof", 1, "i")
    changes.path.touch(mode=0o600)
    _write(journal, [(part, part.path.stat().st_size) for part in (base, changes)])
    return lambda: shutil.rmtree(journal)


@contextmanager
def alone_on(folder: DataFolder) -> Iterator[None]:
    """Keep every other process off the folder meanwhile."""
    with ExitStack() as stack:
        for path in (folder.up_lock_path, folder.keeper_lock_path, folder.server_lock_path):
            lock = FolderLock(path)
            if not lock.acquire():
                pid = read_pid(path)
                raise StoreRefused(f"process {pid} uses {folder.path}: stop it first")
            stack.callback(lock.release)
        yield


def _read_parts(journal: Path) -> tuple[list[Part], list[str]]:
    """The files to load, from the manifest or else from their names; and what had to be guessed."""
    try:
        return [part for part in read_manifest(journal) if part.kind != "h"], []
    except (OSError, ValueError):
        found = [(path, match) for path in data_files(journal) if (match := _FILE.fullmatch(path.name))]
        parts = sorted(Part(path, int(match[1]), match[2][0]) for path, match in found)
        base = max((part for part in parts if part.kind == "b"), key=lambda part: part.sequence, default=None)
        if base is None:
            raise StoreRefused(f"there is no snapshot in {journal}: restore the folder from a backup") from None
        later = [part for part in parts if part.kind == "i" and part.sequence >= base.sequence]
        later.sort(key=lambda part: part.sequence)
        return [base, *later], [f"rebuilt {MANIFEST} from the names of the files"]


def _intact_parts(parts: list[Part]) -> tuple[list[tuple[Part, int]], list[str]]:
    """The files up to the first damage, each with its intact length; and what is lost."""
    kept: list[tuple[Part, int]] = []
    lost: list[str] = []
    for part in parts:
        if not part.path.exists():
            if part.kind == "b":
                raise StoreRefused(f"the snapshot {part.path} is missing: restore the folder from a backup")
            lost.append(f"lost {part.path.name}, which is missing")
        elif lost:
            lost.append(f"lost {part.path.name} ({part.path.stat().st_size} bytes), which continues a lost part")
        else:
            damage = find_damage(part.path) if part.path.suffix == ".aof" else None
            kept.append((part, part.path.stat().st_size if damage is None else damage.intact_bytes))
            if damage is not None:
                written = datetime.fromtimestamp(part.path.stat().st_mtime, UTC)
                lost.append(
                    f"lost the last {damage.lost_bytes} of {damage.intact_bytes + damage.lost_bytes} bytes of "
                    f"{part.path.name}, which was last written at {written:%Y-%m-%d %H:%M:%SZ}"
                )
    return kept, lost


def _write(journal: Path, kept: list[tuple[Part, int]]) -> None:
    """Truncate the files and list them in a new manifest."""
    for part, size in kept:
        if size < part.path.stat().st_size:
            os.truncate(part.path, size)
    lines = [f"file {part.path.name} seq {part.sequence} type {part.kind}\n" for part, _ in kept]
    scratch = journal / f"{MANIFEST}.new"
    scratch.write_text("".join(lines), "utf-8")
    scratch.replace(journal / MANIFEST)
