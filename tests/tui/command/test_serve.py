"""The sockets of an engine without a screen."""

import contextlib
import socket
from pathlib import Path

import pytest

from engine.base.errors import SettingsError
from engine.base.sockets import socket_path
from engine.server.app.systemd import Systemd
from engine.settings.settings import Settings
from tui.command.background import Order, TcpOrder
from tui.command.serve import open_doors


def test_a_tcp_socket_of_systemd_s_is_taken_and_the_engine_s_own_is_there_too(tmp_path: Path) -> None:
    given = socket.create_server(("127.0.0.1", 0))
    doors = open_doors(Order(Settings(state=tmp_path), tcp=TcpOrder()), Systemd(listening=(given,)))
    with contextlib.closing(doors.local), contextlib.closing(given):
        assert doors.tcp is not None
        assert doors.tcp.channel is given
        assert doors.tcp.token is not None
        assert socket_path(tmp_path).is_socket()


def test_a_unix_socket_of_systemd_s_would_let_in_everybody_so_it_is_refused(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as given:
        given.bind(str(tmp_path / "s"))
        with pytest.raises(SettingsError, match="The only Unix socket that systemd can bind"):
            open_doors(Order(Settings(state=tmp_path), tcp=TcpOrder()), Systemd(listening=(given,)))
