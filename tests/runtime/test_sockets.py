"""The API's socket: on loopback only, and told plainly where it cannot be had."""

import contextlib
import socket

import pytest

from fairlane.model.errors import InvalidInput
from fairlane.runtime.sockets import CannotListen, address_of, listen


def test_a_free_port_is_taken_and_told() -> None:
    with contextlib.closing(listen("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert address_of(listener) == f"http://127.0.0.1:{port}"
        socket.create_connection(("127.0.0.1", port), 1).close()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])  # noqa: S104  refused
def test_beyond_loopback_it_is_refused_without_tokens(host: str) -> None:
    with pytest.raises(InvalidInput, match="tokens"):
        listen(host, 0)


def test_a_port_that_is_taken_is_told() -> None:
    with contextlib.closing(listen("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(CannotListen, match=f"^port {port} on 127.0.0.1 is taken"):
            listen("127.0.0.1", port)


def test_an_unknown_host_is_told() -> None:
    with pytest.raises(CannotListen, match="not known"):
        listen("no-such-host.invalid", 0)
