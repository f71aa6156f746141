"""Listening sockets: beyond loopback only with access tokens, and a plain reason for each refusal."""

import contextlib
import socket

import pytest

from fairlane.model.errors import InvalidInput
from fairlane.runtime.settings import parse_address
from fairlane.runtime.sockets import CannotListen, address_of, listen, listen_for_api


def test_a_free_port_is_taken_and_told() -> None:
    with contextlib.closing(listen("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert address_of(listener) == f"http://127.0.0.1:{port}"
        socket.create_connection(("127.0.0.1", port), 1).close()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])  # noqa: S104  refused
def test_beyond_loopback_it_is_refused_without_tokens(host: str) -> None:
    with pytest.raises(InvalidInput, match="fairlane tokens create --kind admin"):
        listen_for_api(host, 0, with_tokens=False)


def test_health_and_metrics_listen_on_an_address_that_is_named() -> None:
    with contextlib.closing(listen(*parse_address("0.0.0.0:0"))) as listener:
        assert listener.getsockname()[0] == "0.0.0.0"  # noqa: S104
    with contextlib.closing(listen(*parse_address("0"))) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"


def test_with_tokens_the_api_listens_on_every_address() -> None:
    with contextlib.closing(listen_for_api("0.0.0.0", 0, with_tokens=True)) as listener:  # noqa: S104
        assert listener.getsockname()[0] == "0.0.0.0"  # noqa: S104


def test_a_port_that_is_taken_is_told() -> None:
    with contextlib.closing(listen("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(CannotListen, match=f"^port {port} on 127.0.0.1 is taken"):
            listen("127.0.0.1", port)


def test_an_unknown_host_is_told() -> None:
    with pytest.raises(CannotListen, match="not known"):
        listen("no-such-host.invalid", 0)
