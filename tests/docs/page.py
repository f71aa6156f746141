"""A page of documentation, run as its reader would: each block in order, in one folder, for real.

- ```python title="reports.py"``` is saved under its name; ```python``` without one is run as a script.
- ```sh``` is run by the shell; each command must succeed, and curl must not be answered with an error.
- ```console``` has commands after "$ " and what they print; "..." stands for any text, and alone on
  a line for any lines.
- ```sh background``` is a `fairlane` command that runs to the end of the page, or until the same command starts
  again, as when a reader stops it with Ctrl-C. A `pip install ... &&` before it runs first.

`pip install fairlane` downloads nothing here: pip finds this checkout, which is already installed.

Blocks in other languages are not run.
"""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from tests.support.running import Running

ROOT = Path(__file__).parents[2]
RUN = frozenset({"python", "sh", "console"})
_FENCE = re.compile(r"^```(\w*)([^\n`]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ADDRESS = "127.0.0.1:8000"


@dataclass(frozen=True)
class Block:
    """One fenced block of a page."""

    language: str
    words: str
    """What else the opening fence says."""
    text: str
    where: str

    @property
    def file(self) -> str | None:
        """The file name to save the block under."""
        match = re.search(r'title="([\w./-]+)"', self.words)
        return match[1] if match else None

    @property
    def in_background(self) -> bool:
        return self.words.strip() == "background"


def blocks_of(page: Path) -> list[Block]:
    """All fenced blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(match[1], match[2], match[3], f"{page.relative_to(ROOT)}:{text.count(chr(10), 0, match.start()) + 1}")
        for match in _FENCE.finditer(text)
    ]


class Reader:
    """Follows one page in an empty folder. Use it with `with`, which ends the commands in the background."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ends = ExitStack()
        self._in_background: dict[str, Running] = {}
        self._address = f"127.0.0.1:{_free_port()}"
        (folder / ".venv").symlink_to(sys.prefix)
        (folder / ".curlrc").write_text("fail-with-body\nsilent\nshow-error\n")
        unset = {name: value for name, value in os.environ.items() if not name.startswith("FAIRLANE_")}
        self._environment = unset | {
            "PATH": f"{sys.prefix}/bin:{os.environ['PATH']}",
            "CURL_HOME": str(folder),
            "COLUMNS": "120",
        }

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.close()

    def follow(self, block: Block) -> None:
        """Save or run the block. Raises AssertionError if that fails."""
        text = block.text.replace(_ADDRESS, self._address)
        if block.in_background:
            self._start(text)
        elif block.file is not None:
            path = self._folder / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        elif block.language == "python":
            self._run([sys.executable, "-c", text], block.where)
        elif block.language == "sh":
            self._run(["/bin/sh", "-ec", text], block.where)
        elif block.language == "console":
            for command, expected in _dialogue(text):
                found = self._run(["/bin/sh", "-ec", command], f"{block.where}: {command}")
                assert _matches(expected, found), f"{block.where}: {command}\nprinted\n{found}\nand not\n{expected}"

    def _run(self, command: list[str], what: str) -> str:
        done = subprocess.run(
            command,
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=90,
        )
        logs = "".join(running.log() for running in self._in_background.values())
        assert done.returncode == 0, f"{what} ended with {done.returncode}:\n{done.stdout}{done.stderr}\n{logs}"
        return done.stdout

    def _start(self, command: str) -> None:
        set_up, _, command = command.rpartition(" && ")
        if set_up:
            self._run(["/bin/sh", "-ec", set_up], set_up)
        words = shlex.split(command, comments=True)
        settings = dict(word.split("=", 1) for word in takewhile(lambda word: "=" in word, words))
        program, *arguments = words[len(settings) :]
        assert Path(program).name == "fairlane", f"only fairlane commands run in the background: {command}"
        name = arguments[0]
        if name in self._in_background:
            self._in_background.pop(name).end()
        if name in ("up", "serve"):
            arguments += ["--port", self._address.rpartition(":")[2]]
        running = self._in_background[name] = Running(self._folder, *arguments, environment=settings)
        self._ends.callback(running.end)
        if name in ("up", "serve"):
            running.await_ready()


def _dialogue(text: str) -> Iterator[tuple[str, str]]:
    """The commands of a console block, each with what it prints."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        while command.endswith("\\"):
            more, _, expected = expected.partition("\n")
            command = command[:-1] + more.removeprefix("> ")
        yield command, expected


def _matches(expected: str, found: str) -> bool:
    """Whether what was printed is what the page shows, however it is spaced and ruled."""
    pattern = "".join(
        "(?:.*\n)*" if line == "..." else ".*".join(re.escape(part) for part in line.split("...")) + "\n"
        for line in _lines(expected)
    )
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in _lines(found))) is not None


def _lines(text: str) -> list[str]:
    lines = (" ".join(line.split()) for line in text.splitlines())
    return [line for line in lines if line.strip(" ─")]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
