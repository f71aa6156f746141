"""Settings of the API server."""

from __future__ import annotations

import re

import msgspec

from ..model.errors import InvalidInput

_BASE_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)+", re.ASCII)
_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of the server, and the host names that it answers to."""

    base_path: str = ""
    """The path below which clients see the API, such as "/queues", for a proxy that serves other things too."""
    allowed_hosts: frozenset[str] | None = _LOOPBACK_NAMES
    """Names that a request may have in its Host header, in lower case; None for all names."""
    max_connections: int = 2_000
    """Connections at once. Each further one is refused."""
    proxies: tuple[str, ...] = ()
    """Addresses and networks of reverse proxies whose X-Forwarded-For and X-Forwarded-Proto count."""
    request_seconds: float = 30.0
    """The time for a whole request, head and body, to arrive."""
    stalled_seconds: float = 30.0
    """How long a client may leave an answer unread. Then the server closes the connection."""
    linger_seconds: float = 10.0
    """How long the server reads and discards a body that is too large, so that its sender sees the refusal."""
    metrics_tenants: int = 20
    """How many tenants `/metrics` names, those with the most waiting jobs."""
    tenant_logs: bool = False
    """Whether tenants' tokens may read the logs of their jobs."""
    ready_timeout_seconds: float = 2.0
    """How long `/readyz` waits for an answer of the store."""


def check_base_path(path: str) -> str:
    """Return `path` without a slash at its end. Raises InvalidInput unless it is empty or looks like "/queues"."""
    path = path.rstrip("/")
    if path and (_BASE_PATH.fullmatch(path) is None or {".", ".."} & set(path.split("/"))):
        raise InvalidInput(f'a base path must look like "/queues" or "/tools/queues", not {path!r}')
    return path


def allowed_hosts_for(given: str, bound: str) -> frozenset[str]:
    """The Host names of a server that was started with the host `given` and listens on the loopback address `bound`.

    Only its own names, since any web page could otherwise reach it under a name that it points there.
    """
    return _LOOPBACK_NAMES | {bound, given.lower().removesuffix(".")}
