"""The keys of a store, from the tables in the Lua scripts that keep them."""

from __future__ import annotations

import re
from importlib.resources import files

from tools.reference.markdown import table

_INTRODUCTION = """# Keys

What a store holds, for those who debug one. The layout is not an interface: it changes with releases, so use the
SDK, the REST API or the command line instead. `fairlane doctor` derives every index from the others and reports
each difference.

Every key below begins with `fl:{N}:`, where N is the number of the partition. Words in capitals stand for ids and
names. Each section is one file of `src/fairlane/engine/lua/include`.

"""
_TITLE = re.compile(r"-- (\w+): (.+)")
_KEY = re.compile(r"--   (\S.*?)  +(\S.*)")
_MORE = re.compile(r"-- {6,}(\S.*)")


def page() -> str:
    """The text of docs/reference/keys.md."""
    folder = files("fairlane.engine") / "lua" / "include"
    sections = (_section(file.read_text("utf-8")) for file in sorted(folder.iterdir(), key=lambda file: file.name))
    return _INTRODUCTION + "".join(sections)


def _section(script: str) -> str:
    """The keys that one include describes."""
    lines = script.splitlines()
    title = _TITLE.match(lines[0])
    rows: list[list[str]] = []
    for line in lines:
        if match := _KEY.fullmatch(line):
            rows.append([f"`{match[1]}`", match[2]])
        elif rows and (match := _MORE.fullmatch(line)):
            rows[-1][1] += f" {match[1]}"
    if title is None or not rows:
        return ""
    return f"## {title[1].capitalize()}\n\n" + table(["key", "holds"], rows)
