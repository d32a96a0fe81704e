"""Fetches documents that a client names by URL, from hosts that the settings allow and from no private address.

The address is looked up here, judged, and then connected to as it is: a name that leads elsewhere a moment later leads
nowhere. Each redirect is judged like the first URL. Proxies that the environment names are not used, since they would
look the name up themselves.
"""

import asyncio
import ipaddress
import socket
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO
from urllib.parse import unquote

import httpx
from fastapi import HTTPException

from engine.base.safetext import display_text

LONGEST_S = 60.0
"""For all of it: names, redirects and the document."""
MOST_REDIRECTS = 5
_QUIET_S = 15.0
"""Without a byte."""
_MOST_HEADERS = 20
_PORTS = {"http": 80, "https": 443}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NOT_PASSED_ON = frozenset({"host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "expect"})
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
"""By which IPv4 is reached from IPv6 (RFC 6052)."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
LookUp = Callable[[str, int], Awaitable[list[str]]]


@dataclass(frozen=True, slots=True)
class Fetched:
    """A document that has come in whole."""

    filename: str
    stream: BinaryIO


class Fetcher:
    """Keeps no state."""

    def __init__(
        self,
        hosts: tuple[str, ...],
        most_bytes: int,
        *,
        look_up: LookUp | None = None,
        may_call: Callable[[Address], bool] | None = None,
        longest_s: float = LONGEST_S,
    ) -> None:
        """`hosts` as the setting `docling_fetch` has them."""
        self._hosts = hosts
        self._most = most_bytes
        self._look_up = look_up or _look_up
        self._may_call = may_call or is_public
        self._longest_s = longest_s

    async def fetch(self, url: str, headers: Mapping[str, str], scratch: Path) -> Fetched:
        """Fetch a document into a file of no name in `scratch`. Raises `HTTPException` 400, 413 or 422."""
        if not self._hosts:
            raise HTTPException(400, "A source of kind http is refused: docling_fetch names no host to fetch from.")
        try:
            async with asyncio.timeout(self._longest_s):
                return await self._follow(url, _passed_on(headers), scratch)
        except TimeoutError:
            raise HTTPException(422, f"The document did not come within {self._longest_s:g} s.") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError, ValueError) as error:
            raise HTTPException(422, f"The document cannot be fetched: {_reason(error)}.") from None

    async def _follow(self, url: str, headers: Mapping[str, str], scratch: Path) -> Fetched:
        place = httpx.URL(url)
        for _ in range(MOST_REDIRECTS + 1):
            address = await self._judge(place)
            async with (
                httpx.AsyncClient(trust_env=False, timeout=_QUIET_S, follow_redirects=False) as client,
                client.stream(
                    "GET",
                    place.copy_with(host=address),
                    headers={**headers, "Host": place.netloc.decode("ascii"), "Accept-Encoding": "identity"},
                    extensions={"sni_hostname": place.host} if place.scheme == "https" else {},
                ) as answer,
            ):
                if answer.status_code in _REDIRECTS:
                    there = place.join(answer.headers.get("location", ""))
                    headers = headers if _origin(there) == _origin(place) else {}
                    place = there
                    continue
                if answer.status_code != 200:
                    raise HTTPException(422, f"{_shown(place)} answered {answer.status_code} instead of a document.")
                return Fetched(_name(place), await self._take(answer, scratch))
        raise HTTPException(
            422, f"{display_text(url[:200])} leads from place to place more than {MOST_REDIRECTS} times."
        )

    async def _judge(self, place: httpx.URL) -> str:
        """The address to connect to. Raises `HTTPException` 400."""
        if place.scheme not in _PORTS or not place.host or place.userinfo or not 0 <= (place.port or 80) < 1 << 16:
            raise HTTPException(
                400, "A document is fetched by http:// or https://, without a name and a password in it."
            )
        host = place.host.lower().removesuffix(".")
        if not any(_fits(host, allowed) for allowed in self._hosts):
            raise HTTPException(400, f"Nothing is fetched from {_shown(place)}: docling_fetch does not name it.")
        found = await self._look_up(place.host, place.port or _PORTS[place.scheme])
        addresses = [ipaddress.ip_address(text.partition("%")[0]) for text in found]
        if not addresses or not all(map(self._may_call, addresses)):
            raise HTTPException(400, f"Nothing is fetched from {_shown(place)}: its address is private.")
        return str(addresses[0])

    async def _take(self, answer: httpx.Response, scratch: Path) -> BinaryIO:
        """The body, on the disk."""
        too_big = HTTPException(413, f"The document is bigger than {self._most:,} bytes (max_upload).")
        length = answer.headers.get("content-length", "")
        if length.isdecimal() and int(length[:20]) > self._most:
            raise too_big
        stream = tempfile.TemporaryFile(dir=scratch)  # noqa: SIM115 - whoever keeps the document closes it
        try:
            size = 0
            async for piece in answer.aiter_raw(1 << 16):
                size += len(piece)
                if size > self._most:
                    raise too_big
                stream.write(piece)
        except BaseException:
            stream.close()
            raise
        return stream


def is_public(address: Address) -> bool:
    """Whether an address is one of the internet's, by whatever way it is written."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None and not is_public(inner):
            return False
        if address.ipv4_mapped is not None:
            return True
        if address.is_site_local:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


async def _look_up(host: str, port: int) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in sorted(found, key=lambda entry: entry[0] != socket.AF_INET)]


def _fits(host: str, allowed: str) -> bool:
    return allowed in ("*", host) or (allowed.startswith("*.") and host.endswith(allowed[1:]))


def _origin(place: httpx.URL) -> tuple[str, str, int | None]:
    return place.scheme, place.host, place.port


def _passed_on(headers: Mapping[str, str]) -> dict[str, str]:
    if len(headers) > _MOST_HEADERS:
        raise HTTPException(422, f"A source has at most {_MOST_HEADERS} headers.")
    return {name: value for name, value in headers.items() if name.lower() not in _NOT_PASSED_ON}


def _name(place: httpx.URL) -> str:
    return PurePosixPath(unquote(place.path)).name or "document.pdf"


def _shown(place: httpx.URL) -> str:
    return display_text(place.host[:100]) or "that place"


def _reason(error: Exception) -> str:
    return display_text(" ".join(str(error).split())[:200]).rstrip(".") or type(error).__name__
