"""The records that Python and the Lua scripts share: arrays whose places are named here, once for both sides.

Lua writes `record[Started.token]` for a place, and `Started{ token = ..., running = ... }` for a whole record. The
loader of the scripts turns both into plain indexes and arrays, and rejects a field that is unknown or missing.
"""

from __future__ import annotations

import msgspec

from ..model.states import State


class Layout(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """A record that is stored and sent as an array of its fields."""


class ShortHeader(Layout, frozen=True, kw_only=True):
    """The first fields of Header, stored in its place if the others have their default values."""

    tenant_id: str
    queue: str
    task: str
    priority: int


class Header(ShortHeader, frozen=True, kw_only=True):
    """The part of a request that scripts read; it is stored before the payload.

    The defaults are part of the stored form, whatever a job has by default: to change one would change stored jobs.
    """

    max_attempts: int = 3
    timeout_ms: int = 300_000
    backoff_base_ms: int = 1_000
    backoff_cap_ms: int = 300_000
    key: str = ""
    """The business key, or ""."""
    headers: str = ""
    """The headers as JSON text, or ""."""
    expires_in_ms: int = 0
    """Counted from the job's creation; 0 if it does not expire."""
    needs: tuple[str, ...] = ()
    """The jobs that must end first."""
    runs_anyway: bool = False
    """Whether it runs also if a need failed or was cancelled."""
    tags: tuple[str, ...] = ()
    batch_id: str = ""


class PlainlySubmitted(Layout, frozen=True, kw_only=True):
    """A job as `submit` receives it if the other fields of Submitted have no value. Most jobs are such."""

    id: str
    tenant_id: str
    queue: str
    priority: int
    place: str = ""
    """See `codec.with_place`."""


class Submitted(Layout, frozen=True, kw_only=True):
    """A job as `submit` receives it, beside its stored request. It begins as PlainlySubmitted does."""

    id: str
    tenant_id: str
    queue: str
    priority: int
    delay_ms: int
    run_at_ms: int
    """0 if `delay_ms` holds."""
    idempotency_key: str
    fingerprint: str
    key: str
    parent_id: str | None
    """The running job that submits this one, if there is one."""
    parent_proof: str | None
    """The proof that the submitter holds the parent's lease."""
    expires_in_ms: int
    """0 if it does not expire."""
    on_conflict: str
    """What to do if an unfinished job has its business key; "" to return that job."""
    max_delay_ms: int
    needs: tuple[str, ...]
    runs_anyway: bool
    batch_id: str | None
    """The batch that it belongs to."""
    place: str = ""
    """See `codec.with_place`."""


class Callback(Layout, frozen=True, kw_only=True):
    """A job that a batch makes."""

    name: str
    """then, on_failure or finally."""
    queue: str
    priority: int
    record: str = ""
    """The stored request, which the script adds."""


class Needing(Layout, frozen=True, kw_only=True):
    """What an unfinished job needs."""

    run_at: int
    """The time (ms) before which it must not start; 0 if there is none."""
    runs_anyway: bool
    needs: tuple[str, ...]


class Needed(Layout, frozen=True, kw_only=True):
    """How a need of a job has ended."""

    id: str
    state: str
    """"" if the store keeps the job no longer."""
    result: str
    """JSON text, or ""."""
    left_out: bool
    """Whether the result was too large to be sent."""


class LastAttempt(Layout, frozen=True, kw_only=True):
    """The last attempt of a job. The records of started and ended jobs begin with it, so that scripts can copy it."""

    token: str
    """Of its lease; ends in the fence."""
    attempt: int
    base: int
    """The attempt at which the job last left the dead letter queue."""
    worker: str
    claimed_at: int


class Started(LastAttempt, frozen=True, kw_only=True):
    """The state of an unfinished job from its first attempt on."""

    running: bool
    tenant_id: str
    queue: str
    serves_all: bool
    """Whether the worker serves all queues, so that the run index of all queues is charged."""
    cancelled_by: str
    reason: str
    unfit_since: int
    """When (ms) a worker first handed it back as unfit; 0 if it has run since."""
    suspect: bool
    """Whether its worker process died under it, and it has not ended an attempt in another one since."""
    rank: int
    """Its place in the lane: priority, then age."""


class Ended(LastAttempt, frozen=True, kw_only=True):
    """How a finished job ended."""

    state: State
    reason: str
    ended_at: int
    outcome: str
    body: str
    """JSON text of the result or of the error, or ""."""


class PastAttempt(Layout, frozen=True, kw_only=True):
    """An attempt that has ended."""

    number: int
    worker: str
    claimed_at: int
    ended_at: int
    outcome: str
    body: str


class Reported(Layout, frozen=True, kw_only=True):
    """An outcome as `finish` receives it."""

    id: str
    token: str
    kind: str
    delay_ms: int
    """-1 if the backoff decides."""
    failure: str
    body: str
    progress: str | None
    """JSON text; None if it did not change."""
    lines_before: int
    """How many log lines the lease has sent before."""
    lines: list[str] | None


class Beat(Layout, frozen=True, kw_only=True):
    """A lease as a heartbeat (`extend`) reports it."""

    id: str
    token: str
    progress: str | None
    lines_before: int
    lines: list[str] | None


class Ticked(Layout, frozen=True, kw_only=True):
    """A job of a schedule as `fire` receives it, beside its stored request."""

    id: str
    queue: str
    priority: int
    tick: int
    place: str = ""
    """See `codec.with_place`."""


class Asked(Layout, frozen=True, kw_only=True):
    """What `list` looks for. "" stands for any value."""

    tenant_id: str
    queue: str
    task: str
    key: str
    tag: str
    created_from: float
    """Unix time in ms, as `created_to`; 0 stands for any."""
    created_to: float
    batch_id: str


class Policy(Layout, frozen=True, kw_only=True):
    """The limits of a tenant. 0 means unlimited; nil means that the default holds."""

    submit_limit: int | None
    submit_window_us: int | None
    concurrency: int | None
    start_limit: int | None
    start_window_us: int | None
    weight: float | None
    paused: bool | None
    max_waiting: int | None
    keep_completed_ms: int | None
    keep_completed_max: int | None
    keep_failed_ms: int | None
    keep_failed_max: int | None


class QueueLimits(Layout, frozen=True, kw_only=True):
    """The limits of a queue. 0 means unlimited."""

    concurrency: int
    start_limit: int
    start_window_us: int


class KeptLog(Layout, frozen=True, kw_only=True):
    """The last lines that a job logged."""

    token: str
    """Of the lease that sent the last lines."""
    received: int
    """How many lines that lease has sent."""
    missing: bool
    """Whether lines were dropped or lost."""
    size: int
    lines: list[str]


class ScheduleState(Layout, frozen=True, kw_only=True):
    """What a schedule has done so far."""

    version: int
    declaration: str
    paused: bool
    last_run: int
    last_jobs: list[str]
    missed: int
    skipped: int


class AuditEntry(Layout, frozen=True, kw_only=True):
    """A change that a user made."""

    at_us: int
    """Unix time (µs), or just after the last entry of the partition."""
    author: str
    action: str
    targets: list[str]
    before: str
    """JSON text, as `after`."""
    after: str


_ALL = (
    ShortHeader,
    Header,
    PlainlySubmitted,
    Submitted,
    Callback,
    Needing,
    Needed,
    LastAttempt,
    Started,
    Ended,
    PastAttempt,
    Reported,
    Beat,
    Ticked,
    Asked,
    Policy,
    QueueLimits,
    KeptLog,
    ScheduleState,
    AuditEntry,
)

LAYOUTS: dict[str, tuple[str, ...]] = {layout.__name__: layout.__struct_fields__ for layout in _ALL}
"""The fields of each layout in order, by its name in Lua."""

Default = str | int | tuple[()]

DEFAULTS: dict[str, dict[str, Default]] = {
    layout.__name__: {field.name: field.default for field in msgspec.structs.fields(layout) if not field.required}
    for layout in _ALL
}
"""The values of fields that a stored array may lack."""
