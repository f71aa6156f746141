"""Files: served compressed to clients that accept it, and sent once to clients that keep them."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Sequence
from http import HTTPStatus

from ...process.lazy import lazy_property
from .answers import FileAnswer, Header
from .call import Call

UNCHANGED_ONLY: Header = (b"cache-control", b"no-cache")
"""Lets clients keep a file, as long as they ask each time whether it has changed."""
_VARY: Header = (b"vary", b"accept-encoding")


class File:
    """One file of this release."""

    def __init__(self, body: bytes, content_type: bytes, headers: Sequence[Header]) -> None:
        self._body = body
        self._type = content_type
        self._headers = (*headers, _VARY)
        self._digest = hashlib.sha256(body).hexdigest()[:20]

    @lazy_property
    def _gzipped(self) -> bytes:
        return gzip.compress(self._body, mtime=0)

    def answer(self, call: Call) -> FileAnswer:
        """The file, or 304 for a client that has it."""
        zipped = accepts_gzip(call.header(b"accept-encoding") or "")
        etag = f'"{self._digest}{"-gzip" if zipped else ""}"'.encode()
        headers: list[Header] = [*self._headers, (b"etag", etag)]
        if _has(call.header(b"if-none-match") or "", etag.decode()):
            return FileAnswer(HTTPStatus.NOT_MODIFIED, b"", b"", headers)
        if not zipped:
            return FileAnswer(HTTPStatus.OK, self._body, self._type, headers)
        return FileAnswer(HTTPStatus.OK, self._gzipped, self._type, [*headers, (b"content-encoding", b"gzip")])


def _has(if_none_match: str, etag: str) -> bool:
    """Whether the client has the file: proxies that compress it make its validator weak."""
    known = re.split(r"\s*,\s*", if_none_match.strip())
    return known == ["*"] or etag in (one.removeprefix("W/") for one in known)


def accepts_gzip(header: str) -> bool:
    """Whether an Accept-Encoding header allows gzip. The entry for gzip counts before the entry `*`."""
    codings = {}
    for part in header.lower().split(","):
        coding, _, quality = part.partition(";")
        codings[coding.strip()] = re.fullmatch(r"\s*q=0(\.0*)?\s*", quality) is None
    return codings.get("gzip", codings.get("*", False))
