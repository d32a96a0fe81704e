"""Hosts: by which names the engine may be called, and which web pages may call it."""

import ipaddress
import re
from collections.abc import Iterable
from typing import NamedTuple

_AUTHORITY = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?")
_ORIGIN = re.compile(r"(?P<scheme>https?)://(?P<authority>[^/?#@\s]+)")
_PORTS = {"http": 80, "https": 443}


class Authority(NamedTuple):
    """A host, in the one way it is written, and a port where one is named."""

    host: str
    port: int | None

    @classmethod
    def parse(cls, text: bytes) -> "Authority | None":
        """What a `Host` header says, or None if that is nothing."""
        found = _AUTHORITY.fullmatch(text.decode("latin-1"))
        if not found:
            return None
        host, port = found["host"], int(found["port"]) if found["port"] else None
        if port is not None and port > 65_535:
            return None
        if not host.startswith("["):
            return cls(plain_name(host), port)
        try:
            return cls(str(ipaddress.IPv6Address(host[1:-1])), port)
        except ValueError:
            return None

    @property
    def is_address(self) -> bool:
        """Whether the host is an address in figures."""
        try:
            ipaddress.ip_address(self.host)
        except ValueError:
            return False
        return True


class Hosts:
    """The names that count as this machine's.

    A web page can have its own name point to any address (DNS rebinding), and its requests then carry that name. An
    address in figures cannot be made to point elsewhere.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = {"localhost", *(plain_name(name) for name in names)}

    def has(self, authority: Authority) -> bool:
        """Whether the engine may be called so."""
        return authority.host in self._names or authority.is_address


def is_same_origin(origin: bytes, authority: Authority) -> bool:
    """Whether a page with this `Origin` comes from where it is calling."""
    found = _ORIGIN.fullmatch(origin.decode("latin-1"))
    theirs = Authority.parse(found["authority"].encode("latin-1")) if found else None
    if not found or theirs is None:
        return False
    usual = _PORTS[found["scheme"]]
    return theirs.host == authority.host and (theirs.port or usual) == (authority.port or usual)


def plain_name(name: str) -> str:
    """A name in the one way it is compared."""
    return name.lower().removesuffix(".")
