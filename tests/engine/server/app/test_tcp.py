"""Where the TCP socket is opened, and whom it lets in without a token."""

import socket

import pytest

from engine.base.errors import SettingsError
from engine.server.app.tcp import TcpDoor, is_loopback, open_tcp
from tests.engine.server.raw import TOKEN


@pytest.mark.parametrize("host", ["0.0.0.0", ""])
def test_without_a_token_others_are_not_let_in(host: str) -> None:
    with pytest.raises(SettingsError, match=r"Without a token only this machine is let in.*--no-auth"):
        open_tcp(host, 0, None)


def test_a_socket_that_somebody_else_has_bound_is_judged_too() -> None:
    with socket.create_server(("0.0.0.0", 0)) as channel:
        with pytest.raises(SettingsError, match=r"0\.0\.0\.0 is open to others"):
            TcpDoor(channel, None)
        assert TcpDoor(channel, TOKEN).url.startswith("http://0.0.0.0:")


def test_a_refused_socket_is_closed() -> None:
    free = open_tcp("127.0.0.1", 0, TOKEN)
    port = free.channel.getsockname()[1]
    free.channel.close()
    with pytest.raises(SettingsError):
        open_tcp("0.0.0.0", port, None)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 5)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "localhost"])
def test_without_a_token_this_machine_is_let_in(host: str) -> None:
    door = open_tcp(host, 0, None)
    with door.channel:
        assert door.token is None


@pytest.mark.parametrize("address", ["127.0.0.1", "127.255.0.1", "::1", "::ffff:127.0.0.1"])
def test_loopback_addresses(address: str) -> None:
    assert is_loopback(address)


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "10.0.0.1", "fe80::1%eth0", "::ffff:10.0.0.1", "128.0.0.1"])
def test_addresses_that_others_reach(address: str) -> None:
    assert not is_loopback(address)


def test_a_port_that_is_taken_is_a_sentence() -> None:
    door = open_tcp("127.0.0.1", 0, TOKEN)
    port = door.channel.getsockname()[1]
    with door.channel, pytest.raises(SettingsError) as caught:
        open_tcp("127.0.0.1", port, TOKEN)
    assert str(caught.value) == f"Port {port} of 127.0.0.1 is taken; choose another with --port."


@pytest.mark.parametrize(
    ("host", "sentence"),
    [
        ("192.0.2.1", "192.0.2.1 is no address of this machine; choose another with --host."),
        ("no.such.invalid", "There is no address for 'no.such.invalid'; choose another with --host."),
        ("x" * 300, f"There is no address for {'x' * 300!r}; choose another with --host."),
        ("-", "There is no address for '-'; choose another with --host."),
    ],
)
def test_a_host_that_is_not_this_machine_is_a_sentence(host: str, sentence: str) -> None:
    with pytest.raises(SettingsError) as caught:
        open_tcp(host, 0, TOKEN)
    assert str(caught.value) == sentence


def test_the_name_it_listens_on_is_one_to_call_it_by() -> None:
    door = open_tcp("localhost", 0, TOKEN, ["pdf.example.org"])
    with door.channel:
        assert door.names == ("pdf.example.org", "localhost")
        assert door.url == f"http://127.0.0.1:{door.channel.getsockname()[1]}"
    door = open_tcp("127.0.0.1", 0, TOKEN, ["pdf.example.org"])
    with door.channel:
        assert door.names == ("pdf.example.org",)


@pytest.mark.skipif(not socket.has_ipv6, reason="needs IPv6")
def test_it_listens_on_ipv6() -> None:
    try:
        door = open_tcp("::1", 0, None)
    except SettingsError as error:
        pytest.skip(str(error))
    with door.channel:
        assert door.url.startswith("http://[::1]:")


def test_a_privileged_port_that_is_refused_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(SettingsError, match=r"Port 80 may not be used by you; choose one above 1023 with --port\."):
        open_tcp("127.0.0.1", 80, TOKEN)


def test_a_port_is_free_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with open_tcp("127.0.0.1", 0, TOKEN).channel as channel:
        assert channel.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR)
        assert not channel.getblocking()
