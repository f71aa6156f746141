"""Queues over HTTP."""

from __future__ import annotations

from ..model.overview import QueueInfo
from ..model.queue_limits import QueueLimitsChange
from ..rest.paths import queue_path
from ..rest.queues import QueueList
from .transport import Transport


class RemoteQueues:
    """Implements `backend.Queues` against the API."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def list(self) -> list[QueueInfo]:
        return (await self._transport.call("GET", "/queues", QueueList)).queues

    async def pause(self, queue: str, paused: bool) -> QueueInfo:
        path = queue_path(queue, "/pause" if paused else "/resume")
        return await self._transport.call("POST", path, QueueInfo)

    async def change_limits(self, queue: str, change: QueueLimitsChange) -> QueueInfo:
        return await self._transport.call("PUT", queue_path(queue), QueueInfo, body=change)
