"""Makes one library of functions of all scripts, in the form that the store loads (FUNCTION LOAD) and calls (FCALL).

The store runs the library once and keeps its closures. A separate script (EVALSHA) would create the closures and tables
of all its includes again in each call.

Files are written as if they ran from top to bottom in each call. The library takes them apart: it defines the functions
of their top level once, and runs the other statements in each call, the includes first. So variables of the top level
begin each call with their first values, although the functions that use them stay.

Between calls the library holds the values of the last call of each script, at most the bytes of one call each.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from . import scripts
from .layouts_in_lua import ContractError
from .scripts import WORD, LuaFile, Script, without_comments

NAME_PREFIX = "fairlane_"
_HASH_DIGITS = 32
_CONTINUES = re.compile(r"[ })]|(?:end|else|elseif|until)\b")
"""How a line of the top level begins that belongs to the statement before it."""
_LOCAL = re.compile(r"local (?:function (?P<function>\w+)|(?P<names>\w+(?:, \w+)*)(?P<value> =)?)")


@dataclass(frozen=True)
class Library:
    """Functions for a store."""

    name: str
    """With a hash of the code, so that processes of different versions can use one store."""
    code: str

    def function(self, script: str) -> str:
        """The name of the function that runs a script. Names of functions are unique in a store."""
        return f"{self.name}_{script}"


@dataclass(frozen=True)
class _Parts:
    """The top level of a file: its functions, its variables, and the statements that set and use them."""

    functions: dict[str, str]
    variables: list[str]
    statements: list[str]


@cache
def load() -> Library:
    """The library of all scripts. Raises ContractError."""
    return build([scripts.load(name) for name in scripts.names()])


def build(all_scripts: Iterable[Script]) -> Library:
    """The library of these scripts. Raises ContractError."""
    body = "\n".join(_lines(list(all_scripts))) + "\n"
    name = NAME_PREFIX + hashlib.sha256(body.encode()).hexdigest()[:_HASH_DIGITS]
    return Library(name, f"#!lua name={name}\nlocal library = '{name}'\n{body}")


def _lines(all_scripts: list[Script]) -> Iterator[str]:
    includes = {file.name: file for script in all_scripts for file in script.includes}
    parts = {name: _take_apart(file.plain) for name, file in includes.items()}
    _check_names(parts)
    arguments = {name for file in includes.values() for name in file.arguments}
    yield _local(["may_write", *sorted(arguments), *(name for part in parts.values() for name in part.variables)])
    yield "local shared, begin = {}, {}"
    for i, file in enumerate(includes.values()):
        yield from _include(file, parts[file.name], _imported(file, list(includes)[:i], parts))
    for script in all_scripts:
        yield from _function(script, parts, arguments)


def _take_apart(text: str) -> _Parts:
    parts = _Parts({}, [], [])
    for statement in _statements(text):
        match = _LOCAL.match(statement)
        if match is None:
            parts.statements.append(statement)
        elif match["function"]:
            parts.functions[match["function"]] = statement
        else:
            parts.variables.extend(match["names"].split(", "))
            parts.statements.append(statement.removeprefix("local ") + ("" if match["value"] else " = nil"))
    return parts


def _statements(text: str) -> Iterator[str]:
    """The statements of the top level, without the comments between them."""
    lines: list[str] = []
    for line in text.splitlines():
        if not line or line.startswith(("--", "#!")):
            continue
        if lines and not _CONTINUES.match(line):
            yield "\n".join(lines)
            lines = []
        lines.append(line)
    if lines:
        yield "\n".join(lines)


def _check_names(parts: dict[str, _Parts]) -> None:
    owners: dict[str, str] = {}
    for file, part in parts.items():
        for name in (*part.functions, *part.variables):
            other = owners.setdefault(name, file)
            if other != file:
                raise ContractError(f"include/{file}.lua and include/{other}.lua both define {name}; rename one")


def _imported(file: LuaFile, includes: Iterable[str], parts: dict[str, _Parts]) -> list[str]:
    """The functions of these includes that a file uses."""
    return [name for include in includes for name in parts[include].functions if name in file.identifiers]


def _include(file: LuaFile, parts: _Parts, imported: list[str]) -> Iterator[str]:
    yield "do"
    yield from _imports(imported)
    yield from parts.functions.values()
    yield from (f"shared.{name} = {name}" for name in parts.functions)
    if parts.statements:
        yield f"function begin.{file.name}()"
        yield from parts.statements
        yield "end"
    yield "end"


def _function(script: Script, parts: dict[str, _Parts], arguments_of_includes: set[str]) -> Iterator[str]:
    own = _take_apart(script.file.plain)
    read = {word for text in own.functions.values() for word in WORD.findall(without_comments(text))}
    arguments = [*script.keys, *script.argv, *([script.rest] if script.rest else [])]
    variables = [*(name for name in arguments if name not in arguments_of_includes), *own.variables]
    includes = [file.name for file in script.includes]
    begins = [f"begin.{name}" for name in includes if parts[name].statements]
    yield "do"
    yield from _imports(_imported(script.file, includes, parts))
    yield _local([name for name in variables if name in read])
    yield from own.functions.values()
    yield f"local begins = {{ {', '.join(begins)} }}"
    yield f"redis.register_function{{ function_name = library .. '_{script.name}',"
    yield f"flags = {{ {', '.join(map(repr, script.flags))} }}, callback = function(KEYS, ARGV)"
    yield _local([name for name in variables if name not in read])
    yield f"may_write = {'false' if 'no-writes' in script.flags else 'true'}"
    yield from (f"{name} = KEYS[{i}]" for i, name in enumerate(script.keys, 1))
    yield from (f"{name} = ARGV[{i}]" for i, name in enumerate(script.argv, 1))
    if script.rest:
        yield f"{script.rest} = {{ unpack(ARGV, {len(script.argv) + 1}) }}"
    yield "for i = 1, #begins do local refusal = begins[i]() if refusal then return refusal end end"
    yield from own.statements
    yield "end }"
    yield "end"


def _imports(names: list[str]) -> Iterator[str]:
    if names:
        yield f"{_local(names)} = {', '.join(f'shared.{name}' for name in names)}"


def _local(names: list[str]) -> str:
    return f"local {', '.join(names)}" if names else ""
