"""Tenant policies as the scripts read them: numbers, 0 for no limit."""

from __future__ import annotations

import msgspec

from ..model.tenant import Rate, TenantPolicy


def pack_policy(policy: TenantPolicy) -> bytes:
    """The stored form. lua/include/policy.lua names its fields."""
    submit, start = policy.submit_rate, policy.start_rate
    return msgspec.msgpack.encode((
        submit.limit if submit else 0, submit.window_us if submit else 0, policy.concurrency or 0,
        start.limit if start else 0, start.window_us if start else 0, policy.weight, policy.paused,
    ))  # fmt: skip


def unpack_policy(packed: bytes) -> TenantPolicy:
    """The policy of its stored form."""
    submit, submit_us, concurrency, start, start_us, weight, paused = msgspec.msgpack.decode(packed)
    return TenantPolicy(
        submit_rate=Rate(submit, submit_us / 1_000_000) if submit else None,
        concurrency=concurrency or None,
        start_rate=Rate(start, start_us / 1_000_000) if start else None,
        weight=weight,
        paused=paused,
    )
