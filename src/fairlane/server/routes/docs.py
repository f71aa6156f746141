"""The OpenAPI document."""

from __future__ import annotations

from collections.abc import Sequence

from ..answers import Answer
from ..call import Call
from ..endpoint import Endpoint, Reply
from ..openapi import openapi_document


def endpoints(api: Sequence[Endpoint]) -> tuple[Endpoint, ...]:
    """The endpoint that describes `api`."""
    document = Answer(200, openapi_document(api))

    async def openapi(call: Call) -> Answer:
        """This document."""
        return document

    return (Endpoint("GET", "/openapi.json", openapi, replies={200: Reply()}),)
