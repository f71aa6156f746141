"""One text for equal values: what a digest is made from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

# Numbers stay as they were written: 1 and 1.0 are different requests, and no digit is lost to rounding.
_decoder = msgspec.json.Decoder(float_hook=msgspec.Raw)
_encoder = msgspec.json.Encoder(order="sorted")


def canonical_json(text: bytes) -> bytes:
    """The JSON text without insignificant white space, its objects sorted by name and its strings escaped alike."""
    return _encoder.encode(_decoder.decode(text))


def non_defaults(struct: msgspec.Struct) -> dict[str, Any]:
    """The fields that differ from their defaults, by name.

    A field that a later release adds is absent until someone uses it, so that releases which run side by side
    make the same digest.
    """
    changed: dict[str, Any] = {}
    for field in msgspec.structs.fields(struct):
        value = getattr(struct, field.name)
        factory = field.default_factory
        default = field.default if factory is msgspec.NODEFAULT else factory()
        if value != default:
            changed[field.name] = non_defaults(value) if isinstance(value, msgspec.Struct) else value
    return changed


def digest(values: Mapping[str, Any]) -> str:
    """A digest of JSON values, whatever their order."""
    return hashlib.sha256(_encoder.encode(values)).hexdigest()
