"""Server-sent events: their names, and their text in both directions."""

from __future__ import annotations

import re

import msgspec

from ..model.monitor import JobChange
from .structs import View

EVENT_STREAM = "text/event-stream"
HEARTBEAT_SECONDS = 15.0
"""A stream without events sends a heartbeat this often."""
HEARTBEAT = b":\n\n"
RETRY = b"retry: 2000\n\n"
"""Tells clients how long (ms) to wait before they connect again."""

JOBS = "jobs"
"""`GET /events`: jobs have changed."""
OVERVIEW = "overview"
"""`GET /events`: the figures have changed."""
RESET = "reset"
"""`GET /events`: changes may have been missed, so load everything again."""
JOB = "job"
"""`GET /jobs/{id}/events`: the job, at once and after each change."""
ENDED = "ended"
"""`GET /jobs/{id}/events`: the id of the last event."""

_LINE_END = re.compile(rb"\r\n|\r|\n")


class Event(msgspec.Struct, frozen=True):
    """One event of a stream."""

    name: str
    data: bytes
    id: str


class JobChanges(View, frozen=True):
    """Jobs that have changed, and whether others did too."""

    jobs: list[JobChange]
    more: bool


def event_text(name: str, data: bytes, event_id: str) -> bytes:
    """One event as text. `data` is JSON; its line ends lie between tokens, so they may become other line ends."""
    if b"\n" in data or b"\r" in data:
        data = b"\ndata: ".join(_LINE_END.split(data))
    return b"event: %b\nid: %b\ndata: %b\n\n" % (name.encode(), event_id.encode(), data)


def parse_event(block: bytes) -> Event | None:
    """The event of a block of lines; None for a comment."""
    fields: dict[bytes, list[bytes]] = {}
    for line in block.split(b"\n"):
        field, _, value = line.partition(b":")
        fields.setdefault(field, []).append(value.removeprefix(b" "))
    if b"data" not in fields:
        return None
    name, event_id = (fields.get(field, [b""])[-1].decode() for field in (b"event", b"id"))
    return Event(name, b"\n".join(fields[b"data"]), event_id)
