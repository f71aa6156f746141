"""The audit log on a store. A change is logged in the partition and the script that make it."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from ..model.audit import AuditEntry
from ..model.errors import InvalidInput
from ..model.times import utc
from ..process.author import author
from . import keys, layouts
from .partition import Partition, Partitions

NOT_LOGGED = ""
"""In place of an author: the script logs nothing."""

_CURSOR = re.compile(r"(\d{1,17})-(\d{1,6})", re.ASCII)
_decode = msgspec.msgpack.Decoder(layouts.AuditEntry).decode


def author_in(partition: Partition) -> str:
    """Who makes a change of every partition. Only the first one logs it."""
    return author() if partition.number == 0 else NOT_LOGGED


class EngineAudit:
    """Implements `backend.Audit`. The entries of all logs in one order: by time, then by the number of their log."""

    def __init__(self, partitions: Partitions) -> None:
        self._logs = [(partition, name) for partition in partitions for name in (keys.AUDIT, keys.AUDIT_WORK)]

    async def list(self, limit: int, cursor: str | None = None) -> tuple[Sequence[AuditEntry], str | None]:
        below = None if cursor is None else _position(cursor)
        found: list[tuple[int, int, layouts.AuditEntry]] = []
        for number, (partition, name) in enumerate(self._logs):
            range_ = (_most(below, number), "-inf", "BYSCORE", "REV", "LIMIT", 0, limit + 1)
            for stored in await partition.command("ZRANGE", name, *range_):
                entry = _decode(stored)
                found.append((entry.at_us, number, entry))
        found.sort(key=lambda item: item[:2], reverse=True)
        page = found[:limit]
        following = f"{page[-1][0]}-{page[-1][1]}" if len(found) > limit else None
        return [_shown(entry) for _, _, entry in page], following


def _position(cursor: str) -> tuple[int, int]:
    """The time and log of the last entry of a page."""
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise InvalidInput("not a cursor of this listing", "/cursor")
    return int(match[1]), int(match[2])


def _most(below: tuple[int, int] | None, number: int) -> str:
    """The highest time of entries in log `number` that follow the position `below`."""
    if below is None:
        return "+inf"
    at_us, log = below
    return str(at_us) if number < log else f"({at_us}"


def _shown(entry: layouts.AuditEntry) -> AuditEntry:
    return AuditEntry(
        at=utc(entry.at_us / 1_000_000),
        author=entry.author,
        action=entry.action,
        targets=entry.targets,
        before=msgspec.Raw(entry.before.encode()),
        after=msgspec.Raw(entry.after.encode()),
    )
