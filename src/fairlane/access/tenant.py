"""What the holder of a tenant's token may use: the tenant's own jobs, schedules and figures."""

from __future__ import annotations

from ..backend import Batches, Jobs, Monitor, Schedules, StoreBackend, Tenants
from ..model.errors import NotFound
from ..model.tenant import Tenant
from .closed import Closed, ClosedBackend
from .tenant_batches import TenantBatches
from .tenant_jobs import TenantJobs
from .tenant_monitor import TenantMonitor
from .tenant_schedules import TenantSchedules


class TenantBackend(ClosedBackend):
    """Implements `backend.Backend` for one tenant. What belongs to others looks as if it did not exist."""

    def __init__(self, backend: StoreBackend, tenant_id: str, *, with_logs: bool) -> None:
        self._jobs = TenantJobs(backend, tenant_id, with_logs=with_logs)
        self._batches = TenantBatches(backend.batches, tenant_id)
        self._schedules = TenantSchedules(backend.schedules, tenant_id)
        self._tenants = OwnTenant(backend.tenants, tenant_id)
        self._monitor = TenantMonitor(backend.monitor, self._jobs, tenant_id)

    @property
    def jobs(self) -> Jobs:
        return self._jobs

    @property
    def batches(self) -> Batches:
        return self._batches

    @property
    def schedules(self) -> Schedules:
        return self._schedules

    @property
    def tenants(self) -> Tenants:
        return self._tenants

    @property
    def monitor(self) -> Monitor:
        return self._monitor


class OwnTenant(Closed):
    """Implements `backend.Tenants`: the tenant may read its own limits and figures."""

    def __init__(self, tenants: Tenants, tenant_id: str) -> None:
        self._tenants = tenants
        self._tenant_id = tenant_id

    async def get(self, tenant_id: str) -> Tenant:
        if tenant_id != self._tenant_id:
            raise NotFound(f"there is no tenant {tenant_id}")
        return await self._tenants.get(tenant_id)
