"""Cursors of listings. A cursor is sealed: a client can neither read nor make one, nor use it for another listing.

The seal is a synthetic initialization vector (SIV; Rogaway and Shrimpton 2006) from functions of the standard library:
the tag authenticates the content together with the query, and starts the key stream that hides the content. The key
is in the store, so each server of a store takes the cursors of the others.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import TypeVar

import msgspec

from ..model.errors import InvalidInput
from ..model.job import JobQuery
from . import keys
from .calls import Calls

_TAG = 16
_encode = msgspec.msgpack.Encoder().encode

T = TypeVar("T")


class Cursors:
    """Seals and opens the cursors of one store."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._key = b""

    async def seal(self, content: msgspec.Struct, query: JobQuery) -> str:
        """The cursor of a page of `query`."""
        key, plain = await self._store_key(), _encode(content)
        tag = _tag(key, plain, query)
        return base64.urlsafe_b64encode(tag + _hidden(key, tag, plain)).decode().rstrip("=")

    async def open(self, query: JobQuery, kind: type[T]) -> T | None:
        """The content of the query's cursor; None if it has none. Raises InvalidInput unless `seal` made it."""
        if query.cursor is None:
            return None
        key = await self._store_key()
        try:
            sealed = base64.urlsafe_b64decode(query.cursor.encode("ascii") + b"=" * (-len(query.cursor) % 4))
        except (binascii.Error, ValueError) as error:
            raise InvalidInput("not a cursor of this listing", "/cursor") from error
        tag = sealed[:_TAG]
        plain = _hidden(key, tag, sealed[_TAG:])
        if not hmac.compare_digest(tag, _tag(key, plain, query)):
            raise InvalidInput("not a cursor of this listing", "/cursor")
        return msgspec.msgpack.decode(plain, type=kind)

    async def _store_key(self) -> bytes:
        if not self._key:
            self._key = await self._calls.command("HGET", keys.META, keys.CURSOR_KEY)
        return self._key


def _tag(key: bytes, plain: bytes, query: JobQuery) -> bytes:
    listing = _encode(msgspec.structs.replace(query, cursor=None, limit=0, include=frozenset()))
    return hashlib.blake2b(len(listing).to_bytes(4) + listing + plain, key=key, digest_size=_TAG).digest()


def _hidden(key: bytes, tag: bytes, text: bytes) -> bytes:
    """`text` combined with the key stream; doing so twice gives the text."""
    stream = hashlib.shake_256(key + tag).digest(len(text))
    return bytes(a ^ b for a, b in zip(text, stream, strict=True))
