"""The same attacks on every way in that takes a document or a form, over a real socket: one table of ways for all.

What guards the ways is looked at by itself in `security/`; here it is that no way goes round it, or leaves anything.
"""

import base64
import gzip
import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute

from engine.server.app.api import create_api
from engine.server.dependencies.service import Service
from engine.server.documents.received import MOST_MARKS
from engine.server.security.bounds import Bounds, RequestLimits
from engine.server.security.guard import Guard
from engine.server.tika.wordless import wordless
from tests.engine.server.fakes import FakeEngine
from tests.engine.server.raw import TOKEN, Answer, Server, request
from tests.engine.server.raw import serving as serving_raw
from tests.engine.server.test_otherdoors import ALL_DOORS
from tests.waiting import wait_until

MAX_UPLOAD = 100_000
LIMITS = replace(RequestLimits.for_uploads(MAX_UPLOAD), plain_bytes=200_000, idle_s=0.5)
FORM_TYPE = "multipart/form-data; boundary=xxx"
TOO_LONG = 504
"""The answer of ways that wait for a conversion: here nothing is ever converted."""


@dataclass(frozen=True)
class Way:
    """A route that takes something in."""

    start: str
    kind: str
    wrap: Callable[[bytes, str], bytes]
    """A body of its kind, that has a document by a name."""
    accept: str = "*/*"

    @property
    def headers(self) -> tuple[str, ...]:
        return (f"Content-Type: {self.kind}", f"Accept: {self.accept}")

    def __str__(self) -> str:
        return self.start


def as_body(content: bytes, _: str) -> bytes:
    return content


def as_part(field: str) -> Callable[[bytes, str], bytes]:
    def wrap(content: bytes, name: str) -> bytes:
        head = f'--xxx\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'
        return head.encode("utf-8", "surrogateescape") + content + b"\r\n--xxx--\r\n"

    return wrap


def as_source(content: bytes, name: str) -> bytes:
    source = {"kind": "file", "base64_string": base64.b64encode(content).decode(), "filename": name}
    return json.dumps({"sources": [source]}).encode()


def as_data_url(content: bytes, name: str) -> bytes:
    url = f"data:application/pdf;base64,{base64.b64encode(content).decode()}"
    return json.dumps({"document": {"document_url": url, "document_name": name}}).encode()


def as_call(content: bytes, name: str) -> bytes:
    return call_of({"content": base64.b64encode(content).decode(), "filename": name})


def call_of(arguments: dict[str, Any]) -> bytes:
    asked = {"name": "convert", "arguments": arguments}
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": asked}).encode()


BODIES = [
    Way(f"PUT /{path}", "application/octet-stream", as_body)
    for path in ("process", "tika", "tika/text", "rmeta", "rmeta/text", "meta")
]
DETECTED = Way("PUT /detect/stream", "application/octet-stream", as_body)
_CHUNKED = [f"chunk/{chunker}" for chunker in ("hybrid", "hierarchical")]
_LATER = ("", "/async")
FORMS = [
    *(
        Way(f"POST /v1/{what}/file{later}", FORM_TYPE, as_part("files"))
        for what in ("convert", *_CHUNKED)
        for later in _LATER
    ),
    *(
        Way(f"POST /{path}", FORM_TYPE, as_part("upload-file"))
        for path in ("tika/form", "tika/form/text", "rmeta/form/text", "meta/form")
    ),
    Way("POST /v1/files", FORM_TYPE, as_part("file")),
    Way("POST /file_parse", FORM_TYPE, as_part("files")),
    Way("POST /upload", FORM_TYPE, as_part("file")),
]
HAS_MCP = any(door == "mcp" for door in ALL_DOORS)
DOCUMENTS = [
    *(
        Way(f"POST /v1/{what}/source{later}", "application/json", as_source)
        for what in ("convert", *_CHUNKED)
        for later in _LATER
    ),
    Way("POST /v1/ocr", "application/json", as_data_url),
    *([Way("POST /mcp", "application/json", as_call, "application/json")] if HAS_MCP else []),
]
FIELDS = Way("POST /convert", FORM_TYPE, as_part("filename"))
WAYS = [*BODIES, DETECTED, *FORMS, *DOCUMENTS, FIELDS]


