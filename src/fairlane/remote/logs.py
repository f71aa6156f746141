"""What jobs logged, over HTTP."""

from __future__ import annotations

from ..model.logs import JobLog
from . import requests
from .transport import Transport


class RemoteLogs:
    """Implements `queue.Logs` against the API."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def of(self, job_id: str) -> JobLog:
        return await self._transport.call("GET", requests.job_path(job_id, "/logs"), JobLog)
