"""Notes: what each process of a run writes down, one JSON line a note, in a file that only this process writes.

Times are microseconds of the machine's monotonic clock, which all processes share. `at` is when a call began,
`until` when its answer came.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

Answer = Literal["accepted", "refused", "unknown"]
"""`unknown`: no answer came, or one that does not tell what the store did."""


class Note(msgspec.Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """Common to all notes."""

    who: str
    """The process that wrote it."""
    at: int
    until: int = 0


class Submitted(Note, frozen=True, kw_only=True):
    """A client submitted a job. Repeats of one request have the same mark."""

    mark: str
    """Unique to the request, and part of the payload."""
    tenant: str
    answer: Answer
    job: str = ""
    """With `accepted`: the job that was made or found."""
    detail: str = ""
    """With `refused` and `unknown`: the code of the error."""
    delay_ms: int = 0
    key: str = ""
    idempotency_key: str = ""


class Observed(Note, frozen=True, kw_only=True):
    """A client read a job."""

    job: str
    state: str


class Cancelling(Note, frozen=True, kw_only=True):
    """A client is about to cancel a job."""

    job: str


class Held(msgspec.Struct, frozen=True):
    """A lease."""

    job: str
    tenant: str
    attempt: int
    fence: int
    most_attempts: int


class Claimed(Note, frozen=True, kw_only=True):
    """A worker claimed jobs."""

    lease_ms: int
    leases: list[Held]


class Finished(Note, frozen=True, kw_only=True):
    """A worker ended a lease."""

    job: str
    fence: int
    kind: str
    status: str
    """`ok`, `stale_lease` or `unknown`."""
    delay_ms: int = 0


class Extended(Note, frozen=True, kw_only=True):
    """A worker renewed a lease."""

    job: str
    fence: int
    status: str
    lease_ms: int


class Ran(Note, frozen=True, kw_only=True):
    """A task began to run."""

    job: str
    attempt: int
    fence: int


class Limited(Note, frozen=True, kw_only=True):
    """The driver changed a tenant's limits. The store's clock, in ms, was read before and after."""

    tenant: str
    concurrency: int | None
    store_at: int
    store_until: int


class Fault(Note, frozen=True, kw_only=True):
    """The driver disturbed something."""

    what: str
    lost_since: int = 0
    """With a power loss of a store that answers before its fsync: what it did from then on may be lost."""


class Ended(Note, frozen=True, kw_only=True):
    """The driver ended a process, or found it ended. `code` is negative for the number of a signal."""

    process: str
    code: int
    expected: bool


class Phase(Note, frozen=True, kw_only=True):
    """The run reached a phase: `loaded`, `healed` or `drained`. `store_at` is the store's clock in ms."""

    name: str
    store_at: int


class Sampled(Note, frozen=True, kw_only=True):
    """What a process takes."""

    process: str
    """Its name and pid."""
    memory: int
    """Bytes."""
    descriptors: int


AnyNote = (
    Submitted | Observed | Cancelling | Claimed | Finished | Extended | Ran | Limited | Fault | Ended | Phase | Sampled
)

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(AnyNote).decode


def now() -> int:
    """The monotonic clock in µs."""
    return time.monotonic_ns() // 1_000


class Notebook:
    """The file of one process. Each note is one write, so a kill loses none that was made."""

    def __init__(self, folder: Path, who: str) -> None:
        self.who = who
        self._file = os.open(folder / f"{who}.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, *notes: AnyNote) -> None:
        os.write(self._file, b"".join(_encode(note) + b"\n" for note in notes))

    def close(self) -> None:
        os.close(self._file)


def read_notes(folder: Path) -> Iterator[AnyNote]:
    """All notes of a run, in no order. A line that a kill or a full disk has cut short is left out."""
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_bytes().splitlines():
            try:
                yield _decode(line)
            except msgspec.DecodeError:
                continue
