"""What can be set about the API server."""

from __future__ import annotations

import ipaddress

import msgspec

_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of the server, and the host names that it answers to."""

    allowed_hosts: frozenset[str] | None = _LOOPBACK_NAMES
    """Names that a request's Host header may carry; None for any."""
    request_seconds: float = 30.0
    """Within which a request must have arrived, head and body."""
    linger_seconds: float = 10.0
    """For which a body that is too large is still read and thrown away, so that its sender sees the refusal."""
    ready_timeout_seconds: float = 2.0
    """Within which the store must answer for the server to count as ready."""


def allowed_hosts_for(bind_host: str) -> frozenset[str] | None:
    """The Host names for a server that listens on `bind_host`.

    On loopback only its own names, since any web page could otherwise reach it under a name that it
    points there. A server that listens beyond it is reached by names that it cannot know.
    """
    if bind_host == "localhost" or _is_loopback(bind_host):
        return _LOOPBACK_NAMES | {bind_host}
    return None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
