"""The OpenAPI document, the pages for people, and their scripts."""

from __future__ import annotations

from collections.abc import Sequence

from ..answers import Answer
from ..call import Call
from ..endpoint import Endpoint, Handler, Reply
from ..openapi import openapi_document
from ..page import read_page


def endpoints(api: Sequence[Endpoint]) -> tuple[Endpoint, ...]:
    """The endpoints that describe `api`, and the pages."""
    document = Answer(200, openapi_document(api))

    async def openapi(call: Call) -> Answer:
        """This document."""
        return document

    return (
        Endpoint("GET", "/openapi.json", openapi, replies={200: Reply()}),
        Endpoint("GET", "/", _page("index.html"), replies={200: Reply()}),
        Endpoint("GET", "/docs", _page("docs.html"), replies={200: Reply()}),
        *(
            Endpoint("GET", f"/static/{name}", _page(name), replies={200: Reply()})
            for name in ("page.css", "index.js", "docs.js")
        ),
    )


def _page(name: str) -> Handler:
    answer = read_page(name)

    async def page(call: Call) -> Answer:
        return answer

    return page
