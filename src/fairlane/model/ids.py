"""Ids that clients make themselves, so that any call can be repeated after a lost reply.

A job id is 26 hex digits: 2 for the partition, 11 for the client's clock in ms, 13 random (52 bits).
The clock makes ids sort roughly by age; nothing depends on it. The random digits come from the system, so that
no client can predict another client's ids.
"""

from __future__ import annotations

import os
import re
import struct
import time
import zlib

JOB_ID_PATTERN = r"^[0-9a-f]{26}$"
MAX_PARTITIONS = 256

_JOB_ID = re.compile(r"[0-9a-f]{26}", re.ASCII)
_RANDOM_BITS = 52
_BATCH = struct.Struct("256Q")
# Random numbers from the system, fetched in batches: a call for each id would double what an id costs.
_unused: list[int] = []
os.register_at_fork(after_in_child=_unused.clear)  # or parent and child would make the same ids


def partition_of_tenant(tenant_id: str, partitions: int) -> int:
    """The partition that holds everything of a tenant. It never changes."""
    return zlib.crc32(tenant_id.encode()) % partitions if partitions > 1 else 0


def new_job_id(partition: int) -> str:
    """A fresh job id in this partition."""
    number = partition << 96 | int(time.time() * 1000) << _RANDOM_BITS | _random_number()
    return number.to_bytes(13, "big").hex()


def _random_number() -> int:
    while True:
        try:
            return _unused.pop()  # atomic: any thread may make ids
        except IndexError:
            _unused.extend(number >> (64 - _RANDOM_BITS) for number in _BATCH.unpack(os.urandom(_BATCH.size)))


def is_job_id(value: str) -> bool:
    return _JOB_ID.fullmatch(value) is not None


def partition_of_job(job_id: str) -> int:
    """The partition that a well-formed job id names (it need not exist in this store)."""
    return int(job_id[:2], 16)


def new_claim_id() -> str:
    """A fresh claim id; the lease tokens of the claim are made from it."""
    return os.urandom(9).hex()
