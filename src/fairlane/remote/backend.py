"""The backend over HTTP."""

from __future__ import annotations

from .audit import RemoteAudit
from .batches import RemoteBatches
from .jobs import RemoteJobs
from .leases import RemoteLeases
from .monitor import RemoteMonitor
from .queues import RemoteQueues
from .schedules import RemoteSchedules
from .tenants import RemoteTenants
from .tokens import RemoteTokens
from .transport import Transport
from .workers import RemoteWorkers


class RemoteBackend:
    """Implements `backend.Backend` against the API at an http or https URL. The first call connects."""

    def __init__(self, url: str, token: str | None = None) -> None:
        """`token` is an access token. Raises InvalidInput for a malformed token, or a URL that cannot name an API."""
        self._transport = Transport(url, token)
        self.tenants = RemoteTenants(self._transport)
        self.jobs = RemoteJobs(self._transport)
        self.batches = RemoteBatches(self._transport)
        self.leases = RemoteLeases(self._transport)
        self.queues = RemoteQueues(self._transport)
        self.workers = RemoteWorkers(self._transport)
        self.audit = RemoteAudit(self._transport)
        self.tokens = RemoteTokens(self._transport)
        self.schedules = RemoteSchedules(self._transport)
        self.monitor = RemoteMonitor(self._transport)

    async def close(self) -> None:
        """Close the connections. Calls in progress fail."""
        await self._transport.close()
