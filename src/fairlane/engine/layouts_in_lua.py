"""Replaces the names of layouts in Lua.

`record[Started.token]` becomes an index, and `Started{ token = ..., running = ... }` an array. `Header.defaults` is a
table of default values by index.
`Started.unpack(text, at, 'token', 'attempt')` reads the first fields of the packed record that begins after `at` bytes
of `text`. It makes no table, which takes most of the time otherwise. It returns the number of bytes before the next
field (-1: the text ends here), then the values. With this number in place of `at`, the fields that follow can be read.
"""

from __future__ import annotations

import re

from .layouts import DEFAULTS, LAYOUTS, Default

_NAMES = "|".join(LAYOUTS)
_FIELD = re.compile(rf"\b({_NAMES})\.(\w+)")
_RECORD = re.compile(rf"\b({_NAMES})\{{")
_DEFAULTS = re.compile(rf"\b({_NAMES})\.defaults\b")
_UNPACK = re.compile(rf"\b({_NAMES})\.unpack\(([^,']*), ([^,']*),\s*('[^()]*')\)")
_ENTRY = re.compile(r"\s*(\w+)\s*=(?!=)\s*(.*?)\s*", re.DOTALL)
_TOKEN = re.compile(r"--[^\n]*|'[^'\n]*'|\"[^\"\n]*\"|[({\[]|[)}\]]|,|.", re.DOTALL)


class ContractError(Exception):
    """A Lua file disagrees with its contract."""


def replace_layouts(path: str, text: str) -> str:
    """`text` with plain indexes and arrays. Raises ContractError for a field that is unknown or missing."""
    while match := _RECORD.search(text):
        entries, end = _entries(path, text, match.end())
        text = text[: match.start()] + _array(path, match[1], entries) + text[end:]
    text = _DEFAULTS.sub(lambda match: _defaults(match[1]), text)
    text = _UNPACK.sub(lambda match: _unpacked(path, *match.groups()), text)

    def index(match: re.Match[str]) -> str:
        layout, field = match[1], match[2]
        if field not in LAYOUTS[layout]:
            raise ContractError(f"{path}: {layout} has no field {field}; it has {', '.join(LAYOUTS[layout])}")
        return str(LAYOUTS[layout].index(field) + 1)

    return "".join(part if part.startswith("--") else _FIELD.sub(index, part) for part in re.split(r"(--[^\n]*)", text))


def _defaults(layout: str) -> str:
    places = ((LAYOUTS[layout].index(field) + 1, value) for field, value in DEFAULTS[layout].items())
    return "{ " + ", ".join(f"[{place}] = {_literal(value)}" for place, value in places) + " }"


def _literal(value: Default) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "{}" if value == () else repr(value)


def _unpacked(path: str, layout: str, text: str, at: str, names: str) -> str:
    fields = tuple(name.strip(" '\n") for name in names.split(","))
    first = LAYOUTS[layout].index(fields[0]) if fields[0] in LAYOUTS[layout] else 0
    if LAYOUTS[layout][first : first + len(fields)] != fields:
        raise ContractError(f"{path}: unpack fields of {layout} that follow each other, not {', '.join(fields)}")
    start = at if first else f"{at} + 1"  # the array begins with a byte that holds its length
    return f"cmsgpack.unpack_limit({text}, {len(fields)}, {start})"


def _array(path: str, layout: str, entries: list[str]) -> str:
    values: dict[str, str] = {}
    for entry in entries:
        match = _ENTRY.fullmatch(entry)
        if match is None:
            raise ContractError(f"{path}: write each field of {layout} as `name = value`, not `{entry.strip()}`")
        values[match[1]] = match[2]
    if values.keys() != set(LAYOUTS[layout]) or len(values) != len(entries):
        wrong = ", ".join(sorted(values.keys() ^ set(LAYOUTS[layout]))) or "a field twice"
        raise ContractError(f"{path}: a {layout} must have each field once; wrong or missing: {wrong}")
    return "{ " + ", ".join(values[field] for field in LAYOUTS[layout]) + " }"


def _entries(path: str, text: str, start: int) -> tuple[list[str], int]:
    """The entries of a table constructor that opens before `start`, and the position after its end."""
    entries, depth = [""], 0
    for token in _TOKEN.finditer(text, start):
        part = token[0]
        if part in ")}]" and depth == 0:
            return [entry for entry in entries if entry.strip()], token.end()
        if part == "," and depth == 0:
            entries.append("")
            continue
        depth += (part in "({[") - (part in ")}]")
        if not part.startswith("--"):
            entries[-1] += part
    raise ContractError(f"{path}: a table constructor has no end")
