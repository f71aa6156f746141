"""The processes of a run. One that ends is started again, as a supervisor would."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .crash_points import VARIABLE
from .notes import Ended, Notebook, now
from .tasks import FOLDER
from .waiting import POLL_S, until

PATH = os.pathsep.join([str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])])
"""Where the processes find this package."""


@dataclass(kw_only=True)
class Member:
    """One process, and those that take its place."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    crash_points: Sequence[str]
    """Where it kills itself: in its first life, in its second one, and so on."""
    restarts: bool
    log: Path
    process: subprocess.Popen[bytes] = field(init=False)
    codes_to_come: set[int] = field(default_factory=set)
    """Exit codes that the signals sent to it, or its crash point, explain."""
    codes: list[int] = field(default_factory=list)
    """Its exit codes so far, negative for the number of a signal."""
    _log_begins: int = 0

    def start(self) -> None:
        """Begin a life."""
        point = self.crash_points[len(self.codes)] if len(self.codes) < len(self.crash_points) else ""
        self.codes_to_come = {-signal.SIGKILL} if point else set()
        words = [word.replace("{life}", str(len(self.codes) + 1)) for word in self.command]
        with self.log.open("ab") as log:
            self._log_begins = log.tell()
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", *words],
                env=os.environ | {"PYTHONPATH": PATH, VARIABLE: point} | dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    @property
    def runs(self) -> bool:
        return self.process.poll() is None

    @property
    def said(self) -> str:
        """What it has logged in this life."""
        with self.log.open("rb") as log:
            log.seek(self._log_begins)
            return log.read().decode(errors="replace")

    @property
    def has_begun(self) -> bool:
        """Whether it has said that it works. Before, a SIGTERM ends it as any other process."""
        return any(said in self.said for said in (" works\n", "fairlane ready on "))


class Crew:
    """Starts processes, watches them, and sends them signals."""

    def __init__(self, folder: Path, notebook: Notebook) -> None:
        self._folder = folder
        self._notebook = notebook
        self._members: dict[str, Member] = {}
        (folder / "logs").mkdir()

    def start(
        self,
        name: str,
        *command: str,
        environment: Mapping[str, str],
        crash_points: Sequence[str] = (),
        restarts: bool = True,
    ) -> None:
        """Start `python -P -m COMMAND`. In the command, {life} stands for how often the process was started."""
        added = {FOLDER: str(self._folder / "notes"), **environment}
        member = Member(
            name=name,
            command=command,
            environment=added,
            crash_points=crash_points,
            restarts=restarts,
            log=self._folder / "logs" / name,
        )
        member.start()
        self._members[name] = member

    def members(self, prefix: str) -> list[Member]:
        return [member for name, member in self._members.items() if name.startswith(prefix)]

    def send(self, member: Member, number: int) -> None:
        """Send a signal. The first SIGTERM should end the process with 0, a second one ends it at once."""
        if not member.runs:
            return
        if number == signal.SIGKILL:
            member.codes_to_come.add(-signal.SIGKILL)
        elif number == signal.SIGTERM:
            at_once = 0 in member.codes_to_come or not member.has_begun
            member.codes_to_come |= {0, 128 + signal.SIGTERM, -signal.SIGTERM} if at_once else {0}
        member.process.send_signal(number)

    async def watch(self) -> None:
        """Note processes that ended, and start them again, until cancelled."""
        ended: set[int] = set()
        while True:
            for member in self._members.values():
                if not member.runs and member.process.pid not in ended:
                    ended.add(member.process.pid)
                    self._note_end(member)
                    if member.restarts:
                        member.start()
            await asyncio.sleep(POLL_S)

    def _note_end(self, member: Member) -> None:
        code = member.process.returncode
        last_words = (member.said.splitlines() or [""])[-1]
        refused_to_start = code == 1 and last_words.startswith(("Error: store ", "fairlane.model.errors.Store"))
        expected = code in member.codes_to_come or (code == 0 and not member.restarts) or refused_to_start
        member.codes.append(code)
        name = f"{member.name} (pid {member.process.pid})"
        self._notebook.write(Ended(who=self._notebook.who, at=now(), process=name, code=code, expected=expected))

    def survivors(self) -> list[str]:
        """Processes of this run that are still there, also those that its processes started: a line for each."""
        mark = f"{FOLDER}={self._folder / 'notes'}".encode()
        pids = [entry.name for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        return [f"process {pid} is left: {_command(pid)}" for pid in pids if mark in _environment(pid)]

    async def end(self, prefix: str, number: int = signal.SIGTERM, within_s: float = 30) -> None:
        """End these processes for good."""
        members = self.members(prefix)
        for member in members:
            member.restarts = False
            self.send(member, signal.SIGCONT)
            self.send(member, number)
        with contextlib.suppress(TimeoutError):
            await self.gone(prefix, within_s)
        for member in members:
            if member.runs:
                member.codes_to_come = set()  # the notes show that it did not end when told to
                member.process.kill()
                await asyncio.to_thread(member.process.wait)

    async def gone(self, prefix: str, within_s: float) -> None:
        """Wait until these processes have ended by themselves. Raises TimeoutError."""

        async def none_runs() -> bool:
            return not any(member.runs for member in self.members(prefix))

        await until(none_runs, within_s, f"{prefix}* have ended")

    def kill_all(self) -> None:
        """Leave nothing behind."""
        for member in self._members.values():
            member.restarts = False
            if member.runs:
                member.process.kill()
                member.process.wait()


def _environment(pid: str) -> list[bytes]:
    try:
        return (Path("/proc") / pid / "environ").read_bytes().split(b"\0")
    except OSError:
        return []


def _command(pid: str) -> str:
    try:
        return (Path("/proc") / pid / "cmdline").read_text().replace("\0", " ")
    except OSError:
        return "it has just ended"
