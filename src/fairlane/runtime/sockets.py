"""Listening sockets for the API and the health of a worker.

The API's socket is bound before anything starts, and outlives restarts of the API process.
"""

from __future__ import annotations

import errno
import ipaddress
import socket
from typing import Any, NamedTuple

from ..model.errors import FairlaneError, InvalidInput

_BACKLOG = 2_048


class CannotListen(FairlaneError):
    """The address cannot be bound."""

    code = "cannot_listen"


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on an address, for pages without secrets. Raises CannotListen."""
    return _listen(_find(host, port), host, port)


def listen_for_api(host: str, port: int, *, with_tokens: bool) -> socket.socket:
    """The socket of the API. Raises CannotListen, and InvalidInput as `check_api_address` does."""
    found = _find(host, port)
    check_api_address(found.address[0], with_tokens=with_tokens)
    return _listen(found, host, port)


def check_api_address(address: str, *, with_tokens: bool) -> None:
    """Raises InvalidInput for an API that other machines could reach without access tokens."""
    if not with_tokens and not _is_loopback(address):
        raise InvalidInput(
            f"fairlane does not listen on {address} without access tokens, since other machines can reach it: create a "
            "first token beside the store with `fairlane tokens create --kind admin --name admin`, then start with "
            "--auth tokens; or use a loopback address such as 127.0.0.1"
        )


class _Found(NamedTuple):
    """An address that a socket can listen on."""

    family: socket.AddressFamily
    kind: socket.SocketKind
    protocol: int
    address: Any


def _find(host: str, port: int) -> _Found:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise CannotListen(f"host {host!r} is not known: {error}") from None
    family, kind, protocol, _, address = found[0]
    return _Found(family, kind, protocol, address)


def _is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback


def _listen(found: _Found, host: str, port: int) -> socket.socket:
    listener = socket.socket(found.family, found.kind, found.protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(found.address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise CannotListen(_reason(host, port, error)) from None
    return listener


def address_of(listener: socket.socket) -> str:
    """The URL of a listening socket."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _reason(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is taken by another program: stop that, or choose another port"
    if error.errno == errno.EACCES:
        return f"port {port} on {host} needs more rights: choose one above 1023"
    return f"cannot listen on {host}, port {port}: {error.strerror}"
