"""The ASGI application: one router over all operations."""

from __future__ import annotations

from typing import Any

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from ..backend import Backend
from ..rest.problems import NO_SUCH_PATH, PROBLEM_TYPE, HttpError
from .context import Context
from .http.answers import Receive, Scope, Send, problem_answer
from .http.serving import PathApp
from .routes import ENDPOINTS
from .routes.submit import SUBMIT
from .settings import ServerSettings


def create_app(backend: Backend, settings: ServerSettings | None = None) -> App:
    """The API of `backend`. The caller closes the backend."""
    return App(Context(backend, settings or ServerSettings()))


class App:
    """The whole API as one ASGI application."""

    def __init__(self, context: Context) -> None:
        self.context = context
        by_path: dict[str, PathApp] = {}
        for endpoint in ENDPOINTS:
            by_path.setdefault(endpoint.path, PathApp(context)).add(endpoint)
        self._jobs = by_path[SUBMIT.path]
        self._router = Starlette(
            routes=[Route(path, app) for path, app in by_path.items()], exception_handlers={404: _not_found}
        )
        self._router.router.redirect_slashes = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == SUBMIT.path:
            await self._jobs(scope, receive, send)  # the busiest path does not pay for the router
        else:
            await self._router(scope, receive, send)

    def stop_waiting(self) -> None:
        """End long polls and streams of events, so that the server can stop."""
        self.context.stopping.set()
        self.context.hub.stop()


async def _not_found(request: Any, error: Exception) -> Response:
    answer = problem_answer(HttpError(NO_SUCH_PATH, "There is nothing at this path."))
    return Response(answer.body, answer.status, media_type=PROBLEM_TYPE)
