"""Loads the Lua scripts and calls them by name.

Each file opens with a contract: what it does, then KEYS, ARGV, RETURNS and EVENTS. The contract is the
call's signature: its names become the body's local variables, and a body that does not use one of them,
or that reaches for KEYS or ARGV by number, is refused.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

Value = str | bytes | int | float

_FOLDER = resources.files(__package__) / "lua"
_INCLUDE = re.compile(r"^-- include (\w+)\n", re.MULTILINE)


class ContractError(Exception):
    """A Lua file and its contract disagree."""


@dataclass(frozen=True)
class Script:
    """One transition, ready to be sent."""

    name: str
    source: str
    sha: str
    argv: tuple[str, ...]
    rest: str | None
    """Name of the argument that takes all further values, if there is one."""
    events: tuple[str, ...]

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
    """Read lua/NAME.lua. Raises ContractError."""
    return parse(name, (_FOLDER / f"{name}.lua").read_text())


def names() -> list[str]:
    """Every script that there is."""
    return sorted(f.name.removesuffix(".lua") for f in _FOLDER.iterdir() if f.name.endswith(".lua"))


def parse(name: str, text: str) -> Script:
    """Make a script of its text. Raises ContractError."""
    shebang, _, body = text.partition("\n")
    if not shebang.startswith("#!lua"):
        raise ContractError(f"{name}.lua must begin with #!lua")
    if not body.startswith(f"-- {name}: "):
        raise ContractError(f"{name}.lua must say on its second line what {name} does")
    declared = {word: _line(name, body, word) for word in ("KEYS", "ARGV", "RETURNS", "EVENTS")}
    body = _INCLUDE.sub(lambda match: (_FOLDER / "include" / f"{match[1]}.lua").read_text(), body)
    argv = tuple(declared["ARGV"].split())
    rest = argv[-1].removesuffix("...") if argv and argv[-1].endswith("...") else None
    if rest is not None:
        argv = argv[:-1]
    _check_names(name, body, (*declared["KEYS"].split(), *argv, *((rest,) if rest else ())))
    source = "\n".join((shebang, _locals(declared["KEYS"].split(), argv, rest), body))
    sha = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()
    return Script(name, source, sha, argv, rest, tuple(declared["EVENTS"].split()))


def _line(name: str, body: str, word: str) -> str:
    match = re.search(rf"^-- {word}\b ?(.*)$", body, re.MULTILINE)
    if match is None:
        raise ContractError(f"{name}.lua has no {word} line")
    return match[1].strip()


def _check_names(name: str, body: str, declared: tuple[str, ...]) -> None:
    code = re.sub(r"--.*", "", body)
    if re.search(r"\b(KEYS|ARGV)\b", code):
        raise ContractError(f"{name}.lua must use the names of its contract, not KEYS or ARGV")
    for argument in declared:
        if not re.search(rf"\b{argument}\b", code):
            raise ContractError(f"{name}.lua declares {argument} and never uses it")


def _locals(keys: list[str], argv: tuple[str, ...], rest: str | None) -> str:
    lines = [f"local {key} = KEYS[{i}]" for i, key in enumerate(keys, 1)]
    lines += [f"local {argument} = ARGV[{i}]" for i, argument in enumerate(argv, 1)]
    if rest is not None:
        lines.append(f"local {rest} = {{ unpack(ARGV, {len(argv) + 1}) }}")
    return " ".join(lines)
