"""The server's append-only files: checked before each start, because the server itself is too trusting.

It starts empty where the manifest is missing, tells only its own log that it dropped a cut tail, and runs any command
that a file contains. The manifest lists one base file and the files of commands since then.
"""

from __future__ import annotations

import mmap
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import libvalkey

from ...model.errors import StoreRefused

FOLDER = "appendonlydir"
MANIFEST = "appendonly.aof.manifest"
_CHUNK_BYTES = 1 << 20
_MOST_DIGITS = 20
_END = [os.urandom(16).hex().encode()]
"""A command that no file contains: it marks the end of an intact one."""
_DATA_COMMANDS = frozenset(
    b"APPEND BITFIELD COPY DECR DECRBY DEL EXEC EXPIRE EXPIREAT FLUSHALL FLUSHDB FUNCTION GETDEL GETEX GETSET HDEL "
    b"HINCRBY HINCRBYFLOAT HMSET HSET HSETNX INCR INCRBY INCRBYFLOAT LINSERT LMOVE LPOP LPUSH LPUSHX LREM LSET LTRIM "
    b"MOVE MSET MSETNX MULTI PERSIST PEXPIRE PEXPIREAT PSETEX RENAME RENAMENX RPOP RPOPLPUSH RPUSH RPUSHX SADD "
    b"SELECT SET SETEX SETNX SETRANGE SMOVE SPOP SREM SWAPDB UNLINK ZADD ZINCRBY ZPOPMAX ZPOPMIN ZREM ZREMRANGEBYLEX "
    b"ZREMRANGEBYRANK ZREMRANGEBYSCORE".split()
)
"""Commands that change data and nothing else. FUNCTION stores code, which the engine compares before it calls any."""
_SERVER_COMMANDS = frozenset(
    b"ACL BGREWRITEAOF BGSAVE CLIENT CLUSTER CONFIG DEBUG EVAL EVALSHA FAILOVER FCALL MIGRATE MODULE MONITOR "
    b"PSYNC REPLICAOF RESTORE SAVE SCRIPT SHUTDOWN SLAVEOF SYNC".split()
)
"""Commands that a planted file could contain, to open a port or to fetch the data of another server."""


class Part(NamedTuple):
    """One file that the manifest lists."""

    path: Path
    sequence: int
    kind: str
    """b (base), i (increments) or h (history, which the server deletes)."""


class Damage(NamedTuple):
    """Where a file of commands stops making sense."""

    path: Path
    intact_bytes: int
    """The length of the complete commands and transactions before it."""
    lost_bytes: int
    is_torn: bool
    """Whether the file merely ends within a command or transaction, as after a crash."""

    def __str__(self) -> str:
        return f"{self.path.name} is damaged at byte {self.intact_bytes}; {self.lost_bytes} bytes follow"


def check_journal(data_dir: Path, *, is_initialized: bool) -> Damage | None:
    """The torn tail of the last file, which the server will drop. Raises StoreRefused where data would be lost.

    `is_initialized`: whether a server has run on this data folder before.
    """
    parts = _listed_parts(data_dir, is_initialized=is_initialized)
    files = [part for part in parts if part.kind != "h"]
    for part in files:
        if not part.path.exists():
            raise _refusal(data_dir, f"{part.path.name} is missing")
    for part in files:
        if part.path.suffix != ".aof":
            continue  # a snapshot, whose checksum the server verifies
        damage = find_damage(part.path)
        if damage is None:
            continue
        if damage.is_torn and part is files[-1]:
            return damage
        raise _refusal(data_dir, str(damage))
    return None


def _listed_parts(data_dir: Path, *, is_initialized: bool) -> list[Part]:
    folder = data_dir / FOLDER
    try:
        return read_manifest(folder)
    except FileNotFoundError:
        if data_files(folder) or is_initialized:
            missing = MANIFEST if folder.exists() else FOLDER
            raise _refusal(data_dir, f"{missing} is missing") from None
        return []
    except (OSError, ValueError) as error:
        raise _refusal(data_dir, f"{MANIFEST} cannot be read: {error}") from None


def _refusal(data_dir: Path, what: str) -> StoreRefused:
    return StoreRefused(
        f"its data is damaged: {what}; restore the folder from a backup, or run "
        f"`fairlane repair --data-dir {data_dir}`, which keeps what is intact and says what is lost"
    )


