"""What jobs logged, from the store."""

from __future__ import annotations

import msgspec

from ..model import ids
from ..model.errors import NotFound
from ..model.logs import JobLog, LogLine
from . import keys
from .calls import Calls


class _Kept(msgspec.Struct, array_like=True):
    """As include/logs.lua keeps it."""

    token: str
    heard: int
    missing: bool
    size: int
    lines: list[str]


_decode_kept = msgspec.msgpack.Decoder(_Kept, strict=False).decode
_decode_line = msgspec.json.Decoder(LogLine).decode


class EngineLogs:
    """Implements `queue.Logs`."""

    def __init__(self, calls: Calls, partitions: int) -> None:
        self._calls = calls
        self._partitions = partitions

    async def of(self, job_id: str) -> JobLog:
        if not ids.is_job_id(job_id) or ids.partition_of_job(job_id) >= self._partitions:
            raise NotFound(f"there is no job {job_id}")
        prefix = keys.prefix(ids.partition_of_job(job_id))
        job, kept = await self._calls.command("MGET", f"{prefix}j/{job_id}", f"{prefix}g/{job_id}")
        if job is None:
            raise NotFound(f"there is no job {job_id}")
        if kept is None:
            return JobLog([], truncated=False)
        log = _decode_kept(kept)
        return JobLog([_decode_line(line) for line in log.lines], log.missing)
