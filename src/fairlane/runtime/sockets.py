"""Listening sockets for the API and the health of a worker.

The API's socket is bound before anything starts, and outlives restarts of the API process.
"""

from __future__ import annotations

import errno
import ipaddress
import socket

from ..model.errors import FairlaneError, InvalidInput

_BACKLOG = 2_048


class CannotListen(FairlaneError):
    """The address cannot be bound."""

    code = "cannot_listen"


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on a loopback address. Raises InvalidInput for others, CannotListen."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise CannotListen(f"host {host!r} is not known: {error}") from None
    family, kind, protocol, _, address = found[0]
    if not ipaddress.ip_address(str(address[0]).partition("%")[0]).is_loopback:
        raise InvalidInput(
            f"fairlane does not listen on {host}: others may not reach it without access tokens, which this version "
            "does not have yet; use a loopback address such as 127.0.0.1"
        )
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
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
