"""Fields that a value's JSON text has and its annotation does not: reading the text drops them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from . import pydantic_types


def lost_fields(text: Any, value: Any, path: str = "$") -> Iterator[str]:
    """Paths of the fields in `text`, which is decoded JSON, that are missing in `value`, which was read from it."""
    if hasattr(value, "model_fields_set") and hasattr(value, "root"):  # Pydantic's RootModel
        value = value.root
    if isinstance(text, dict):
        in_object = _lost_in_mapping if isinstance(value, Mapping) else _lost_in_object
        yield from in_object(text, value, path)
    elif isinstance(text, list) and hasattr(value, "__struct_fields__"):
        yield from _lost_in_array(text, value, path)
    elif isinstance(text, list) and isinstance(value, (list, tuple)):
        for index, (part, read) in enumerate(zip(text, value, strict=False)):
            yield from lost_fields(part, read, f"{path}[{index}]")


def _lost_in_mapping(text: dict[str, Any], value: Mapping[Any, Any], path: str) -> Iterator[str]:
    if len(text) == len(value) and text.keys() != value.keys():  # keys that were read as numbers or dates
        value = dict(zip(text, value.values(), strict=True))
    for name, part in text.items():
        if name in value:
            yield from lost_fields(part, value[name], f"{path}.{name}")
        else:  # read as a TypedDict
            yield f"{path}.{name}"


def _lost_in_object(text: dict[str, Any], value: Any, path: str) -> Iterator[str]:
    fields = _fields_of(value)
    if fields is None:
        return
    for name, part in text.items():
        if name in fields:
            yield from lost_fields(part, getattr(value, fields[name], None), f"{path}.{name}")
        else:
            yield f"{path}.{name}"


def _lost_in_array(text: list[Any], value: Any, path: str) -> Iterator[str]:
    """For a Struct with `array_like=True`, whose JSON is its tag, if it has one, and its fields in order."""
    names = value.__struct_fields__
    first = 0 if value.__struct_config__.tag is None else 1
    for index, part in enumerate(text[first:]):
        if index < len(names):
            yield from lost_fields(part, getattr(value, names[index]), f"{path}.{names[index]}")
        else:
            yield f"{path}[{index + first}]"


def _fields_of(value: Any) -> dict[str, str] | None:
    """The attributes of an object by their names in JSON."""
    kind = type(value)
    if hasattr(kind, "__struct_fields__"):
        fields = dict(zip(kind.__struct_encode_fields__, kind.__struct_fields__, strict=True))
        tag: str | None = kind.__struct_config__.tag_field
        return fields if tag is None else fields | {tag: tag}
    if hasattr(kind, "model_fields"):
        return pydantic_types.fields_of(value)
    if dataclasses.is_dataclass(kind):
        return _same(field.name for field in dataclasses.fields(kind))
    if hasattr(kind, "__attrs_attrs__"):
        return _same(field.name for field in kind.__attrs_attrs__)
    return None


def _same(names: Iterable[str]) -> dict[str, str]:
    return {name: name for name in names}
