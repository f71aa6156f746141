"""Tenant policies as the scripts read them: numbers, 0 for no limit, nil for what the defaults say."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from ..model.tenant import PolicyChange, Rate, TenantPolicy

_NOTHING = PolicyChange()


def pack_policy(policy: TenantPolicy | PolicyChange) -> bytes:
    """The stored form. lua/include/policy.lua names its fields."""
    concurrency = None if policy.concurrency is UNSET else policy.concurrency or 0
    return msgspec.msgpack.encode((
        *_packed_rate(policy.submit_rate), concurrency, *_packed_rate(policy.start_rate),
        *(None if value is UNSET else value for value in (policy.weight, policy.paused)),
    ))  # fmt: skip


def pack_own(own: PolicyChange) -> bytes:
    """The stored form of what a tenant has of its own: empty where that is nothing."""
    return b"" if own == _NOTHING else pack_policy(own)


def unpack_own(packed: bytes | None) -> PolicyChange:
    """What a tenant has of its own; UNSET is what it has of the defaults."""
    if not packed:
        return _NOTHING
    submit, submit_us, concurrency, start, start_us, weight, paused = msgspec.msgpack.decode(packed)
    return PolicyChange(
        submit_rate=_rate(submit, submit_us),
        concurrency=UNSET if concurrency is None else concurrency or None,
        start_rate=_rate(start, start_us),
        weight=UNSET if weight is None else weight,
        paused=UNSET if paused is None else paused,
    )


def _packed_rate(rate: Rate | None | UnsetType) -> tuple[Any, Any]:
    if rate is UNSET:
        return None, None
    return (rate.limit, rate.window_us) if rate else (0, 0)


def _rate(limit: int | None, window_us: int) -> Rate | None | UnsetType:
    if limit is None:
        return UNSET
    return Rate(limit, window_us / 1_000_000) if limit else None
