"""The OpenAPI document."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from ..http.answers import JSON_TYPE, Answer
from ..http.call import Call
from ..http.endpoint import Endpoint, Reply
from ..http.files import UNCHANGED_ONLY, File
from ..http.openapi import openapi_document


def endpoints(api: Sequence[Endpoint]) -> tuple[Endpoint, ...]:
    """The endpoint that describes `api`."""

    @lru_cache(maxsize=1)
    def document(base_path: str, with_tokens: bool) -> File:
        return File(openapi_document(api, base_path, with_tokens=with_tokens), JSON_TYPE, (UNCHANGED_ONLY,))

    async def openapi(call: Call) -> Answer:
        """This document."""
        return document(call.public_path(""), call.context.tokens is not None).answer(call)

    return (Endpoint("GET", "/openapi.json", openapi, replies={200: Reply()}).open_to_anyone(),)
