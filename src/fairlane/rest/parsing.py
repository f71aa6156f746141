"""From untrusted bytes to checked values. Any mistake in them raises a FairlaneError, never another exception."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar
from urllib.parse import parse_qsl

import msgspec

from ..model.errors import InvalidInput
from ..model.json_text import too_deep
from .limits import MAX_ECHO
from .problems import MALFORMED_JSON, HttpError
from .whole_numbers import with_integers

_T = TypeVar("_T")
_Struct = TypeVar("_Struct", bound=msgspec.Struct)
_PLACE = re.compile(r"(?s)(.*) - at `(?:key in )?\$(.*)`")
_FLOAT_FOR_INT = re.compile(r"Expected `int\b[^`]*`, got `float`")
_FIELD = re.compile(r"Object (?:missing required|contains unknown) field `(.*)`", re.DOTALL)


def parse_body(decoder: msgspec.json.Decoder[_T], body: bytes) -> _T:
    """The value of a request body. Raises HttpError 400 for text that is not JSON, InvalidInput for other JSON."""
    try:
        if not body.isascii():
            body.decode()  # values kept as raw text are not checked by the decoder
        return _decoded(decoder, body)
    except msgspec.ValidationError as error:
        raise _invalid(error) from None
    except UnicodeDecodeError:
        raise HttpError(MALFORMED_JSON, "The body is not valid UTF-8.") from None
    except msgspec.DecodeError as error:
        raise HttpError(MALFORMED_JSON, f"The body is not valid JSON: {error}.") from None
    except RecursionError:
        raise too_deep("") from None


def _decoded(decoder: msgspec.json.Decoder[_T], body: bytes) -> _T:
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        if _FLOAT_FOR_INT.match(str(error)) is None:
            raise
    return decoder.decode(with_integers(body, decoder.type))


@contextmanager
def part_of_body(at: str) -> Iterator[None]:
    """Errors raised within have their pointers moved below `at`."""
    try:
        yield
    except InvalidInput as error:
        error.pointer = at + error.pointer
        raise


def parse_query(kind: type[_Struct], query: bytes) -> _Struct:
    """The query parameters as a struct. Raises InvalidInput.

    Unknown parameters are refused, since a filter with a mistyped name would select everything, and so are repeated
    ones, of which only one value would count.
    """
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict")
    except ValueError:
        raise InvalidInput("The query string is not percent-encoded UTF-8.") from None
    given = dict(pairs)
    known = kind.__struct_encode_fields__
    for name in given:
        if name not in known:
            raise _unknown_parameter(name, known)
    if len(given) < len(pairs):
        raise _repeated_parameter([name for name, _ in pairs])
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _invalid(error) from None


def _unknown_parameter(name: str, known: Sequence[str]) -> InvalidInput:
    there_are = f"there are {', '.join(known)}" if known else "this call takes none"
    return InvalidInput(f"there is no query parameter {name[:MAX_ECHO]!r}; {there_are}", f"/{escape(name)}"[:MAX_ECHO])


def _repeated_parameter(names: Sequence[str]) -> InvalidInput:
    name = next(name for name in names if names.count(name) > 1)
    return InvalidInput(f"the query parameter {name!r} is given more than once", f"/{escape(name)}")


def _invalid(error: msgspec.ValidationError) -> InvalidInput:
    detail, path = str(error), ""
    if place := _PLACE.fullmatch(detail):
        detail, path = place[1], place[2]
    pointer = _pointer(path)
    if field := _FIELD.fullmatch(detail):
        pointer += "/" + escape(field[1])
    return InvalidInput(detail[:MAX_ECHO], pointer[:MAX_ECHO])


def _pointer(path: str) -> str:
    """A JSON pointer from the decoder's notation, such as `.jobs[3].headers[...]`."""
    steps = re.findall(r"\.([^.\[]+)|\[(\d+)\]", path)
    return "".join("/" + escape(name or index) for name, index in steps)


def escape(step: str) -> str:
    """One step of a JSON pointer."""
    return step.replace("~", "~0").replace("/", "~1")
