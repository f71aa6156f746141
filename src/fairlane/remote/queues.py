"""Queues over HTTP."""

from __future__ import annotations

from ..model.overview import QueueInfo
from . import answers, requests
from .transport import Transport


class RemoteQueues:
    """Implements `backend.Queues` against the API."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def list(self) -> list[QueueInfo]:
        return (await self._transport.call("GET", "/queues", answers.Queues)).queues

    async def pause(self, queue: str, paused: bool) -> QueueInfo:
        path = requests.named_path("queues", queue, "the queue's name", "/pause" if paused else "/resume")
        return await self._transport.call("POST", path, QueueInfo)
