"""Whole numbers with a fraction of zero, such as `3.0`: JSON Schema counts them as integers, the decoder does not."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Raw, inspect

MAX_BYTES = 512 * 1024
"""Of a text to rewrite. Larger ones would hold the event loop for too long."""
_as_object = msgspec.json.Decoder(dict[str, Raw]).decode
_as_array = msgspec.json.Decoder(list[Raw]).decode
_as_value = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


def with_integers(text: bytes, kind: Any) -> bytes:
    """The JSON text with whole numbers written as integers, wherever `kind` has an integer. All else stays as it is.

    Raises msgspec.DecodeError for text that is not JSON.
    """
    return text if len(text) > MAX_BYTES else bytes(_rewritten(Raw(text), _type_of(kind)))


@lru_cache(maxsize=64)
def _type_of(kind: Any) -> inspect.Type:
    return inspect.type_info(kind)


def _rewritten(raw: Raw, kind: inspect.Type) -> Raw:
    first = bytes(raw).lstrip()[:1]
    match kind:
        case inspect.Metadata():
            return _rewritten(raw, kind.type)
        case inspect.UnionType():
            for member in kind.types:
                raw = _rewritten(raw, member)
        case inspect.IntType() if first in b"-0123456789":
            number = _as_value(raw)
            if isinstance(number, float) and number.is_integer():
                return Raw(b"%d" % number)
        case inspect.ListType() | inspect.VarTupleType() if first == b"[":
            return Raw(_encode([_rewritten(item, kind.item_type) for item in _as_array(raw)]))
        case inspect.StructType() if first == b"{":
            fields = {field.encode_name: field.type for field in kind.fields}
            members = _as_object(raw).items()
            return Raw(_encode({name: _rewritten(of, fields[name]) if name in fields else of for name, of in members}))
    return raw
