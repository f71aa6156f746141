"""Reading JSON text as the types that annotations name: msgspec reads them, or Pydantic where they name its models."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, get_args, get_origin

import msgspec
from msgspec import inspect

from ..model.errors import InvalidInput
from . import pydantic_types
from .json_values import SUBCLASSED, encode, subclassed
from .lost_fields import lost_fields

Read = Callable[[bytes], Any]

_SAMPLES: tuple[Any, ...] = (None, True, 1, 1.5, "", [], {})
_WITH_FIELDS = (inspect.StructType, inspect.DataclassType, inspect.TypedDictType)


def json_decoder(annotation: Any) -> msgspec.json.Decoder[Any]:
    """A decoder that also makes subclasses of plain types, and Pydantic models within other types."""
    return msgspec.json.Decoder(annotation, dec_hook=_from_plain)


class Form:
    """What an annotation accepts. Raises TypeError where msgspec refuses it, and NameError where it is not complete."""

    def __init__(self, annotation: Any) -> None:
        self.read_by_pydantic: Read | None = None
        """Pydantic's reader, where the annotation names its models."""
        if "pydantic" in sys.modules and pydantic_types.names_pydantic(annotation):
            self.read_by_pydantic = pydantic_types.reader(annotation)
        types = [] if self.read_by_pydantic else list(_parts(inspect.type_info(annotation), set()))
        custom = [each.cls for each in types if isinstance(each, inspect.CustomType)]
        has_fields = any(isinstance(each, _WITH_FIELDS) for each in types)
        self.unreadable = next((kind for kind in custom if not _is_readable(kind)), None)
        """A class within it that no JSON text can be read as."""
        self.may_lose_fields = bool(self.read_by_pydantic or custom) or has_fields
        """Whether reading may drop fields that the text has."""
        self.drops_fields = has_fields and not any(map(pydantic_types.is_pydantic, custom))
        """Whether msgspec drops unknown fields. Pydantic's models say by themselves whether to: with `extra`."""


class ResultReader:
    """Reads the results of a task. Its annotation is looked at when the first result is read."""

    def __init__(self, annotation: Any) -> None:
        self._annotation = annotation
        self._read: Read | None = None
        self._may_lose_fields = False

    def __call__(self, text: bytes) -> Any:
        """The result. Raises ValueError, TypeError, or what a type raises, where the text does not fit."""
        if self._read is None:
            form = Form(self._annotation)
            self._may_lose_fields = form.may_lose_fields
            self._read = form.read_by_pydantic or json_decoder(self._annotation).decode
        result = self._read(text)
        if self._may_lose_fields:
            check_whole(text, result)
        return result


read_anything = ResultReader(Any)


def check_whole(text: bytes, value: Any) -> None:
    """Raises ValueError where `value`, which was read from `text`, lacks some of its fields."""
    with suppress(InvalidInput):
        if encode(value, "the value") == text:  # nearly always, and much faster than a look at each field
            return
    lost = next(lost_fields(msgspec.json.decode(text), value), None)
    if lost is not None:
        raise ValueError(f"the annotation has no room for `{lost}`; name the type that holds it")


def _from_plain(annotation: Any, value: Any) -> Any:
    """An instance of a class that msgspec does not know; `value` itself where there is none, which msgspec checks."""
    kind: Any = get_origin(annotation) or annotation
    if pydantic_types.is_pydantic(kind):
        return pydantic_types.read_builtins(kind, value)
    base = _plain_base(kind)
    if base is None:
        return value
    plain = msgspec.convert(value, _typed_base(annotation, base), str_keys=True, dec_hook=_from_plain)
    return kind(None, plain) if issubclass(kind, defaultdict) else subclassed(kind, plain)


def _typed_base(annotation: Any, base: Any) -> Any:
    """The plain type with the types of its items, as in `OrderedDict[str, int]` or `class Items(list[int])`."""
    if arguments := get_args(annotation):
        return base[arguments]
    bases = getattr(annotation, "__orig_bases__", ())
    return next((each for each in bases if get_origin(each) is base), base)


def _plain_base(kind: type) -> type | None:
    return next((base for base in SUBCLASSED if issubclass(kind, base)), None)


def _is_readable(kind: type) -> bool:
    if pydantic_types.is_pydantic(kind) or _plain_base(kind) is not None:
        return True
    try:
        return any(isinstance(sample, kind) for sample in _SAMPLES)
    except TypeError:  # a Protocol
        return False


def _parts(part: inspect.Type, seen: set[int]) -> Iterator[inspect.Type]:
    """This type and those that it is made of."""
    if id(part) in seen:
        return
    seen.add(id(part))
    yield part
    for value in msgspec.structs.astuple(part):
        for each in value if isinstance(value, tuple) else (value,):
            inner = each.type if isinstance(each, inspect.Field) else each
            if isinstance(inner, inspect.Type):
                yield from _parts(inner, seen)