def read_manifest(folder: Path) -> list[Part]:
    """The files that the manifest lists, in the order in which the server loads them. Raises OSError, ValueError."""
    parts = []
    for line in (folder / MANIFEST).read_text("utf-8").splitlines():
        words = line.split()
        fields = dict(zip(words[::2], words[1::2], strict=True))
        if not line or line.startswith("#"):
            continue
        name = fields.get("file", "")
        if Path(name).name != name or fields.get("type") not in ("b", "i", "h") or not name:
            raise ValueError(f"unknown line {line!r}")
        parts.append(Part(folder / name, int(fields["seq"]), fields["type"]))
    return parts


def data_files(folder: Path) -> list[Path]:
    """The append-only files and snapshots in the folder, whether listed or not."""
    return sorted([*folder.glob("appendonly.aof.*.rdb"), *folder.glob("appendonly.aof.*.aof")])


def find_damage(path: Path) -> Damage | None:
    """The first point at which a file of commands is not complete and valid; None for an intact file.

    Raises StoreRefused for commands that fairlane's server never writes.
    """
    with open(path, "rb") as file:
        size = path.stat().st_size
        if size == 0:
            return None
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            if _is_intact(path, content):
                return None
            intact, complete = _measure(content)
            return Damage(path, intact, size - intact, _is_cut(content, complete))


def _is_intact(path: Path, content: mmap.mmap) -> bool:
    """Whether the file consists of complete commands and transactions. This is the pass that every start takes."""
    in_transaction = False
    for command in _commands(content):
        name = command[0].upper()
        if name not in _DATA_COMMANDS:
            if name in _SERVER_COMMANDS:
                raise StoreRefused(f"{path} contains the command {name.decode()}, which fairlane never writes")
            return command == _END and not in_transaction
        in_transaction = name == b"MULTI" or (in_transaction and name != b"EXEC")
    return False


def _measure(content: mmap.mmap) -> tuple[int, int]:
    """The length of the complete commands and transactions, and of the complete commands."""
    intact = position = 0
    in_transaction = False
    for command in _commands(content):
        name = command[0].upper()
        if name not in _DATA_COMMANDS or not all(isinstance(word, bytes) for word in command):
            break
        end = position + len(libvalkey.pack_command(tuple(command)))
        if end > len(content):  # a cut command that has swallowed _END
            break
        position = end
        in_transaction = name == b"MULTI" or (in_transaction and name != b"EXEC")
        if not in_transaction:
            intact = position
    return intact, position


def _commands(content: mmap.mmap) -> Iterator[list[bytes]]:
    """The complete commands up to the first damage, then _END if the file is intact. Fast, since the parser is in C."""
    reader = libvalkey.Reader()
    for position in range(0, len(content), _CHUNK_BYTES):
        reader.feed(content[position : position + _CHUNK_BYTES])
        if position + _CHUNK_BYTES >= len(content):
            reader.feed(libvalkey.pack_command(tuple(_END)))
        try:
            while (command := reader.gets()) is not False:
                if not isinstance(command, list) or not command or not isinstance(command[0], bytes):
                    return
                yield command
        except libvalkey.ProtocolError:
            return


def _is_cut(content: mmap.mmap, position: int) -> bool:
    """Whether the file ends within the command at `position`, so that nothing of it is invalid."""
    try:
        while position < len(content):
            position, _ = _command_at(content, position)
    except EOFError:
        return True
    except ValueError:
        return False
    return True


def _command_at(content: mmap.mmap, position: int) -> tuple[int, bytes]:
    """The end and the name of the command at `position`. Raises EOFError if it is incomplete, ValueError if invalid."""
    words, position = _number_at(content, position, b"*")
    name = b""
    for number in range(words):
        length, position = _number_at(content, position, b"$")
        if number == 0:
            name = content[position : position + length].upper()
        position += length + 2
        if position > len(content):
            raise EOFError
    if name not in _DATA_COMMANDS:
        raise ValueError(name)
    return position, name


def _number_at(content: mmap.mmap, position: int, sign: bytes) -> tuple[int, int]:
    """The number after `sign`, and where the next part begins."""
    line = content[position : position + _MOST_DIGITS]
    match = re.match(rb"(\d+)\r\n", line[1:])
    if line[:1] == sign and match is not None:
        return int(match[1]), position + 1 + match.end()
    is_cut = position + len(line) == len(content) and line[:1] in (sign, b"") and re.fullmatch(rb"\d*\r?", line[1:])
    raise EOFError if is_cut else ValueError(line)
