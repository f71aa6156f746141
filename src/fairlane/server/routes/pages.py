"""The dashboard, the page that shows the API's document, and the files that they load."""

from __future__ import annotations

from http import HTTPStatus

from ..answers import Answer
from ..assets import dashboard
from ..call import Call
from ..endpoint import Endpoint, Handler, Reply
from ..problems import HttpError


async def asset(call: Call) -> Answer:
    """A file of the pages."""
    found = dashboard().asset(call.path("fingerprint"), call.path("path"))
    if found is None:
        raise HttpError(HTTPStatus.NOT_FOUND, "not_found", "There is no such file in this version of the dashboard.")
    return found.answer(call)


def _page(name: str) -> Handler:
    async def page(call: Call) -> Answer:
        return dashboard().page(name).answer(call)

    return page


# The dashboard finds its own page from the path; all below /ui is one document.
ENDPOINTS = (
    Endpoint("GET", "/", _page("index.html"), replies={200: Reply()}),
    Endpoint("GET", "/ui", _page("index.html"), replies={200: Reply()}),
    Endpoint("GET", "/ui/{path:path}", _page("index.html"), replies={200: Reply()}),
    Endpoint("GET", "/docs", _page("docs.html"), replies={200: Reply()}),
    Endpoint("GET", "/assets/{fingerprint}/{path:path}", asset, replies={200: Reply()}),
)
