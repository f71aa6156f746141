"""Runs one case, and judges it."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from .evidence import Evidence
from .gather import gather
from .mix import LONGEST_DELAY_MS
from .room import Room
from .rules import judge
from .setting import USUAL, Setting
from .store import Unavailable


@dataclass(frozen=True)
class Case:
    """A fault, and the setting that it strikes."""

    number: str
    title: str
    disturb: Callable[[Room], Awaitable[None]]
    setting: Setting = USUAL
    needs_server: bool = False
    """Whether it disturbs the store itself, and so needs a private one."""
    seconds: float = 2.5
    """How long the load lasts, unless the caller says so."""


@dataclass(frozen=True)
class Verdict:
    """The result of a run."""

    case: Case
    seed: str
    violations: dict[str, list[str]]
    figures: dict[str, int]
    folder: Path | None
    """The notes, logs and data, which are kept if there are violations."""

    @property
    def is_clean(self) -> bool:
        return not self.violations

    def lines(self) -> list[str]:
        """The verdict in words."""
        figures = ", ".join(f"{number} {name}" for name, number in self.figures.items())
        said = [f"case {self.case.number}, seed {self.seed}: {'clean' if self.is_clean else 'NOT CLEAN'} ({figures})"]
        said += [f"  {rule}: {violation}" for rule, found in self.violations.items() for violation in found]
        return said + ([f"  notes and logs: {self.folder}"] if self.folder else [])


async def run_case(
    case: Case, seed: str, *, seconds: float | None = None, store_url: str | None = None, partitions: int = 1
) -> Verdict:
    """Run a case once. All choices come from the seed. Raises Unavailable if this machine or store cannot run it."""
    if case.needs_server and store_url is not None:
        raise Unavailable("the case disturbs the store itself, so it needs a private one: leave STORE out")
    async with Room.open(case.setting, f"{case.number} {seed}", seconds or case.seconds, store_url, partitions) as room:
        await room.load(case.disturb)
        if case.setting.loads_first:
            await asyncio.sleep(LONGEST_DELAY_MS / 1_000)
            await room.note_phase("loaded")
            room.start_workers()
        await room.note_phase("healed")
        drained = await room.drain()
        await room.note_phase("drained")
        await room.end_processes()
        evidence = await gather(room)
        violations = judge(evidence)
        if not drained:
            violations["drained"] = [f"the queue did not drain within {case.setting.drain_s} s after all had healed"]
        if not evidence.faults:
            violations["struck"] = ["the fault did not strike"]
        if not violations:
            await room.clear()
    if not violations:
        shutil.rmtree(room.folder)
    return Verdict(case, seed, violations, figures_of(evidence), room.folder if violations else None)


def figures_of(evidence: Evidence) -> dict[str, int]:
    healed = evidence.phase("healed")
    answers = Counter(note.answer for note in evidence.submissions)
    states = Counter(record.state for record in evidence.records.values())
    return {
        "accepted": answers["accepted"],
        "refused": answers["refused"],
        "unanswered": answers["unknown"],
        **{state: states[state] for state in ("completed", "failed", "cancelled")},
        "leases": len(evidence.leases),
        "faults": len(evidence.faults),
        "kills": sum(note.code < 0 and healed is not None and note.at < healed.at for note in evidence.ends),
    }
