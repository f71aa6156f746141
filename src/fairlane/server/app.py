"""The ASGI application: one router over all operations."""

from __future__ import annotations

from collections.abc import Callable

from starlette.routing import Route, Router

from ..access import KnownTokens
from ..backend import Access, StoreBackend
from ..rest.problems import NO_SUCH_PATH, HttpError
from .context import Context
from .http.answers import Receive, Scope, Send, problem_answer
from .http.serving import PathApp
from .routes import ENDPOINTS
from .routes.submit import SUBMIT
from .settings import ServerSettings


def create_app(
    backend: StoreBackend,
    settings: ServerSettings | None = None,
    problem: Callable[[], str | None] | None = None,
    access: Access | None = None,
) -> App:
    """The API of `backend`. The caller closes the backend.

    `problem` says why the server is not ready, beside the state of the store. With `access`, requests need a token.
    """
    settings = settings or ServerSettings()
    tokens = None if access is None else KnownTokens(backend, access, tenant_logs=settings.tenant_logs)
    return App(Context(backend, settings, tokens, problem))


class App:
    """The whole API as one ASGI application."""

    def __init__(self, context: Context) -> None:
        self.context = context
        by_path: dict[str, PathApp] = {}
        for endpoint in ENDPOINTS:
            by_path.setdefault(endpoint.path, PathApp(context)).add(endpoint)
        self._jobs = by_path[SUBMIT.path]
        self._base = context.settings.base_path
        routes = [Route(path, app) for path, app in by_path.items()]
        self._router = Router(routes, redirect_slashes=False, default=_not_found)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._base and f"{scope['path']}/".startswith(self._base + "/"):
            # Some proxies remove the base path, some do not: both are served.
            scope["path"] = scope["path"].removeprefix(self._base) or "/"
        if scope["type"] == "http" and scope["path"] == SUBMIT.path:
            await self._jobs(scope, receive, send)  # the busiest path does not pay for the router
        else:
            await self._router(scope, receive, send)

    def stop_waiting(self) -> None:
        """End long polls and streams of events, so that the server can stop."""
        self.context.stopping.set()
        self.context.hub.stop()
        if self.context.tokens is not None:
            self.context.tokens.stop()


async def _not_found(scope: Scope, receive: Receive, send: Send) -> None:
    answer = problem_answer(HttpError(NO_SUCH_PATH, "There is nothing at this path."))
    await answer.send(send, scope["method"])
