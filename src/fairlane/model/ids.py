"""Ids that clients make themselves, so that any call can be repeated after a lost reply.

A job id is 26 hex digits: 2 of the partition, 11 of the client's clock in ms, 13 random (52 bits).
The clock part only makes ids sort roughly by age; nothing depends on it.
"""

from __future__ import annotations

import os
import random
import re
import time
import zlib

JOB_ID_PATTERN = r"^[0-9a-f]{26}$"
MAX_PARTITIONS = 256

_JOB_ID = re.compile(r"[0-9a-f]{26}", re.ASCII)
# Job ids must not repeat, and prove nothing: asking the system for each would cost more than all else about them.
_random = random.Random()
os.register_at_fork(after_in_child=_random.seed)


def partition_of_tenant(tenant_id: str, partitions: int) -> int:
    """The partition that a tenant lives in, wholly and for ever."""
    return zlib.crc32(tenant_id.encode()) % partitions if partitions > 1 else 0


def new_job_id(partition: int) -> str:
    """A fresh job id in this partition."""
    number = partition << 96 | int(time.time() * 1000) << 52 | _random.getrandbits(52)
    return number.to_bytes(13, "big").hex()


def is_job_id(value: str) -> bool:
    return _JOB_ID.fullmatch(value) is not None


def partition_of_job(job_id: str) -> int:
    """The partition that a well-formed job id names (it need not exist in this store)."""
    return int(job_id[:2], 16)


def new_claim_id() -> str:
    """A fresh claim id; the lease tokens of the claim are made from it."""
    return os.urandom(9).hex()
