"""The port is taken before anything else starts; whoever comes second is told at once."""

import socket

import pytest

from vedette.app.demo import free_port
from vedette.app.door import address_of, listen
from vedette.contracts.errors import InvalidConfig


def port_of(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])


def test_a_free_port_is_taken_and_named() -> None:
    with listen("127.0.0.1", 0) as listener:
        assert address_of(listener) == f"http://127.0.0.1:{port_of(listener)}"


def test_an_ipv6_address_stands_in_brackets() -> None:
    with listen("::1", 0) as listener:
        assert address_of(listener) == f"http://[::1]:{port_of(listener)}"


def test_a_busy_port_is_said_before_its_holder_answers_anybody() -> None:
    with listen("127.0.0.1", 0) as first:
        busy = port_of(first)
        with pytest.raises(InvalidConfig, match=f"port {busy}: .*; set api.port to a free port"):
            listen("127.0.0.1", busy)
        assert free_port("127.0.0.1", busy) == 0

    assert free_port("127.0.0.1", busy) == busy


def test_a_port_is_free_again_at_once_after_its_last_connection() -> None:
    with listen("127.0.0.1", 0) as first:
        busy = port_of(first)
        with socket.create_connection(("127.0.0.1", busy)):
            first.accept()[0].close()

    listen("127.0.0.1", busy).close()


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(InvalidConfig, match=r"cannot listen on 192\.0\.2\.1"):
        listen("192.0.2.1", 0)
