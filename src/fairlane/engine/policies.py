"""Limits of tenants and queues in their stored form."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from ..model.queue_limits import UNLIMITED, QueueLimits
from ..model.tenant import PolicyChange, Rate, TenantPolicy
from . import layouts
from .layouts import Policy

_NOTHING = PolicyChange()
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Policy).decode
_decode_of_queue = msgspec.msgpack.Decoder(layouts.QueueLimits).decode


def pack_policy(policy: TenantPolicy | PolicyChange) -> bytes:
    """The stored form."""
    submit, submit_window = _packed_rate(policy.submit_rate)
    start, start_window = _packed_rate(policy.start_rate)
    return _encode(
        Policy(
            submit_limit=submit,
            submit_window_us=submit_window,
            concurrency=None if policy.concurrency is UNSET else policy.concurrency or 0,
            start_limit=start,
            start_window_us=start_window,
            weight=None if policy.weight is UNSET else policy.weight,
            paused=None if policy.paused is UNSET else policy.paused,
            max_waiting=None if policy.max_waiting is UNSET else policy.max_waiting or 0,
            keep_completed_ms=_ms(policy.keep_completed_seconds),
            keep_completed_max=None if policy.keep_completed_max is UNSET else policy.keep_completed_max,
            keep_failed_ms=_ms(policy.keep_failed_seconds),
            keep_failed_max=None if policy.keep_failed_max is UNSET else policy.keep_failed_max,
        )
    )


def pack_own(own: PolicyChange) -> bytes:
    """The stored form of a tenant's own limits; empty if it has none."""
    return b"" if own == _NOTHING else pack_policy(own)


def unpack_own(packed: bytes | None) -> PolicyChange:
    """A tenant's own limits. UNSET means that the default holds."""
    if not packed:
        return _NOTHING
    own = _decode(packed)
    return PolicyChange(
        submit_rate=_rate(own.submit_limit, own.submit_window_us),
        concurrency=UNSET if own.concurrency is None else own.concurrency or None,
        start_rate=_rate(own.start_limit, own.start_window_us),
        weight=UNSET if own.weight is None else own.weight,
        paused=UNSET if own.paused is None else own.paused,
        max_waiting=UNSET if own.max_waiting is None else own.max_waiting or None,
        keep_completed_seconds=_seconds(own.keep_completed_ms),
        keep_completed_max=UNSET if own.keep_completed_max is None else own.keep_completed_max,
        keep_failed_seconds=_seconds(own.keep_failed_ms),
        keep_failed_max=UNSET if own.keep_failed_max is None else own.keep_failed_max,
    )


def pack_queue_limits(limits: QueueLimits) -> bytes:
    """The stored form of a queue's limits; empty if it has none."""
    if limits == UNLIMITED:
        return b""
    rate = limits.start_rate
    return _encode(
        layouts.QueueLimits(
            concurrency=limits.concurrency or 0,
            start_limit=rate.limit if rate else 0,
            start_window_us=rate.window_us if rate else 0,
        )
    )


def unpack_queue_limits(packed: bytes) -> QueueLimits:
    if not packed:
        return UNLIMITED
    stored = _decode_of_queue(packed)
    rate = Rate(stored.start_limit, stored.start_window_us / 1_000_000) if stored.start_limit else None
    return QueueLimits(concurrency=stored.concurrency or None, start_rate=rate)


def _packed_rate(rate: Rate | None | UnsetType) -> tuple[int | None, int | None]:
    if rate is UNSET:
        return None, None
    return (rate.limit, rate.window_us) if rate else (0, 0)


def _rate(limit: int | None, window_us: int | None) -> Rate | None | UnsetType:
    if limit is None or window_us is None:
        return UNSET
    return Rate(limit, window_us / 1_000_000) if limit else None


def _ms(seconds: float | UnsetType) -> int | None:
    return None if seconds is UNSET else round(seconds * 1000)


def _seconds(ms: int | None) -> float | UnsetType:
    return UNSET if ms is None else ms / 1000
