"""Tenants on a store: their limits and figures."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from ..model.errors import InvalidInput
from ..model.tenant import MAX_TENANTS, PolicyChange, Tenant, TenantPolicy, too_many_tenants
from ..process.author import author
from . import codec, keys
from .audit import NOT_LOGGED, author_in
from .listing import names_between
from .partition import Partition, Partitions
from .policies import pack_own, pack_policy, unpack_own

LANES_TOGETHER = 200
"""Lanes that one script looks at."""

_encode = msgspec.msgpack.Encoder().encode
_json = msgspec.json.Encoder().encode


class EngineTenants:
    """Implements `backend.Tenants`."""

    def __init__(self, partitions: Partitions) -> None:
        self._partitions = partitions

    async def get(self, tenant_id: str) -> Tenant:
        (tenant,) = await read_tenants(self._partitions.of_tenant(tenant_id), [tenant_id])
        return tenant

    async def list(self, limit: int, cursor: str | None = None, prefix: str = "") -> tuple[list[Tenant], str | None]:
        between = names_between(cursor, prefix)
        replies = await self._partitions.each(
            lambda partition: partition.command("ZRANGEBYLEX", keys.TENANTS, *between, "LIMIT", 0, limit + 1)
        )
        found = sorted((name.decode(), number) for number, names in enumerate(replies) for name in names)
        page = found[:limit]
        read = await self._partitions.each(
            lambda partition: read_tenants(partition, [name for name, number in page if number == partition.number])
        )
        by_id = {tenant.id: tenant for tenants in read for tenant in tenants}
        return [by_id[name] for name, _ in page], page[-1][0] if len(found) > limit else None

    async def change(self, tenant_id: str, change: PolicyChange) -> Tenant:
        change.apply_to(TenantPolicy())  # raises InvalidInput before anything is written
        return await self._change_own(tenant_id, change.after)

    async def own(self) -> None:
        return None

    async def reset(self, tenant_id: str) -> Tenant:
        return await self._change_own(tenant_id, lambda own: PolicyChange(paused=own.paused))

    async def defaults(self) -> TenantPolicy:
        return _policy_of(await next(iter(self._partitions)).command("GET", keys.DEFAULTS))

    async def change_defaults(self, change: PolicyChange) -> TenantPolicy:
        if change.paused is not msgspec.UNSET:
            raise InvalidInput("the default limits have no pause: pause tenants or queues instead", "/paused")
        change.apply_to(TenantPolicy())  # raises InvalidInput before anything is written
        await self._partitions.each(lambda partition: _change_defaults(partition, change))
        return await self.defaults()

    async def set_first_defaults(self) -> None:
        """Give a new store its default limits."""
        packed = pack_policy(TenantPolicy())
        await self._partitions.each(lambda partition: _set_defaults(partition, b"", packed, NOT_LOGGED))

    async def _change_own(self, tenant_id: str, changed: Callable[[PolicyChange], PolicyChange]) -> Tenant:
        partition, is_set = self._partitions.of_tenant(tenant_id), 0
        while not is_set:  # compare and set: another client may change the limits in between
            before = await partition.command("HGET", keys.POLICIES, tenant_id) or b""
            limits = changed(unpack_own(before))
            is_set = await partition.run(
                "set_policy",
                author=author(), tenant=tenant_id, before=before, packed=pack_own(limits),
                limits_before=_json(unpack_own(before)), limits_after=_json(limits), most_tenants=MAX_TENANTS,
            )  # fmt: skip
            if is_set == b"too_many":
                raise too_many_tenants()
        return await self.get(tenant_id)


async def _change_defaults(partition: Partition, change: PolicyChange) -> None:
    is_set = 0
    while not is_set:  # compare and set: another client may change the limits in between
        before = await partition.command("GET", keys.DEFAULTS) or b""
        packed = pack_policy(change.apply_to(_policy_of(before)))
        is_set = await _set_defaults(partition, before, packed, author_in(partition))


async def _set_defaults(partition: Partition, before: bytes, packed: bytes, author: str) -> int:
    """The answer of lua/set_defaults.lua."""
    was, shown = (_json(unpack_own(limits)) for limits in (before, packed))
    answer: int = await partition.run("set_defaults", author=author, before=before, packed=packed, was=was, shown=shown)
    return answer


def _policy_of(packed: bytes | None) -> TenantPolicy:
    """The default limits in their stored form."""
    return unpack_own(packed).apply_to(TenantPolicy())


async def read_tenants(partition: Partition, names: list[str]) -> list[Tenant]:
    if not names:
        return []
    reply = await partition.run("tenant", tenants=_encode(names), lanes_at_most=LANES_TOGETHER)
    defaults = _policy_of(reply[0])
    size = len(reply) // len(names)
    found: list[Tenant] = []
    for i, name in enumerate(names):
        *values, last = reply[1 + i * size :][:size]
        found.append(await _look_on(partition, codec.tenant(name, defaults, values), last))
    return found


async def _look_on(partition: Partition, tenant: Tenant, last: bytes) -> Tenant:
    """Count what waits in the queues after `last` too, in bounded steps. An empty `last` means that there are none."""
    while last:
        more, wait_ms, last = await partition.run("waiting_jobs", tenant=tenant.id, after=last, most=LANES_TOGETHER)
        longest = max(tenant.oldest_wait_seconds or 0.0, wait_ms / 1000) if more else tenant.oldest_wait_seconds
        tenant = msgspec.structs.replace(tenant, pending=tenant.pending + more, oldest_wait_seconds=longest)
    return tenant
