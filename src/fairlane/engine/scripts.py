"""Reads the Lua scripts and checks them against their contracts. library.py makes functions of them.

Every script opens with a contract: a sentence, then KEYS, ARGV, RETURNS, EVENTS and NEEDS. KEYS and ARGV are the
signature of the call: the script reads its arguments by these names, and a script that declares a name without using
it, or that reads KEYS or ARGV by number, is rejected. NEEDS lists the includes whose names the script uses itself.

Files name the fields of records as layouts.py does.

Every script also has the variable `may_write`: whether its flags permit writes.

An include opens with a sentence, its own NEEDS and, if it reads arguments of the script, their names after KEYS and
ARGV.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

from ..process.lazy import lazy_property
from .layouts_in_lua import ContractError, replace_layouts

Value = str | bytes | int | float

WORD = re.compile(r"[A-Za-z_]\w*")
_FOLDER = resources.files(__package__) / "lua"
_COMMENT_OR_TEXT = re.compile(r"--[^\n]*|'[^'\n]*'|\"[^\"\n]*\"")


@dataclass(frozen=True)
class LuaFile:
    """The text of a script or of an include, and what its contract says."""

    path: str
    text: str

    def __post_init__(self) -> None:
        if not re.match(rf"(.*\n)?-- {self.name}: ", self.text):
            raise ContractError(f'{self.path} must say what it does in its first comment: "-- {self.name}: ..."')

    @lazy_property
    def name(self) -> str:
        return self.path.rpartition("/")[2].removesuffix(".lua")

    def words(self, heading: str) -> tuple[str, ...]:
        """The words after a heading of the contract, which may stand in several lines. Raises ContractError."""
        lines = re.findall(rf"^-- {heading}\b ?(.*)$", self.text, re.MULTILINE)
        if not lines:
            raise ContractError(f"{self.path} has no {heading} line; add one, empty if there is nothing to name")
        return tuple(" ".join(lines).split())

    @lazy_property
    def plain(self) -> str:
        """The text with indexes and arrays in place of the names of layouts. Raises ContractError."""
        return replace_layouts(self.path, self.text)

    @lazy_property
    def needs(self) -> tuple[str, ...]:
        """The includes whose names this file uses."""
        return self.words("NEEDS")

    @lazy_property
    def arguments(self) -> tuple[str, ...]:
        """The names after KEYS and ARGV, without the dots of the last one."""
        lines = re.findall(r"^-- (?:KEYS|ARGV)\b(.*)$", self.text, re.MULTILINE)
        return tuple(word.removesuffix("...") for line in lines for word in line.split())

    @lazy_property
    def code(self) -> str:
        """The text without its comments, and with empty string literals."""
        return without_comments(self.text)

    @lazy_property
    def identifiers(self) -> frozenset[str]:
        """Every word of the code."""
        return frozenset(WORD.findall(self.code))


@dataclass(frozen=True)
class Script:
    """One script that agrees with its contract."""

    file: LuaFile
    keys: tuple[str, ...]
    argv: tuple[str, ...]
    rest: str | None
    """Name of the argument that takes all further values, if there is one."""
    events: tuple[str, ...]
    flags: tuple[str, ...]
    includes: tuple[LuaFile, ...]
    """Each after the includes that it needs."""

    @property
    def name(self) -> str:
        return self.file.name

    def arguments(self, values: dict[str, Value], rest: list[bytes]) -> list[Value]:
        """The values in the order of the contract. Raises TypeError on a missing or unknown name."""
        if len(values) != len(self.argv) or (rest and self.rest is None):
            raise TypeError(f"{self.name} takes {self.argv}, not {tuple(values)}")
        try:
            return [values[name] for name in self.argv] + rest
        except KeyError as error:
            raise TypeError(f"{self.name} takes {self.argv}, not {tuple(values)}") from error


@cache
def load(name: str) -> Script:
    """Read lua/NAME.lua and its includes. Raises ContractError."""
    return parse(read_script(name))


def names() -> list[str]:
    """Every script."""
    return _names_in(_FOLDER)


def include_names() -> list[str]:
    """Every include."""
    return _names_in(_FOLDER / "include")


def read_script(name: str) -> LuaFile:
    """Read lua/NAME.lua. Raises ContractError."""
    return LuaFile(f"{name}.lua", (_FOLDER / f"{name}.lua").read_text())


@cache
def read_include(name: str) -> LuaFile:
    """Read lua/include/NAME.lua. Raises ContractError."""
    if name not in include_names():
        raise ContractError(f"there is no include {name}; lua/include has {', '.join(include_names())}")
    return LuaFile(f"include/{name}.lua", (_FOLDER / "include" / f"{name}.lua").read_text())


def parse(script: LuaFile, read: Callable[[str], LuaFile] = read_include) -> Script:
    """Check a script and find its includes, which `read` returns. Raises ContractError."""
    shebang = re.match(r"#!lua(?: flags=([a-z,-]+))?\n", script.text)
    if shebang is None:
        raise ContractError(f"{script.path} must begin with #!lua")
    keys, argv, _, events = (script.words(heading) for heading in ("KEYS", "ARGV", "RETURNS", "EVENTS"))
    includes = tuple(_in_order(script, read))
    _check_arguments(script, includes)
    rest = argv[-1].removesuffix("...") if argv and argv[-1].endswith("...") else None
    if rest is not None:
        argv = argv[:-1]
    flags = tuple(shebang[1].split(",")) if shebang[1] else ()
    return Script(script, keys, argv, rest, events, flags, includes)


def without_comments(text: str) -> str:
    """Lua without its comments, and with empty string literals."""
    return _COMMENT_OR_TEXT.sub(lambda match: "" if match[0].startswith("--") else "''", text)


def _names_in(folder: Traversable) -> list[str]:
    return sorted(file.name.removesuffix(".lua") for file in folder.iterdir() if file.name.endswith(".lua"))


def _in_order(script: LuaFile, read: Callable[[str], LuaFile]) -> list[LuaFile]:
    """The includes of a script, each after those that it needs."""
    ordered: dict[str, LuaFile] = {}

    def place(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            circle = " > ".join((*path[path.index(name) :], name))
            raise ContractError(f"includes need each other in a circle: {circle}")
        if name not in ordered:
            file = read(name)
            for need in file.needs:
                place(need, (*path, name))
            ordered[name] = file

    for name in script.needs:
        place(name, ())
    return list(ordered.values())


def _check_arguments(script: LuaFile, includes: tuple[LuaFile, ...]) -> None:
    files = (script, *includes)
    for file in files:
        if file.identifiers & {"KEYS", "ARGV"}:
            raise ContractError(f"{file.path} must use the names of its contract, not KEYS or ARGV")
        for argument in file.arguments:
            if argument not in script.arguments:
                raise ContractError(f"{script.path} needs {file.path}, so it must declare {argument}")
    for argument in script.arguments:
        if not any(argument in file.identifiers for file in files):
            raise ContractError(f"{script.path} declares {argument} and never uses it")