class Target(FakeEngine):
    """Keeps whatever comes in, and converts nothing."""

    def take_in(self, file: Path, names: tuple[str, ...], **_: Any) -> Any:
        file.unlink()
        return self.has(len(self.tracker.jobs()) + 1)


class Fortress:
    """A service as it is in the world, and the folders that attacks may not leave anything in."""

    def __init__(self, folder: Path, server: Server, engine: Target) -> None:
        self.folder, self.server, self.engine = folder, server, engine

        self._known: set[Path] = set()

    def begin(self) -> None:
        """What is there now has not been left by the attacks to come."""
        self._known = self._files()

    def left(self) -> set[Path]:
        """The files that attacks have left."""
        return self._files() - self._known

    def _files(self) -> set[Path]:
        return {path for path in self.folder.rglob("*") if path.is_file()}


@contextmanager
def fortress(folder: Path, **settings: Any) -> Iterator[Fortress]:
    values = {"doors": ALL_DOORS, "max_upload": MAX_UPLOAD, "docling_wait": 0.01, "max_submissions": 1e6, **settings}
    engine = Target(folder, **values)
    for place in ("input", "output", "state"):
        (folder / place).mkdir()
    app = Bounds(create_api(Service(engine, lambda now: None)), LIMITS)  # type: ignore[arg-type]
    with serving_raw(wordless(Guard(app, token=TOKEN, wrong_token_s=0))) as server:
        yield Fortress(folder, server, engine)


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fortress]:
    with fortress(tmp_path_factory.mktemp("fort")) as fort:
        yield fort


@pytest.fixture
def fort(standing: Fortress) -> Fortress:
    standing.begin()
    return standing


def ask(fort: Fortress, way: Way, body: bytes, *headers: str, token: str | None = TOKEN) -> Answer:
    return fort.server.ask(way.start, *way.headers, f"Content-Length: {len(body)}", *headers, body=body, token=token)


