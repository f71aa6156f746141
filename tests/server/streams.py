"""Reading server-sent events, as a browser would."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

PATIENCE_S = 30.0


@dataclass(frozen=True)
class Event:
    """One event; `data` is its JSON."""

    name: str
    id: str
    data: Any


class Stream:
    """An open stream. `comments` counts the heartbeats met on the way, `last` has the last event of each name."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.comments = 0
        self.last: dict[str, Event] = {}
        self.retry_ms = 0
        self._pieces = response.aiter_bytes()
        self._buffer = b""

    async def next(self) -> Event:
        """The next event. Raises StopAsyncIteration at the end of the stream."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                event = self._parse(await self._block())
                if event is not None:
                    return event

    async def until(self, name: str) -> Event:
        """The next event of this name."""
        while (event := await self.next()).name != name:
            pass
        return event

    async def until_job(self, job_id: str, state: str) -> dict[str, Any]:
        """The news that this job is in this state."""
        while True:
            for change in (await self.until("jobs")).data["jobs"]:
                if (change["id"], change["state"]) == (job_id, state):
                    found: dict[str, Any] = change
                    return found

    async def heartbeat(self) -> None:
        """Return after the next heartbeat; events before it are skipped."""
        seen = self.comments
        async with asyncio.timeout(PATIENCE_S):
            while self.comments == seen:
                self._parse(await self._block())

    async def _block(self) -> str:
        while b"\n\n" not in self._buffer:
            self._buffer += await anext(self._pieces)
        block, _, self._buffer = self._buffer.partition(b"\n\n")
        return block.decode()

    def _parse(self, block: str) -> Event | None:
        fields: dict[str, list[str]] = {}
        for line in block.split("\n"):
            name, _, value = line.partition(":")
            fields.setdefault(name, []).append(value.removeprefix(" "))
        self.comments += "" in fields
        if "retry" in fields:
            self.retry_ms = int(fields["retry"][0])
        if "data" not in fields:
            return None
        event = Event(fields["event"][0], fields["id"][0], json.loads("\n".join(fields["data"])))
        self.last[event.name] = event
        return event


@asynccontextmanager
async def stream(client: httpx.AsyncClient, path: str, last_event_id: str | None = None) -> AsyncIterator[Stream]:
    """A stream that is open, and was answered with 200."""
    headers = {} if last_event_id is None else {b"last-event-id": last_event_id.encode()}
    async with client.stream("GET", path, headers=headers) as response:
        assert response.status_code == 200, await response.aread()
        yield Stream(response)
