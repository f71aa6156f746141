"""A task's payload and its arguments: one is made from the other by the function's signature.

An object gives keyword arguments, an array positional ones, anything else the single argument. A
function whose only parameter is a `msgspec.Raw` gets the whole payload, unparsed.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args

import msgspec
from msgspec.structs import astuple

from ..model.errors import InvalidInput, PayloadTooLarge
from ..model.job import MAX_PAYLOAD_BYTES
from ..model.json_text import MAX_DEPTH, check_json
from .annotations import signature_of, unusable
from .json_values import encode
from .reading import ResultReader, check_whole, json_decoder
from .signature import TaskParameter, parameters_of, result_of

Arguments = tuple[Sequence[Any], Mapping[str, Any]]

_NO_KEYWORDS: Mapping[str, Any] = {}
_PLAIN = (type(None), bool, int, float, str, bytes)
_OBJECT, _ARRAY = ord("{"), ord("[")
_SPACE = b" \t\r\n"
_names_in = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
"""Reads an object without its values."""
_SHALLOW = 2 * MAX_DEPTH
"""Payloads of up to this many bytes cannot be nested too deep."""


class Misfit(InvalidInput):
    """The payload does not fit the task's signature. Another version of the task may take it."""


class Parameters:
    """The parameters of a task's function, with decoders made once."""

    def __init__(self, function: Callable[..., Any], task: str) -> None:
        """Raises InvalidInput if no payload can give the arguments; NotDefinedYet if that may change."""
        self._task = task
        self._signature = signature_of(function, task)
        parameters = parameters_of(self._signature, function, task)
        positional = [p for p in parameters if not p.by_name]
        self._positional = [p.name for p in positional]
        self._keyword_only = [p.name for p in parameters if p.by_name]
        self._array_lacks = [p.name for p in parameters if p.by_name and p.default is inspect.Parameter.empty]
        self._takes_raw = len(parameters) == 1 and [p.annotation for p in positional] == [msgspec.Raw]
        self._keeps_raw = any(_holds_raw(p.annotation) for p in parameters)
        self._may_lose_fields = any(p.form.may_lose_fields for p in parameters)
        self._drops_fields = any(p.form.drops_fields for p in parameters)
        self._readers = {i: p.form.read_by_pydantic for i, p in enumerate(parameters) if p.form.read_by_pydantic}
        """By place: Pydantic's readers, which get their part of the payload as JSON text."""
        try:
            self._objects = _decoder(parameters, array_like=False)
            self._arrays = _decoder(positional, array_like=True)
        except Exception as error:
            raise unusable(error, function, task, "an annotation") from None
        self.read_result = ResultReader(result_of(self._signature, function, task))
        """Reads the JSON text of a result as what the function returns."""

    def decode(self, payload: bytes) -> Arguments:
        """The arguments in a payload. Raises Misfit if it does not fit, or has fields that would be dropped."""
        arguments, keywords = self._read(payload)
        if self._drops_fields:
            self._check_whole(payload, arguments, keywords)
        return arguments, keywords

    def _read(self, payload: bytes) -> Arguments:
        if self._takes_raw:
            return (msgspec.Raw(payload),), _NO_KEYWORDS
        try:
            first = payload[0] if payload else 0
            if first in _SPACE:
                return self._read(payload.lstrip())
            if first == _OBJECT:
                return self._from_object(payload)
            if first == _ARRAY:
                return self._from_array(payload)
            return self._from_array(b"[]" if payload == b"null" and not self._positional else b"[%b]" % payload)
        except InvalidInput:
            raise
        except (msgspec.MsgspecError, RecursionError) as error:
            raise self._misfit(str(error)) from None
        except Exception as error:  # raised by a class that the user defined
            raise self._misfit(f"{type(error).__name__}: {error}") from error

    def _misfit(self, why: str) -> Misfit:
        signature = str(self._signature)
        shown = signature if len(signature) <= 200 else "(...)"
        return Misfit(f"the payload does not fit {self._task}{shown}: {why}", "/payload")

    def _from_object(self, payload: bytes) -> Arguments:
        values = self._with_models(astuple(self._objects.decode(payload)))
        if not self._keyword_only:
            return values, _NO_KEYWORDS
        split = len(self._positional)
        return values[:split], dict(zip(self._keyword_only, values[split:], strict=True))

    def _from_array(self, payload: bytes) -> Arguments:
        if self._array_lacks:
            raise self._misfit(f"it must be an object, since `{self._array_lacks[0]}` goes by name")
        return self._with_models(astuple(self._arrays.decode(payload))), _NO_KEYWORDS

    def _with_models(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        if not self._readers:
            return values
        read = list(values)
        for place, reader in self._readers.items():
            if place < len(read) and isinstance(read[place], msgspec.Raw):
                read[place] = reader(bytes(read[place]))
        return tuple(read)

    def encode(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> bytes:
        """The payload of a call with these arguments.

        Raises InvalidInput if they do not fit the signature, and PayloadTooLarge.
        """
        named = self._bind(args, kwargs)
        payload = encode(named[self._positional[0]] if self._takes_raw else named, "the arguments")
        if len(payload) > MAX_PAYLOAD_BYTES:
            raise PayloadTooLarge(f"the payload has {len(payload)} bytes, {MAX_PAYLOAD_BYTES} at most", "/payload")
        # Decoding to types skips some parts of the text, which may be wrong.
        if self._keeps_raw or len(payload) > _SHALLOW or not payload.isascii():
            check_json(payload, "/payload")
        arguments, keywords = self._read(payload)
        if self._may_lose_fields:
            self._check_whole(payload, arguments, keywords)
        return payload

    def _check_whole(self, payload: bytes, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> None:
        """Raises Misfit where the arguments, which were read from `payload`, lack some of its fields."""
        value: Any = arguments
        if payload.lstrip(_SPACE)[:1] == b"{":
            read = dict(zip(self._positional, arguments, strict=True)) | dict(keywords)
            value = {name: read[name] for name in _names_in(payload)}
        try:
            check_whole(payload, value)
        except ValueError as error:
            raise self._misfit(str(error)) from None

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


def _holds_raw(hint: Any) -> bool:
    return hint is msgspec.Raw or any(map(_holds_raw, get_args(hint)))


def _decoder(parameters: Sequence[TaskParameter], *, array_like: bool) -> msgspec.json.Decoder[Any]:
    arguments = msgspec.defstruct(
        "Arguments",
        [_field(parameter) for parameter in parameters],
        kw_only=not array_like,
        array_like=array_like,
        forbid_unknown_fields=True,
    )
    return json_decoder(arguments)


def _field(parameter: TaskParameter) -> tuple[str, Any, Any]:
    default = parameter.default
    if default is inspect.Parameter.empty:
        default = msgspec.NODEFAULT
    elif not isinstance(default, _PLAIN):
        value = default
        default = msgspec.field(default_factory=lambda: value)
    return parameter.name, msgspec.Raw if parameter.form.read_by_pydantic else parameter.annotation, default
