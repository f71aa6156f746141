"""Python values as JSON text: one rule for arguments, results and the payloads of schedules.

A value is written whole or refused. Subclasses of plain types are written as the plain type; dataclasses, attrs
classes, msgspec Structs and Pydantic models as objects. NaN and infinity are refused: JSON does not have them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence, Set
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from ..model.errors import InvalidInput
from . import pydantic_types


def encode(value: Any, what: str) -> bytes:
    """The value as JSON text. `what` names it in errors, such as "the result".

    Raises InvalidInput where the text would not hold all of the value.
    """
    try:
        text = _encode(value)
        # msgspec writes NaN and infinity as null.
        if b"null" in text and (where := _not_finite(value)) is not None:
            raise ValueError(f"JSON has no {where[1]!r}, at {where[0]}")
        if pydantic_types.MASK.encode() in text:
            msgspec.to_builtins(value, str_keys=True, enc_hook=_without_secrets)
        if text.count(_AFTER_KEY) > 1 and not isinstance(value, msgspec.Raw) and _repeats_a_key(text):
            raise ValueError("two keys of one object are written alike, such as 1 and '1'")
    except Exception as error:  # a value's own methods may raise any
        raise InvalidInput(f"{what} cannot be written as JSON: {_text_of(error)}", "/payload") from error
    return text


def _plain(value: Any) -> Any:
    """A value that msgspec can write in place of one that it cannot."""
    kind = type(value)
    if pydantic_types.is_pydantic(kind):
        return pydantic_types.dump(value)
    for base, convert in _CONVERSIONS.items():
        if isinstance(value, base):
            plain = convert(base, value)
            is_equal = plain == value  # a subclass decides
            if isinstance(value, (datetime, timedelta)) and not is_equal:  # pandas counts nanoseconds
                raise TypeError(f"a {kind.__name__} holds more than a {base.__name__} does; convert it")
            return plain
    if kind in _PLAIN_CONTAINERS:
        raise TypeError(f"a {kind.__name__} cannot be the key of an object in JSON; use a str")
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (Sequence, Set)):
        return list(value)
    raise TypeError(f"a {kind.__name__} has no JSON form; use plain values, a dataclass or a msgspec.Struct")


def _calendar(value: date) -> tuple[int, int, int]:
    return value.year, value.month, value.day


def _clock(value: datetime | time) -> tuple[int, int, int, int]:
    return value.hour, value.minute, value.second, value.microsecond


# Unbound methods of the plain type, since a subclass may override `__str__` or `__float__`.
_CONVERSIONS: Mapping[type, Callable[[Any, Any], Any]] = {
    str: lambda kind, value: kind(str.__str__(value)),
    int: lambda kind, value: kind(int.__int__(value)),
    float: lambda kind, value: kind(float.__float__(value)),
    bytes: lambda kind, value: kind(bytes(memoryview(value))),
    datetime: lambda kind, value: kind(*_calendar(value), *_clock(value), value.tzinfo, fold=value.fold),
    date: lambda kind, value: kind(*_calendar(value)),
    time: lambda kind, value: kind(*_clock(value), value.tzinfo, fold=value.fold),
    timedelta: lambda kind, value: kind(value.days, value.seconds, value.microseconds),
    Decimal: lambda kind, value: kind(value),
    UUID: lambda kind, value: kind(int=value.int),
}
"""By plain type: makes a value of that type, or of a subclass, from a value of the other."""
_PLAIN_CONTAINERS = (list, tuple, dict, set, frozenset)
"""Types that msgspec writes itself, unless a value of one is a key."""
SUBCLASSED = (*_CONVERSIONS, *_PLAIN_CONTAINERS)
"""Types whose subclasses pass as the type itself."""
_AFTER_KEY = b'":'
_encode = msgspec.json.Encoder(enc_hook=_plain).encode


def subclassed(kind: type, plain: Any) -> Any:
    """The value of `kind`, a subclass of a plain type, that holds what `plain` does."""
    convert = next((each for base, each in _CONVERSIONS.items() if issubclass(kind, base)), None)
    return kind(plain) if convert is None else convert(kind, plain)


def _contents(value: Any) -> Any:
    """What a value holds, where only its numbers matter."""
    if pydantic_types.is_pydantic(type(value)):
        return pydantic_types.contents(value)
    try:
        return _plain(value)
    except TypeError:  # JSON text of the task's own, or a value that a Pydantic model knows how to write
        return None


def _without_secrets(value: Any) -> Any:
    if pydantic_types.is_pydantic(type(value)):
        pydantic_types.check_no_secret(value)
    return _contents(value)


def _not_finite(value: Any) -> tuple[str, float] | None:
    """Where the value holds NaN or infinity, and which."""
    left: list[tuple[str, Any]] = [("$", msgspec.to_builtins(value, str_keys=True, enc_hook=_contents))]
    while left:
        path, part = left.pop()
        if isinstance(part, dict):
            left += ((f"{path}.{name}", each) for name, each in part.items())
        elif isinstance(part, (list, tuple)):
            left += ((f"{path}[{index}]", each) for index, each in enumerate(part))
        elif isinstance(part, float) and not math.isfinite(part):
            return path, part
    return None


def _repeats_a_key(text: bytes) -> bool:
    """Whether an object has the same key twice: reading it keeps one of them."""
    try:
        read = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):  # out of range, or too deep: `check_json` says so
        return False
    return _encode(read).count(_AFTER_KEY) < text.count(_AFTER_KEY)


def _text_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        return type(error).__name__
