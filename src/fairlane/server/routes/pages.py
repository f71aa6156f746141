"""The dashboard, the API documentation, and the files that these pages load."""

from __future__ import annotations

from ...rest.problems import NO_SUCH_PATH, HttpError
from ..assets import dashboard
from ..http.answers import Answer
from ..http.call import Call
from ..http.endpoint import Handler, LenientEndpoint, Reply


async def asset(call: Call) -> Answer:
    """A file that a page loads."""
    found = dashboard(call.public_path("")).asset(call.path("fingerprint"), call.path("path"))
    if found is None:
        raise HttpError(NO_SUCH_PATH, "There is no such file in this version of the dashboard.")
    return found.answer(call)


def _page(name: str) -> Handler:
    async def page(call: Call) -> Answer:
        return dashboard(call.public_path("")).page(name).answer(call)

    return page


# The dashboard finds its own page, and what it shows, from path and query; all below /ui is one document.
_HANDLERS = {
    "/": _page("index.html"),
    "/ui": _page("index.html"),
    "/ui/{path:path}": _page("index.html"),
    "/docs": _page("docs.html"),
    "/sign-in": _page("sign-in.html"),
    "/assets/{fingerprint}/{path:path}": asset,
}
ENDPOINTS = tuple(
    LenientEndpoint("GET", path, handler, replies={200: Reply()}).open_to_anyone()
    for path, handler in _HANDLERS.items()
)
