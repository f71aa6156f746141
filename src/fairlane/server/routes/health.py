"""Liveness and readiness."""

from __future__ import annotations

import asyncio

from ...model.errors import StoreUnavailable
from ...rest.monitor import Health
from ...rest.problems import NOT_READY, HttpError
from ..http.call import Call
from ..http.endpoint import LenientEndpoint


async def livez(call: Call) -> Health:
    """The server runs. Says nothing of the store."""
    return Health()


async def readyz(call: Call) -> Health:
    """The store takes writes; for `fairlane up`, all workers run, too."""
    problem = call.context.problem and call.context.problem()
    if problem:
        raise HttpError(NOT_READY, problem)
    try:
        async with asyncio.timeout(call.context.settings.ready_timeout_seconds):
            await call.backend.monitor.check_ready()
    except TimeoutError:
        raise StoreUnavailable("the store does not answer") from None
    return Health()


ENDPOINTS = (
    LenientEndpoint("GET", "/livez", livez).open_to_anyone(),
    LenientEndpoint("GET", "/readyz", readyz).open_to_anyone(),
)
