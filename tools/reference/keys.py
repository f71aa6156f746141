"""The keys of a store, from the tables in the Lua scripts that keep them."""

from __future__ import annotations

import re

from fairlane.engine import scripts
from fairlane.engine.scripts import LuaFile
from tools.reference.markdown import table

_INTRODUCTION = """# Keys

What a store holds, for those who debug one. The layout is not an interface: it changes with releases, so use the
SDK, the REST API or the command line instead. `fairlane doctor` derives every index from the others and reports
each difference.

Every key below begins with `fl:{N}:`, where N is the number of the partition. Words in capitals stand for ids and
names. Each section is one file of `src/fairlane/engine/lua`.

"""
_KEY = re.compile(r"--   (\S.*?)  +(\S.*)")
_MORE = re.compile(r"-- {6,}(\S.*)")


def page() -> str:
    """The text of docs/reference/keys.md."""
    files = [*map(scripts.read_include, scripts.include_names()), *map(scripts.read_script, scripts.names())]
    return _INTRODUCTION + "".join(_section(file) for file in files)


def _section(file: LuaFile) -> str:
    """The keys that one file describes."""
    rows: list[list[str]] = []
    for line in file.text.splitlines():
        if match := _KEY.fullmatch(line):
            rows.append([f"`{match[1]}`", match[2]])
        elif rows and (match := _MORE.fullmatch(line)):
            rows[-1][1] += f" {match[1]}"
    if not rows:
        return ""
    return f"## {file.name.replace('_', ' ').capitalize()}\n\n" + table(["key", "holds"], rows)
