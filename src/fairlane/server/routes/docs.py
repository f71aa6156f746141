"""The OpenAPI document."""

from __future__ import annotations

from collections.abc import Sequence

from ..http.answers import Answer
from ..http.call import Call
from ..http.endpoint import Endpoint, Reply
from ..http.openapi import openapi_document


def endpoints(api: Sequence[Endpoint]) -> tuple[Endpoint, ...]:
    """The endpoint that describes `api`."""
    document = Answer(200, openapi_document(api))

    async def openapi(call: Call) -> Answer:
        """This document."""
        return document

    return (Endpoint("GET", "/openapi.json", openapi, replies={200: Reply()}),)
