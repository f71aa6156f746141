"""A task's payload and its arguments: one is made from the other by the function's signature.

An object gives keyword arguments, an array positional ones, anything else the single argument. A
function whose only parameter is a `msgspec.Raw` gets the whole payload, unparsed.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args, get_type_hints

import msgspec
from msgspec.structs import astuple

from ..model.errors import InvalidInput, PayloadTooLarge
from ..model.job import MAX_PAYLOAD_BYTES
from ..model.json_text import MAX_DEPTH, check_json

Arguments = tuple[Sequence[Any], Mapping[str, Any]]

_NO_KEYWORDS: Mapping[str, Any] = {}
_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
_PLAIN = (type(None), bool, int, float, str, bytes)
_OBJECT, _ARRAY = ord("{"), ord("[")
_SPACE = b" \t\r\n"
_SHALLOW = 2 * MAX_DEPTH
"""Bytes in which no nesting can be too deep."""
_encode = msgspec.json.Encoder().encode


class Parameters:
    """The parameters of a task's function, with decoders made once."""

    def __init__(self, function: Callable[..., Any], name: str) -> None:
        """Raises TypeError where the signature cannot be mapped to a payload."""
        self._name = name
        self._signature = inspect.signature(function)
        parameters = list(self._signature.parameters.values())
        if any(parameter.kind in _VARIADIC for parameter in parameters):
            raise TypeError(f"task {name}: a payload cannot be checked against *args or **kwargs; name the parameters")
        hints = _type_hints(function, name)
        self.result_type: Any = hints.get("return", Any)
        keyword_only = [p for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY]
        positional = [p for p in parameters if p.kind is not inspect.Parameter.KEYWORD_ONLY]
        self._positional = [p.name for p in positional]
        self._keyword_only = [p.name for p in keyword_only]
        self._array_lacks = [p.name for p in keyword_only if p.default is p.empty]
        self._takes_raw = len(parameters) == 1 and hints.get(parameters[0].name) is msgspec.Raw
        self._keeps_raw = any(_holds_raw(hints.get(p.name)) for p in parameters)
        self._objects = _decoder(name, [_field(p, hints) for p in positional + keyword_only], array_like=False)
        self._arrays = _decoder(name, [_field(p, hints) for p in positional], array_like=True)

    def decode(self, payload: bytes) -> Arguments:
        """The arguments that a payload stands for. Raises InvalidInput where it does not fit."""
        if self._takes_raw:
            return (msgspec.Raw(payload),), _NO_KEYWORDS
        try:
            first = payload[0] if payload else 0
            if first in _SPACE:
                return self.decode(payload.lstrip())
            if first == _OBJECT:
                return self._from_object(payload)
            if first == _ARRAY:
                return self._from_array(payload)
            return self._from_array(b"[]" if payload == b"null" and not self._positional else b"[%b]" % payload)
        except InvalidInput:
            raise
        except (msgspec.MsgspecError, RecursionError) as error:
            raise self._unfit(str(error)) from None
        except Exception as error:  # of a type of the task's own, as it was made of the payload
            raise self._unfit(f"{type(error).__name__}: {error}") from error

    def _unfit(self, why: str) -> InvalidInput:
        signature = str(self._signature)
        shown = signature if len(signature) <= 200 else "(...)"
        return InvalidInput(f"the payload does not fit {self._name}{shown}: {why}", "/payload")

    def _from_object(self, payload: bytes) -> Arguments:
        values = astuple(self._objects.decode(payload))
        if not self._keyword_only:
            return values, _NO_KEYWORDS
        split = len(self._positional)
        return values[:split], dict(zip(self._keyword_only, values[split:], strict=True))

    def _from_array(self, payload: bytes) -> Arguments:
        if self._array_lacks:
            raise self._unfit(f"it must be an object, since `{self._array_lacks[0]}` goes by name")
        return astuple(self._arrays.decode(payload)), _NO_KEYWORDS

    def encode(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> bytes:
        """The payload of a call with these arguments.

        Raises InvalidInput where they do not fit the signature, PayloadTooLarge.
        """
        named = self._bind(args, kwargs)
        try:
            payload = _encode(named[self._positional[0]] if self._takes_raw else named)
        except (TypeError, ValueError, RecursionError, msgspec.MsgspecError) as error:
            raise InvalidInput(f"the arguments cannot be written as JSON: {error}", "/payload") from None
        if len(payload) > MAX_PAYLOAD_BYTES:
            raise PayloadTooLarge(f"the payload has {len(payload)} bytes, {MAX_PAYLOAD_BYTES} at most", "/payload")
        # What decoding to types leaves unread may still be wrong.
        if self._keeps_raw or len(payload) > _SHALLOW or not payload.isascii():
            check_json(payload, "/payload")
        self.decode(payload)
        return payload

    def _bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        if len(args) > len(self._positional):
            raise InvalidInput(f"takes {len(self._positional)} positional arguments, got {len(args)}", "/payload")
        named = dict(zip(self._positional, args, strict=False))
        if twice := named.keys() & kwargs.keys():
            raise InvalidInput(f"got two values for `{min(twice)}`", "/payload")
        named.update(kwargs)
        if self._takes_raw and list(named) != self._positional:
            raise InvalidInput(f"takes one argument, `{self._positional[0]}`", "/payload")
        return named


def _type_hints(function: Callable[..., Any], name: str) -> dict[str, Any]:
    try:
        return get_type_hints(function, include_extras=True)
    except NameError as error:
        raise TypeError(f"task {name}: its annotations name something that cannot be found: {error}") from error


def _holds_raw(hint: Any) -> bool:
    return hint is msgspec.Raw or any(map(_holds_raw, get_args(hint)))


def _field(parameter: inspect.Parameter, hints: Mapping[str, Any]) -> tuple[str, Any, Any]:
    default = parameter.default
    if default is inspect.Parameter.empty:
        default = msgspec.NODEFAULT
    elif not isinstance(default, _PLAIN):
        value = default
        default = msgspec.field(default_factory=lambda: value)
    return parameter.name, hints.get(parameter.name, Any), default


def _decoder(name: str, fields: list[tuple[str, Any, Any]], *, array_like: bool) -> msgspec.json.Decoder[Any]:
    arguments = msgspec.defstruct(
        "Arguments", fields, kw_only=not array_like, array_like=array_like, forbid_unknown_fields=True
    )
    try:
        return msgspec.json.Decoder(arguments)
    except TypeError as error:
        raise TypeError(f"task {name}: {error}") from error
