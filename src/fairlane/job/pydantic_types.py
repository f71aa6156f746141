"""Pydantic models and types in annotations and values. fairlane does not need Pydantic, nor load it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, get_args, get_type_hints, is_typeddict

import msgspec

MASK = "*" * 10
"""How Pydantic writes a secret."""


def is_pydantic(kind: type) -> bool:
    """Whether this is a Pydantic (version 2) model, or one of the types that come with Pydantic."""
    return hasattr(kind, "__pydantic_validator__") or kind.__module__.partition(".")[0] == "pydantic"


def dump(value: Any) -> Any:
    """Plain data that Pydantic reads back as an equal value. Fields of subclasses are kept."""
    from pydantic_core import to_jsonable_python

    _refuse_secret(value)
    return to_jsonable_python(value, by_alias=True, round_trip=True, serialize_as_any=True)


def check_no_secret(value: Any) -> None:
    """Raises TypeError where the value holds a secret, which is written as MASK."""
    left, seen = [value], set[int]()
    while left:
        part = left.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        _refuse_secret(part)
        if isinstance(part, Mapping):
            left += part.values()
        elif isinstance(part, (list, tuple, set, frozenset)):
            left += part
        elif hasattr(part, "__dict__"):
            left += (*vars(part).values(), getattr(part, "__pydantic_extra__", None))


def _refuse_secret(value: Any) -> None:
    if hasattr(value, "get_secret_value"):
        raise TypeError(f"a {type(value).__name__} is not written down; pass what get_secret_value() returns")


def contents(value: Any) -> Any:
    """The fields of a model as they are, with NaN, which Pydantic writes as null; None for other values."""
    return value.model_dump(serialize_as_any=True) if hasattr(value, "model_dump") else None


def names_pydantic(annotation: Any) -> bool:
    """Whether Pydantic has to read values of this annotation, at any depth. Raises NameError as get_type_hints does."""
    return any(_kinds(annotation, set()))


def _kinds(annotation: Any, seen: set[int]) -> Iterator[bool]:
    if id(annotation) in seen:
        return
    seen.add(id(annotation))
    if is_pydantic(annotation if isinstance(annotation, type) else type(annotation)):
        yield True
    for part in get_args(annotation):
        yield from _kinds(part, seen)
    if isinstance(annotation, type) and _has_fields(annotation):
        for part in get_type_hints(annotation, include_extras=True).values():
            yield from _kinds(part, seen)


def _has_fields(kind: type) -> bool:
    marks = ("__attrs_attrs__", "__struct_fields__", "_fields")  # attrs, msgspec, NamedTuple
    return dataclasses.is_dataclass(kind) or is_typeddict(kind) or any(hasattr(kind, mark) for mark in marks)


def reader(annotation: Any) -> Callable[[bytes], Any] | None:
    """Reads JSON text as this annotation; None where Pydantic cannot, as with msgspec Structs."""
    from pydantic import PydanticSchemaGenerationError, TypeAdapter

    try:
        return TypeAdapter(annotation).validate_json
    except PydanticSchemaGenerationError:
        return None


def read_builtins(kind: type, value: Any) -> Any:
    """A value of a Pydantic type, within one that msgspec reads."""
    read = _reader_of_type(kind)
    if read is None:
        raise TypeError(f"Pydantic cannot read {kind.__name__}")
    return read(msgspec.json.encode(value))


@cache
def _reader_of_type(kind: type) -> Callable[[bytes], Any] | None:
    return reader(kind)


def fields_of(model: Any) -> dict[str, str]:
    """The attributes of a model by their names in JSON."""
    names = {name: name for name in (*type(model).model_fields, *(model.model_extra or ()))}
    for name, info in type(model).model_fields.items():
        if info.serialization_alias is not None:
            names[info.serialization_alias] = name
    return names
