"""The TCP socket: how it is bound, and who may be let in without a token."""

import errno
import ipaddress
import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass

from engine.base.errors import SettingsError

_BACKLOG = 512


@dataclass(frozen=True, slots=True)
class TcpDoor:
    """A bound socket, and what `guard` asks of those who come by it.

    Raises `SettingsError` if there is no token and others than programs on this machine can reach the socket.
    """

    channel: socket.socket
    token: str | None
    """None lets everybody in who reaches the socket."""
    names: tuple[str, ...] = ()
    """By which it may be called, besides `localhost` and addresses in figures."""
    trusted: tuple[str, ...] = ()
    """Networks whose programs need no token."""

    def __post_init__(self) -> None:
        address = self.channel.getsockname()[0]
        if self.token is None and not is_loopback(address):
            raise SettingsError(
                f"Without a token only this machine is let in, and {address} is open to others; "
                "use --host 127.0.0.1, or leave --no-auth out."
            )

    @property
    def url(self) -> str:
        """Where it answers."""
        host, port = self.channel.getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def open_tcp(
    host: str, port: int, token: str | None, names: Iterable[str] = (), trusted: Iterable[str] = ()
) -> TcpDoor:
    """Listen on an address of this machine; port 0 takes one that is free.

    Raises `SettingsError` when that cannot be, or must not be: without a token, only programs on this machine get in.
    """
    channel = _bind(host, port)
    try:
        door = TcpDoor(channel, token, (*names, *([] if _is_address(host) or not host else [host])), tuple(trusted))
        channel.listen(_BACKLOG)
        channel.setblocking(False)
    except BaseException:
        channel.close()
        raise
    return door


def is_loopback(address: str) -> bool:
    """Whether an address in figures is reached from this machine alone."""
    found = ipaddress.ip_address(address.partition("%")[0])
    return (getattr(found, "ipv4_mapped", None) or found).is_loopback


def _bind(host: str, port: int) -> socket.socket:
    try:
        found = socket.getaddrinfo(host or "0.0.0.0", port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise SettingsError(f"There is no address for {host!r}; choose another with --host.") from None
    # A name has several at times; IPv4 first, since that is what every client tries.
    family, kind, protocol, _, address = min(found, key=lambda entry: entry[0] != socket.AF_INET)
    channel: socket.socket | None = None
    try:
        channel = socket.socket(family, kind, protocol)
        channel.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            channel.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, host != "::")
        channel.bind(address)
    except OSError as error:
        if channel is not None:
            channel.close()
        raise SettingsError(_sentence(error, host, port)) from None
    return channel


def _sentence(error: OSError, host: str, port: int) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return f"Port {port} of {host} is taken; choose another with --port."
        case errno.EADDRNOTAVAIL | errno.EAFNOSUPPORT:
            return f"{host} is no address of this machine; choose another with --host."
        case errno.EACCES | errno.EPERM:
            return f"Port {port} may not be used by you; choose one above 1023 with --port."
    return f"Port {port} of {host} cannot be used: {os.strerror(error.errno or 0)}."


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