def each(ways: list[Way]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("way", ways, ids=str)


def all_routes(routes: Iterable[Any]) -> Iterator[APIRoute]:
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        elif included := getattr(route, "original_router", None):
            yield from all_routes(included.routes)


def test_no_way_in_is_left_out(tmp_path: Path) -> None:
    api = create_api(Service(Target(tmp_path, doors=ALL_DOORS), lambda now: None))  # type: ignore[arg-type]
    taking = {
        f"{method} {route.path}"
        for route in all_routes(api.routes)
        if route.body_field is not None or "requestBody" in (route.openapi_extra or {})
        for method in route.methods
    }
    assert len(taking) > len(WAYS) // 2
    known = {way.start.replace("/text", "/{kind}") for way in WAYS} | {
        way.start.replace("/hybrid/", "/{chunker}/") for way in WAYS
    }
    assert {way for way in taking if "/conversions" not in way} - known == set()


@each(WAYS)
def test_nothing_is_read_of_who_may_not_come_in(fort: Fortress, way: Way) -> None:
    huge = f"Content-Length: {10 << 30}"
    before = fort.engine.tracker.jobs()
    for status, headers, token in (
        (401, (), None),
        (401, (), "wrong"),
        (421, ("Host: evil.example",), TOKEN),
        (403, ("Origin: http://evil.example",), TOKEN),
        (403, ("Sec-Fetch-Site: cross-site",), TOKEN),
        (413, (), TOKEN),
    ):
        answer = fort.server.ask(way.start, *way.headers, huge, *headers, token=token)
        assert answer.status == status, (headers, answer.body)
    assert fort.left() == set()
    assert fort.engine.tracker.jobs() == before


@each(WAYS)
def test_what_a_page_may_send_without_asking_is_refused(fort: Fortress, way: Way) -> None:
    for kind in ("text/plain", "text/plain; application/json", ""):
        body = way.wrap(b"%PDF-", "a.pdf")
        path = way.start.split()[1]
        answer = fort.server.ask(f"POST {path}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", body=body)
        assert answer.status == 415, answer.body
    assert fort.left() == set()


@each(WAYS)
def test_an_endless_body_is_cut_off_and_leaves_nothing(fort: Fortress, way: Way) -> None:
    whole = way.wrap(b"%PDF-" + bytes(4 << 20), "a.pdf")
    peer = fort.server.connect()
    peer.send(request(way.start, *way.headers, "Transfer-Encoding: chunked"))
    try:
        for at in range(0, len(whole), 1 << 16):
            piece = whole[at : at + (1 << 16)]
            peer.send(b"%x\r\n%s\r\n" % (len(piece), piece))
    except OSError:
        pass  # it has been answered, and is listened to no more
    answer = peer.answer(way.start.split()[0])
    peer.close()
    assert answer.status == 413 or (way is FIELDS and answer.status == 422), answer.body
    wait_until(lambda: fort.left() == set(), "it to be deleted")


@each([way for way in WAYS if way is not DETECTED])
def test_a_body_that_stops_or_whose_sender_goes_leaves_nothing(fort: Fortress, way: Way) -> None:
    whole = way.wrap(b"%PDF-" + bytes(50_000), "a.pdf")
    gone, slow = fort.server.connect(), fort.server.connect()
    for peer in (gone, slow):
        peer.send(request(way.start, *way.headers, f"Content-Length: {len(whole)}"), whole[:-20_000])
    gone.reset()
    answer = slow.answer(way.start.split()[0])
    assert answer.status == 408 or (way is FIELDS and answer.status == 422), answer.body
    wait_until(lambda: fort.left() == set(), "it to be deleted")


NAMES = [
    "../../../../etc/passwd",
    "..",
    "/etc/passwd",
    "a/../../b.pdf",
    "..\\..\\b.pdf",
    "\x01\x1b[31m.pdf",
    "~$.pdf",
    "x" * 3000 + ".pdf",
    "\u202egpj.pdf",
    "",
]


@each([*BODIES, *FORMS, *DOCUMENTS])
def test_a_name_leads_nowhere(fort: Fortress, way: Way) -> None:
    for name in NAMES:
        quoted = "".join(f"%{byte:02x}" for byte in name.encode())
        headers = (f"X-Filename: {quoted}", f"Content-Disposition: attachment; filename*=UTF-8''{quoted}")
        answer = ask(fort, way, way.wrap(b"%PDF-1.7 no PDF", name), *headers)
        assert answer.status < 500 or answer.status == TOO_LONG, (name, answer.body)
        assert not {b"\x1b", b"\0", b"\x01"} & {bytes([byte]) for byte in answer.body}
    inside = (fort.engine.settings.uploads_folder, fort.engine.settings.input)
    written = fort.left()
    assert {path for path in written if not any(path.is_relative_to(folder) for folder in inside)} == set()
    assert all(len(os.fsencode(path.name)) <= 255 and path.name.isprintable() for path in written)


@each(BODIES)
def test_a_zipped_body_is_no_bomb(fort: Fortress, way: Way) -> None:
    bomb = gzip.compress(bytes(8 << 20), mtime=0)
    assert len(bomb) < MAX_UPLOAD
    for status, body, encoding in (
        (413, bomb, "gzip"),
        (415, gzip.compress(bomb, mtime=0), "gzip, gzip"),
        (415, b"x", "br"),
        (400, b"no gzip", "gzip"),
        (422, bomb[:-4][:20], "gzip"),
    ):
        assert ask(fort, way, body, f"Content-Encoding: {encoding}").status == status
    assert fort.left() == set()


def parts(count: int, head: str, content: bytes = b"x") -> bytes:
    return (
        f"--xxx\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + content + b"\r\n"
    ) * count + b"--xxx--"


@each([*FORMS, FIELDS])
def test_a_form_of_too_many_parts_or_none_is_refused(fort: Fortress, way: Way) -> None:
    field = next(name for name in ("upload-file", "files", "file", "filename") if name.encode() in way.wrap(b"", ""))
    wrong = {
        "fields": parts(101, 'name="a"'),
        "files": parts(101, f'name="{field}"; filename="a.pdf"', b"%PDF-"),
        "other files": parts(1, 'name="evil"; filename="a.pdf"', b"%PDF-"),
        "no name": parts(1, "x=y"),
        "a long field": parts(1, 'name="a"', bytes(70_000)),
        "a long head": parts(1, f'name="{"x" * 100_000}"'),
        "many heads": b"--xxx\r\n" + b"X-Y: z\r\n" * 10_000 + b"\r\n\r\n--xxx--",
        "nothing": b"--xxx--",
        "no end": parts(1, f'name="{field}"; filename="a.pdf"', b"%PDF-")[:-5],
        "no form": b"%PDF-1.7",
        "another": parts(1, f'name="{field}"; filename="a.pdf"', b"%PDF-").replace(b"xxx", b"yyy"),
    }
    for name, body in wrong.items():
        answer = ask(fort, way, body)
        assert answer.status in (400, 413, 415, 422), (name, answer.status, answer.body)
    for kind in (
        "multipart/form-data",
        f"multipart/form-data; boundary={'x' * 5000}",
        "multipart/form-data; boundary=",
    ):
        headers = (f"Content-Type: {kind}", f"Content-Length: {len(wrong['files'])}")
        assert fort.server.ask(way.start, *headers, body=wrong["files"]).status in (400, 415)
    assert fort.left() == set()


@each(DOCUMENTS)
def test_json_of_many_values_is_not_looked_into(fort: Fortress, way: Way) -> None:
    for value in (b"[],", b"{},", b'"":0,', b"1,"):
        body = way.wrap(b"%PDF-", "a.pdf")[:-1] + b',"more":[' + value * (MOST_MARKS // value.count(b",")) + b"0]}"
        assert ask(fort, way, body).status == 413
    assert fort.left() == set()


@each(DOCUMENTS)
def test_json_that_is_none_or_says_nonsense_is_refused(fort: Fortress, way: Way) -> None:
    sent = way.wrap(b"%PDF-", "a.pdf")
    wrong = [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"[" * 150_000,
        b'{"a":' * 30_000,
        b"1" * 100_000,
        sent[:-2],
        sent.replace(b'"a.pdf"', b"[1]"),
        sent.replace(b'"a.pdf"', b"NaN"),
        sent.replace(b"JVBERi0=", b"%%%"),
        sent.replace(b"JVBERi0=", b"A" * 5),
    ]
    for body in wrong:
        answer = ask(fort, way, body)
        is_told = way.start == "POST /mcp" and b'"isError":true' in answer.body
        assert 400 <= answer.status < 500 or is_told, (body[:60], answer.status, answer.body[:300])
    assert fort.left() == set()
    half = ask(fort, way, sent.replace(b'"a.pdf"', b'"\\ud800.pdf"'))
    assert half.status < 500 or half.status == TOO_LONG, half.body


INSIDE = [
    "http://127.0.0.1:1/a.pdf",
    "http://localhost/a.pdf",
    "http://[::1]/a.pdf",
    "http://[::ffff:10.0.0.1]/a.pdf",
    "http://10.0.0.1/a.pdf",
    "http://192.168.1.1/a.pdf",
    "http://169.254.169.254/latest/meta-data",
    "http://100.64.0.1/",
    "http://0.0.0.0/",
    "http://0x7f000001/",
    "http://2130706433/",
    "http://0177.0.0.1/",
    "http://[64:ff9b::7f00:1]/",
    "http://[fe80::1]/",
    "http://[fc00::1]/",
    "http://224.0.0.1/",
    "file:///etc/passwd",
    "ftp://127.0.0.1/a.pdf",
    "gopher://127.0.0.1/",
    "http://me:secret@127.0.0.1/",
    "http:///a.pdf",
    "http://127.0.0.1:99999/",
    "http://\u0001/",
    "/etc/passwd",
    "",
]


@pytest.fixture(scope="module")
def fetching(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fortress]:
    with fortress(tmp_path_factory.mktemp("fetching"), docling_fetch=("*",)) as fort:
        yield fort


def naming(way: Way, url: str) -> bytes:
    if way.wrap is as_source:
        return json.dumps({"sources": [{"kind": "http", "url": url}]}).encode()
    if way.wrap is as_data_url:
        return json.dumps({"document": {"document_url": url}}).encode()
    return call_of({"url": url})


@each(DOCUMENTS)
def test_nothing_is_fetched_from_inside(fetching: Fortress, way: Way) -> None:
    for url in INSIDE:
        answer = ask(fetching, way, naming(way, url))
        is_told = way.start == "POST /mcp" and b'"isError":true' in answer.body
        assert 400 <= answer.status < 500 or is_told, (url, answer.status, answer.body[:300])
        assert b"secret" not in answer.body
    assert fetching.engine.tracker.jobs() == []
    assert fetching.left() == set()
