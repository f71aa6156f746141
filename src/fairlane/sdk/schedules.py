"""Schedules that an app's code declares, and how workers put them into the store."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

import msgspec

from ..model.backoff import Backoff
from ..model.canonical import digest, non_defaults
from ..model.errors import FairlaneError, InvalidInput, StoreUnavailable
from ..model.names import check_name, plain_text
from ..model.schedule import Missed, Overlap, ScheduleSpec
from .call import Bound
from .definition import Place
from .submission import JobTemplate

if TYPE_CHECKING:
    from ..backend import Backend

MissedTicks = Literal["skip", "one", "all"]
OverlappingTicks = Literal["allow", "skip"]

_TROUBLE = Backoff(base_ms=200, cap_ms=10_000)
_log = logging.getLogger(__name__)


class Declared(NamedTuple):
    """A schedule, and where the code declares it."""

    spec: ScheduleSpec
    place: Place


class When(msgspec.Struct, frozen=True, kw_only=True):
    """When a schedule makes jobs. Raises InvalidInput."""

    cron: str
    timezone: str
    missed: MissedTicks
    overlap: OverlappingTicks

    def __post_init__(self) -> None:
        for name in "cron", "timezone", "missed", "overlap":
            msgspec.structs.force_setattr(self, name, plain_text(getattr(self, name), name, f"/{name}"))
        from ..model.cron import cron_rule  # loads the time zones; most programs have no schedule

        cron_rule(self.cron, self.timezone)
        for name, value, allowed in (
            ("missed", self.missed, get_args(MissedTicks)),
            ("overlap", self.overlap, get_args(OverlappingTicks)),
        ):
            if value not in allowed:
                raise InvalidInput(f"{name} must be one of {', '.join(allowed)}, not {value!r}", f"/{name}")


def spec_of(name: str, tenant: str, when: When, call: Bound[Any]) -> ScheduleSpec:
    """The schedule that makes jobs of this call. Raises InvalidInput for options that a schedule cannot have."""
    template = call.template
    _check_template(template)
    return ScheduleSpec(
        tenant_id=tenant,
        name=check_name(name, "the schedule's name", "/name"),
        cron=when.cron,
        timezone=when.timezone,
        task=template.task,
        payload=msgspec.Raw(call.payload),
        queue=template.options.queue,
        priority=template.options.priority,
        max_attempts=template.options.max_attempts,
        timeout_seconds=template.timeout_ms / 1000,
        backoff_base_seconds=template.backoff.base_ms / 1000,
        backoff_cap_seconds=template.backoff.cap_ms / 1000,
        missed=Missed(when.missed),
        overlap=Overlap(when.overlap),
    )


def _check_template(template: JobTemplate) -> None:
    options = template.options
    others = {
        "key": options.key,
        "delay": options.delay_ms,
        "run_at": options.run_at_ms,
        "expires": options.expires_in_ms,
        "idempotency_key": options.idempotency_key,
        "headers": options.headers,
        "needs": options.needs,
        "tags": options.tags,
    }
    for name, value in others.items():
        if value:
            raise InvalidInput(f"a schedule cannot give its jobs `{name}`; leave it out of using(...)")


def declaration_of(spec: ScheduleSpec) -> str:
    """A digest of what the code declares: it changes when the code does."""
    return digest(non_defaults(spec))[:32]


async def declare(open_backend: Callable[[], Awaitable[Backend]], specs: Iterable[ScheduleSpec]) -> None:
    """Put schedules into the store. While the store is unavailable, wait for it.

    A schedule that the same code put before is left as it is. A refused schedule is logged; the others are still put.
    """
    left = list(specs)
    failures = 0
    while left:
        try:
            backend = await open_backend()
            try:
                while left:
                    await _put(backend, left[0])
                    left.pop(0)
                    failures = 0
            finally:
                await backend.close()
        except StoreUnavailable as error:
            failures += 1
            if failures == 1:
                _log.warning("the app's schedules wait for the store: %s", error)
            await asyncio.sleep(_TROUBLE.delay_ms(failures, random.random()) / 1000)
        except FairlaneError as error:
            _log.error("the app's schedules were not put into the store: %s", error)
            return


async def _put(backend: Backend, spec: ScheduleSpec) -> None:
    try:
        await backend.schedules.put(spec, declaration=declaration_of(spec))
    except StoreUnavailable:
        raise
    except FairlaneError as error:
        _log.error("schedule %s of tenant %s was refused: %s", spec.name, spec.tenant_id, error)
