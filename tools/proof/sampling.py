"""Samples what the processes take."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from .crew import Crew
from .notes import Notebook, Sampled, now

INTERVAL_S = 5
PAGE = os.sysconf("SC_PAGE_SIZE")


async def sample(crew: Crew, notebook: Notebook) -> None:
    """Note a sample of each process every few seconds, until cancelled."""
    while True:
        await asyncio.sleep(INTERVAL_S)
        for member in crew.members(""):
            try:
                memory, descriptors = _taken_by(member.process.pid)
            except OSError:  # it has just ended
                continue
            name = f"{member.name} (pid {member.process.pid})"
            notebook.write(Sampled(who=notebook.who, at=now(), process=name, memory=memory, descriptors=descriptors))


def _taken_by(pid: int) -> tuple[int, int]:
    """Bytes of memory and open descriptors of a process."""
    process = Path("/proc") / str(pid)
    return int((process / "statm").read_text().split()[1]) * PAGE, len(os.listdir(process / "fd"))
