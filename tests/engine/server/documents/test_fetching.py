"""Documents come from hosts that are allowed, and from no private address, whatever a name or a redirect says."""

import asyncio
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import ClassVar

import pytest
from fastapi import HTTPException

from engine.server.documents.fetching import Fetcher, is_public

LOCAL = "127.0.0.1"


class Elsewhere(BaseHTTPRequestHandler):
    """A web server that documents are on."""

    asked: ClassVar[list[tuple[str, str, str | None]]] = []

    def do_GET(self) -> None:
        self.asked.append((self.headers["Host"], self.path, self.headers.get("Authorization")))
        _, kind, *rest = self.path.split("/", 2)
        if kind == "redirect":
            self.send_response(302)
            self.send_header("Location", rest[0])
            self.end_headers()
            return
        self.send_response(200 if kind == "a" else 500)
        if kind == "a":
            self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(bytes(1000))

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with ThreadingHTTPServer((LOCAL, 0), Elsewhere) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.fixture
def fetcher() -> Fetcher:
    """For which this machine is the internet, and 10.0.0.1 is not."""
    Elsewhere.asked.clear()

    async def look_up(host: str, port: int) -> list[str]:
        return {"inside.example": ["10.0.0.1"], "both.example": [LOCAL, "10.0.0.1"]}.get(host, [LOCAL])

    hosts = ("files.example", "*.example", LOCAL)
    return Fetcher(hosts, 1000, look_up=look_up, may_call=lambda address: str(address) == LOCAL)


async def refusal(fetcher: Fetcher, url: str, folder: Path, headers: dict[str, str] | None = None) -> tuple[int, str]:
    with pytest.raises(HTTPException) as refused:
        await fetcher.fetch(url, headers or {}, folder)
    return refused.value.status_code, str(refused.value.detail)


async def test_a_document_comes_from_where_it_is_allowed_to(fetcher: Fetcher, port: int, tmp_path: Path) -> None:
    found = await fetcher.fetch(f"http://files.example:{port}/a/my%20file.pdf?x=1", {"Authorization": "me"}, tmp_path)
    with found.stream:
        assert (found.filename, found.stream.tell()) == ("my file.pdf", 1000)
    assert Elsewhere.asked == [(f"files.example:{port}", "/a/my%20file.pdf?x=1", "me")]
    assert list(tmp_path.iterdir()) == []


async def test_a_redirect_is_followed_and_another_place_is_not_told_who_asks(
    fetcher: Fetcher, port: int, tmp_path: Path
) -> None:
    there = f"http://other.example:{port}/a/x.pdf"
    found = await fetcher.fetch(f"http://files.example:{port}/redirect/{there}", {"Authorization": "me"}, tmp_path)
    found.stream.close()
    assert [(host.partition(":")[0], who) for host, _, who in Elsewhere.asked] == [
        ("files.example", "me"),
        ("other.example", None),
    ]


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://elsewhere.org/a.pdf", "docling_fetch does not name it"),
        ("http://example.org/a.pdf", "docling_fetch does not name it"),
        ("http://inside.example/a.pdf", "its address is private"),
        ("http://both.example/a.pdf", "its address is private"),
        ("ftp://files.example/a.pdf", "http:// or https://"),
        ("file:///etc/passwd", "http:// or https://"),
        ("http://me:secret@files.example/a.pdf", "http:// or https://"),
        ("//files.example/a.pdf", "http:// or https://"),
    ],
)
async def test_nothing_is_fetched_from_elsewhere(fetcher: Fetcher, tmp_path: Path, url: str, why: str) -> None:
    status, sentence = await refusal(fetcher, url, tmp_path)
    assert (status, why in sentence, "secret" in sentence) == (400, True, False)
    assert Elsewhere.asked == []


@pytest.mark.parametrize("there", ["http://inside.example/", "http://elsewhere.org/", "file:///etc/passwd"])
async def test_a_redirect_leads_nowhere_that_a_url_may_not(
    fetcher: Fetcher, port: int, tmp_path: Path, there: str
) -> None:
    status, _ = await refusal(fetcher, f"http://files.example:{port}/redirect/{there}", tmp_path)
    assert (status, len(Elsewhere.asked)) == (400, 1)


async def test_a_circle_of_redirects_has_an_end(fetcher: Fetcher, port: int, tmp_path: Path) -> None:
    status, _ = await refusal(fetcher, f"http://files.example:{port}/redirect/redirect", tmp_path)
    assert status == 422


async def test_what_is_too_big_is_not_taken_in(fetcher: Fetcher, port: int, tmp_path: Path) -> None:
    fetcher._most = 999
    assert (await refusal(fetcher, f"http://files.example:{port}/a/x", tmp_path))[0] == 413


async def test_what_cannot_be_had_is_a_sentence(fetcher: Fetcher, port: int, tmp_path: Path) -> None:
    assert await refusal(fetcher, f"http://files.example:{port}/b", tmp_path) == (
        422, "files.example answered 500 instead of a document.",
    )  # fmt: skip
    headers = {"Bad\r\nHeader": "x"}
    assert (await refusal(fetcher, f"http://files.example:{port}/a/x", tmp_path, headers))[0] == 422
    assert (await refusal(fetcher, "http://files.example:99999/", tmp_path))[0] == 400
    assert (await refusal(fetcher, f"http://{'x' * 300}.example/", tmp_path))[0] in (400, 422)


async def test_a_place_that_says_nothing_is_left(tmp_path: Path) -> None:
    async def look_up(host: str, port: int) -> list[str]:
        await asyncio.Event().wait()
        return []

    slow = Fetcher(("*",), 1000, look_up=look_up, longest_s=0.01)
    assert await refusal(slow, "http://files.example/", tmp_path) == (422, "The document did not come within 0.01 s.")


async def test_nothing_is_fetched_unless_hosts_are_named(tmp_path: Path) -> None:
    assert (await refusal(Fetcher((), 1000), "http://files.example/", tmp_path))[0] == 400


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://[::1]:1/", "http://localhost:1/", "http://2130706433/"])
async def test_this_machine_is_private_by_whatever_name(url: str, tmp_path: Path) -> None:
    status, _ = await refusal(Fetcher(("*",), 1000), url, tmp_path)
    assert status == 400


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("::ffff:93.184.216.34", True),
        *((private, False) for private in (
            "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
            "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "fec0::1", "ff02::1",
            "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:1:2:0:0:80ff:fffe",
        )),
    ],
)  # fmt: skip
def test_what_is_public(address: str, expected: bool) -> None:
    assert is_public(ip_address(address)) is expected
