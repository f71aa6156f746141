"""Reads the stored log lines of a job."""

from __future__ import annotations

import msgspec

from ..model.errors import NotFound
from ..model.logs import JobLog, LogLine
from . import keys
from .layouts import KeptLog
from .partition import Partition

_decode_kept = msgspec.msgpack.Decoder(KeptLog, strict=False).decode
_decode_line = msgspec.json.Decoder(LogLine).decode


async def read_log(partition: Partition, job_id: str) -> JobLog:
    """The last log lines of a job, over all its attempts. Raises NotFound."""
    job, kept = await partition.get_many(keys.job(job_id), keys.job_log(job_id))
    if job is None:
        raise NotFound(f"there is no job {job_id}")
    if kept is None:
        return JobLog([], truncated=False)
    log = _decode_kept(kept)
    return JobLog([_decode_line(line) for line in log.lines], log.missing)
