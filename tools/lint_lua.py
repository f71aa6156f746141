"""Checks the Lua of the engine: `make lint` runs this.

A file may use its own locals, the names of its contract and the top-level locals of the includes that it lists after
NEEDS. luacheck finds undefined names, unused and shadowed locals and long lines. Without it, only the NEEDS lines are
checked.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from fairlane.engine import scripts
from fairlane.engine.layouts import LAYOUTS
from fairlane.engine.scripts import LuaFile

LUA = Path(__file__).parents[1] / "src" / "fairlane" / "engine" / "lua"
LINE_LENGTH = 120

_TOP_LEVEL = re.compile(r"^local (?:function )?(\w+(?:, \w+)*)", re.MULTILINE)
_LOCAL = re.compile(r"\b(?:local|for) (?!function)(\w+(?:, \w+)*)")
_FUNCTION = re.compile(r"\bfunction ?(\w*)\(([^)]*)\)")
_READ = re.compile(r"(?<![.:\w])([A-Za-z_]\w*)(?!\w)(?!\s*=[^=])")

# What Valkey gives to a script, as far as the engine uses it.
_CONFIG = """
std = "none"
read_globals = {{
  redis = {{ fields = {{ "call", "error_reply", "sha1hex" }} }},
  cmsgpack = {{ fields = {{ "pack", "unpack", "unpack_one", "unpack_limit" }} }},
  struct = {{ fields = {{ "pack", "unpack" }} }},
  math = {{ fields = {{ "abs", "ceil", "floor", "huge", "max", "min" }} }},
  string = {{ fields = {{ "format", "match", "sub" }} }},
  table = {{ fields = {{ "insert", "sort" }} }},
  {layouts}
  "may_write", "ipairs", "next", "pairs", "pcall", "tonumber", "type", "unpack",
}}
max_line_length = {line_length}
{files}
"""
_LAYOUT = '{name} = {{ fields = {{ "unpack", "defaults", {fields} }} }}, '
_CONFIG_OF_FILE = 'files["{path}"] = {{ globals = {{ {globals} }}, ignore = {{ {ignore} }} }}'


def exports(file: LuaFile) -> set[str]:
    """The locals of the top level: what an include offers."""
    return {name for names in _TOP_LEVEL.findall(file.code) for name in names.split(", ")}


def reads(file: LuaFile) -> set[str]:
    """The names that a file reads and declares nowhere in itself."""
    declared = set[str]()
    for names in (*_TOP_LEVEL.findall(file.code), *_LOCAL.findall(file.code)):
        declared.update(names.split(", "))
    for name, parameters in _FUNCTION.findall(file.code):
        declared.update({name, *parameters.split(", ")})
    return set(_READ.findall(file.code)) - declared


def faults_of_needs(files: Mapping[str, LuaFile], includes: Mapping[str, LuaFile]) -> Iterator[str]:
    """Includes that a file uses without needing them, or needs without using them, and names that no file reads."""
    offered = {name: exports(include) for name, include in includes.items()}
    read_anywhere = set[str]()
    for file in (*files.values(), *includes.values()):
        names = reads(file)
        read_anywhere |= names
        for include, offer in offered.items():
            if include in file.needs and not offer & names:
                yield f"{file.path}: needs {include} and uses nothing of it; take it out of the NEEDS line"
            if include not in file.needs and includes[include] is not file and offer & names:
                yield f"{file.path}: uses {', '.join(sorted(offer & names))}; add {include} to the NEEDS line"
    for include, file in includes.items():
        for name in sorted(offered[include] - read_anywhere):
            if len(re.findall(rf"\b{name}\b", file.code)) == 1:
                yield f"{file.path}: no file uses {name}; delete it"


def luacheck_config(files: Mapping[str, LuaFile], includes: Mapping[str, LuaFile]) -> str:
    """What each file may use, and which locals of an include are there for others."""
    offered = {name: exports(include) for name, include in includes.items()}
    sections = []
    for file in (*files.values(), *includes.values()):
        names = sorted({*file.arguments, *(name for need in file.needs for name in offered[need])})
        exported = sorted(exports(file)) if file in includes.values() else []
        sections.append(
            _CONFIG_OF_FILE.format(
                path=LUA / file.path,
                globals=", ".join(f'"{name}"' for name in names),
                ignore=", ".join(f'"2[12]1/^{name}$"' for name in exported),
            )
        )
    return _CONFIG.format(layouts=_layouts(), line_length=LINE_LENGTH, files="\n".join(sections))


def _layouts() -> str:
    """The names of layouts, which the loader replaces, with their fields."""
    return "".join(
        _LAYOUT.format(name=name, fields=", ".join(map('"{}"'.format, fields))) for name, fields in LAYOUTS.items()
    )


def luacheck(config: str) -> int:
    """Run luacheck on every file, if it is installed."""
    command = shutil.which("luacheck")
    if command is None:
        print(
            "No luacheck here: of the Lua only the NEEDS lines are checked. Debian, Ubuntu: apt-get install lua-check"
        )
        return 0
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(config)
        file.flush()
        return subprocess.run([command, "--quiet", "--no-cache", "--config", file.name, LUA], check=False).returncode


def main() -> int:
    includes = {name: scripts.read_include(name) for name in scripts.include_names()}
    files = {name: scripts.read_script(name) for name in scripts.names()}
    faults = list(faults_of_needs(files, includes))
    for fault in faults:
        print(fault, file=sys.stderr)
    return luacheck(luacheck_config(files, includes)) or bool(faults)


if __name__ == "__main__":
    raise SystemExit(main())
