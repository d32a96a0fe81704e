"""Sending a file: what is kept, under which name, and that nothing else is left behind."""

import asyncio
import os
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fastapi import HTTPException, Request
from fastapi.testclient import TestClient
from pydantic import ByteSize

from engine.base.sockets import bind, connect, socket_path
from engine.facade.engine import Engine
from engine.job.formats import Format
from engine.job.job import JobState
from engine.server.app.api import create_api
from engine.server.app.listener import serve
from engine.server.dependencies.service import Service
from engine.server.routers import uploads
from engine.server.routers.uploads import FileRules, delete_leftovers, read_form
from engine.server.security.names import names_for
from engine.settings.settings import Settings
from tests import pdfs
from tests.backends import local_backend
from tests.waiting import wait_until

LIMIT = 3 << 20


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, TestClient]]:
    folder = tmp_path_factory.mktemp("uploads")
    settings = Settings(
        input=folder / "input",
        output=folder / "output",
        ocr="never",
        settle=0,
        settle_damaged=0.1,
        max_upload=ByteSize(LIMIT),
    )
    with Engine(settings, backend=local_backend) as running:
        running.pause()
        with TestClient(create_api(Service(running, lambda now: None)), base_url="http://localhost") as client:
            yield running, client


@pytest.fixture
def engine(shared: tuple[Engine, TestClient]) -> Iterator[Engine]:
    running, _ = shared
    yield running
    running.remove(running.cancel([entry.job.id for entry in running.select()]))
    for file in running.settings.input.iterdir():
        file.unlink()


@pytest.fixture
def client(shared: tuple[Engine, TestClient], engine: Engine) -> TestClient:
    return shared[1]


def send(client: TestClient, name: str, data: bytes, **fields: Any) -> Any:
    return client.post("/upload", files={"file": (name, data, "application/pdf")}, data=fields)


def names(engine: Engine) -> list[str]:
    """Everything in the input folder, hidden files too."""
    return sorted(entry.name for entry in engine.settings.input.iterdir())


def filler(size: int) -> bytes:
    """What begins like a PDF and is hard to tell from a boundary."""
    return (b"%PDF-1.7\n" + b"\r\n--\r\r\n\n-" * (size // 9 + 1))[:size]


def multipart(*parts: tuple[bytes, bytes], end: bytes = b"--b--\r\n") -> bytes:
    return (
        b"".join(
            b"--b\r\nContent-Disposition: form-data; " + head + b"\r\n\r\n" + data + b"\r\n" for head, data in parts
        )
        + end
    )


def test_a_file_that_is_sent_lies_in_the_folder_and_is_queued_with_its_options(
    engine: Engine, client: TestClient
) -> None:
    data = pdfs.text_pages(1)
    answer = send(client, "report.pdf", data, formats="json", priority="4", prompt_mode="prompt_ocr")
    assert answer.status_code == 202
    body = answer.json()
    assert set(body) == {"status", "conversion_id", "filename", "message", "queue_size", "active_tasks"}
    assert (body["status"], body["filename"], body["queue_size"]) == ("accepted", "report.pdf", 1)
    assert "prompt_ocr has no effect" in body["message"]
    assert names(engine) == ["report.pdf"]
    assert (engine.settings.input / "report.pdf").read_bytes() == data
    job = engine.find(body["conversion_id"]).job
    assert (job.options.formats, job.priority) == ((Format.JSON,), 4)


def test_the_hot_folder_never_gets_ahead_of_the_options(engine: Engine, client: TestClient) -> None:
    data = pdfs.text_pages(1)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda n: send(client, f"{n}.pdf", data, formats="txt"), range(40)))
    assert [answer.status_code for answer in answers] == [202] * 40
    (hot_folder,) = engine._machinery.hotfolders._all()
    wait_until(lambda: {f"{n}.pdf".encode() for n in range(40)} <= set(hot_folder._known), "the hot folder to see them")
    jobs = [entry.job for entry in engine.select()]
    assert len(jobs) == 40
    assert {job.options.formats for job in jobs} == {(Format.TXT,)}
    assert {job.state for job in jobs} == {JobState.QUEUED}


def test_files_of_one_name_sent_at_once_are_all_kept(engine: Engine, client: TestClient) -> None:
    contents = [pdfs.text_pages(1, title=f"number {n}") for n in range(12)]
    together = threading.Barrier(12)

    def post(data: bytes) -> Any:
        together.wait()
        return send(client, "same.pdf", data)

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(post, contents))
    assert {answer.status_code for answer in answers} == {202}
    kept = {(engine.settings.input / name).read_bytes() for name in names(engine)}
    assert kept == set(contents)
    assert names(engine) == sorted(["same.pdf", *(f"same~{n}.pdf" for n in range(2, 13))])
    assert sorted(entry.job.name for entry in engine.select()) == names(engine)
    for answer, data in zip(answers, contents, strict=True):
        assert (engine.settings.input / answer.json()["filename"]).read_bytes() == data


def test_nothing_that_is_there_is_overwritten(engine: Engine, client: TestClient, tmp_path: Path) -> None:
    root = engine.settings.input
    (tmp_path / "target").write_bytes(b"precious")
    (root / "dangling.pdf").symlink_to(tmp_path / "not-there")
    (root / "link.pdf").symlink_to(tmp_path / "target")
    for name in ("dangling.pdf", "link.pdf"):
        assert send(client, name, pdfs.text_pages(1)).json()["filename"] == name.replace(".pdf", "~2.pdf")
    assert (tmp_path / "target").read_bytes() == b"precious"
    assert not (tmp_path / "not-there").exists()


def test_a_name_that_is_taken_at_the_last_moment_leaves_no_job_behind(
    engine: Engine, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    (engine.settings.input / "taken.pdf").write_bytes(b"somebody else's")
    monkeypatch.setattr(os.path, "lexists", lambda path: False)
    assert send(client, "taken.pdf", pdfs.text_pages(1)).json()["filename"] == "taken~2.pdf"
    assert (engine.settings.input / "taken.pdf").read_bytes() == b"somebody else's"
    assert [entry.job.name for entry in engine.select()] == ["taken~2.pdf"]


def test_a_file_system_without_hard_links_does_not_overwrite_either(
    engine: Engine, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    for expected in ("plain.pdf", "plain~2.pdf"):
        assert send(client, "plain.pdf", pdfs.text_pages(1)).json()["filename"] == expected
    assert names(engine) == ["plain.pdf", "plain~2.pdf"]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../../etc/cron.d/evil.pdf", "evil.pdf"),
        ("/etc/passwd", "passwd.pdf"),
        ("C:\\Users\\me\\brief.pdf", "brief.pdf"),
        ("..\\..\\brief.pdf", "brief.pdf"),
        ("..", "document.pdf"),
        (".pdf", "document.pdf"),
        ("folder/", "document.pdf"),
        (".hidden.pdf", "_hidden.pdf"),
        ("...a.pdf", "_..a.pdf"),
        ("~$draft.pdf", "$draft.pdf"),
        ("half.pdf.part", "half.pdf.part.pdf"),
        ("download.crdownload", "download.crdownload.pdf"),
        ("REPORT.PDF", "REPORT.pdf"),
        ("a\tb\x7f.pdf", "a_b_.pdf"),
        ("evil\u202efdp.exe", "evil_fdp.exe.pdf"),
        ("nul\0.pdf", "nul_.pdf"),
        ("a:b*c?.pdf", "a_b_c_.pdf"),
        ("  spaces .pdf", "spaces.pdf"),
        ("d\u0065\u0301ja.pdf", "d\u00e9ja.pdf"),
        ("\u65e5\u672c\u8a9e.pdf", "\u65e5\u672c\u8a9e.pdf"),
        ("-rf.pdf", "-rf.pdf"),
    ],
)
def test_a_name_from_outside_becomes_one_that_the_hot_folder_takes(sent: str, kept: str) -> None:
    assert next(names_for(sent.encode())) == kept


def test_every_name_offered_is_short_enough_and_different() -> None:
    for sent in ("x" * 5000 + ".pdf", "\u65e5" * 500 + ".pdf", "\U0001f600" * 90):
        offered = list(names_for(sent.encode()))
        assert len(set(offered)) == len(offered) > 100
        assert all(len(name.encode()) <= 255 and name.endswith(".pdf") for name in offered)


@pytest.mark.parametrize("name", [b"\xff\xfe\xe9.pdf", b"a\r.pdf", b'quo\\"te.pdf', b"semi;colon.pdf", b""])
def test_whatever_bytes_the_name_has_the_file_is_kept_and_seen_by_the_hot_folder(
    engine: Engine, client: TestClient, name: bytes
) -> None:
    body = multipart((b'name="file"; filename="' + name + b'"', pdfs.text_pages(1)))
    answer = client.post("/upload", content=body, headers={"Content-Type": "multipart/form-data; boundary=b"})
    assert answer.status_code in (202, 400), answer.text
    if answer.status_code == 202:
        (kept,) = names(engine)
        assert kept.isprintable()
        (hot_folder,) = engine._machinery.hotfolders._all()
        wait_until(lambda: os.fsencode(kept) in hot_folder._known, "the hot folder")
        assert len(engine.select()) == 1
    else:
        assert names(engine) == []


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", 415),
        (b"GIF89a", 415),
        (b"%PDF", 415),
        (pdfs.not_a_pdf() * 10_000, 415),
        (b"x" * 1020 + b"%PDF-1.7", 415),
        (b"x" * 1019 + b"%PDF-1.7", 202),
        (b"%PDF-", 202),
    ],
)
def test_only_what_begins_like_a_pdf_is_kept(engine: Engine, client: TestClient, data: bytes, status: int) -> None:
    answer = send(client, "note.pdf", data)
    assert answer.status_code == status
    assert len(names(engine)) == (status == 202)
    if status == 415:
        assert answer.json()["detail"] == "note.pdf is not a PDF: it does not begin with %PDF."
        assert engine.select() == []


@pytest.mark.parametrize("size", [LIMIT, LIMIT - 1, 1 << 20, (1 << 20) + 1, 1024, 1023, 65_536])
def test_a_file_comes_out_as_it_was_sent(engine: Engine, client: TestClient, size: int) -> None:
    assert send(client, "bytes.pdf", filler(size)).status_code == 202
    assert (engine.settings.input / "bytes.pdf").read_bytes() == filler(size)


@pytest.mark.parametrize("piece", [1, 7, 1000])
def test_a_file_comes_out_as_it_was_sent_in_whatever_pieces_it_comes(
    engine: Engine, client: TestClient, piece: int
) -> None:
    data = filler(5000 * min(piece, 40))
    body = multipart((b'name="formats"', b"json"), (b'name="file"; filename="p.pdf"', data), (b'name="dpi"', b"99"))
    pieces = (body[at : at + piece] for at in range(0, len(body), piece))
    answer = client.post("/upload", content=pieces, headers={"Content-Type": "multipart/form-data; boundary=b"})
    assert answer.status_code == 202
    assert (engine.settings.input / "p.pdf").read_bytes() == data
    options = engine.find(answer.json()["conversion_id"]).job.options
    assert (options.formats, options.dpi) == ((Format.JSON,), 99)


def test_a_file_above_the_limit_is_refused_and_nothing_is_left(engine: Engine, client: TestClient) -> None:
    answer = send(client, "big.pdf", filler(LIMIT + 1))
    assert (answer.status_code, answer.headers["connection"]) == (413, "close")
    assert f"{LIMIT:,} bytes" in answer.json()["detail"]
    assert (names(engine), engine.select()) == ([], [])


def test_the_limit_acts_while_an_endless_file_comes_in(engine: Engine, client: TestClient) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF-'
        while sent < 1 << 40:
            sent += 1 << 16
            yield b"x" * (1 << 16)

    with pytest.raises(StopSending):
        asyncio.run(read(endless(), FileRules(engine.settings.input, LIMIT)))
    assert LIMIT <= sent <= LIMIT + (1 << 16)
    assert names(engine) == []


@pytest.mark.parametrize(
    "start",
    [
        b"--b--\r\n",
        b'--b\r\nContent-Disposition: form-data; name="ocr"\r\n\r\n',
        b'--b\r\nContent-Disposition: form-data; name="ocr"\r\nX: ',
    ],
)
def test_nothing_else_in_a_form_may_be_endless(engine: Engine, start: bytes) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        yield start
        while sent < 1 << 40:
            sent += 1 << 16
            yield b"x" * (1 << 16)

    with pytest.raises(StopSending):
        asyncio.run(read(endless(), FileRules(engine.settings.input, LIMIT)))
    assert sent <= LIMIT + (2 << 20)


def test_a_body_that_says_that_it_is_too_big_is_not_read(engine: Engine) -> None:
    def unread() -> Iterator[bytes]:
        raise AssertionError("it was read")
        yield b""

    for length in (str(10 << 30), "9" * 400):
        with pytest.raises(StopSending):
            asyncio.run(read(unread(), FileRules(engine.settings.input, LIMIT), length))


@pytest.mark.parametrize(
    ("parts", "status"),
    [
        ([(b'name="ocr"', b"never")], 422),
        ([(b'name="file"', b"%PDF-1.7")], 422),
        ([(b'name="files"; filename="a.pdf"', b"%PDF-1.7")], 422),
        ([(b'name="file"; filename="a.pdf"', b"%PDF-1.7")] * 2, 422),
        ([(b'name="file"; filename="a.pdf"', b"%PDF-1.7"), (b'name="ocr"; filename="b.pdf"', b"%PDF-")], 422),
        ([(b'name="file"; filename="a.pdf"', b"%PDF-1.7"), (b'name="ocr"', b"sometimes")], 422),
        ([(b'name="file"; filename="a.pdf"', b"%PDF-1.7"), (b'name="colour"', b"red")], 422),
        ([(b'name="file"; filename="a.pdf"', b"%PDF-1.7"), (b'name="ocr"', b"x" * 70_000)], 413),
        ([(b'name="file"; filename="a.pdf"', b"%PDF-1.7"), *[(b'name="ocr"', b"")] * 101], 413),
    ],
)
def test_a_form_that_asks_for_what_cannot_be_leaves_nothing_behind(
    engine: Engine, client: TestClient, parts: list[tuple[bytes, bytes]], status: int
) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = client.post("/upload", content=multipart(*parts), headers=headers)
    assert answer.status_code == status, answer.text
    assert isinstance(answer.json()["detail"], str)
    assert (names(engine), engine.select()) == ([], [])


def test_a_form_that_is_cut_off_leaves_nothing_behind(engine: Engine, client: TestClient) -> None:
    body = multipart((b'name="file"; filename="a.pdf"', filler(LIMIT - 1)), end=b"")
    for cut in (body, body[:-2], body[: 2 << 20], body + b"--b-"):
        answer = client.post("/upload", content=cut, headers={"Content-Type": "multipart/form-data; boundary=b"})
        assert answer.status_code == 400
        assert names(engine) == []


def test_a_full_disk_is_said_and_leaves_nothing_behind(
    engine: Engine, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    answer = send(client, "a.pdf", filler(LIMIT - 1))
    assert answer.status_code == 503
    assert "disk is full" in answer.json()["detail"]
    monkeypatch.undo()
    monkeypatch.setattr(os, "link", full)
    assert send(client, "a.pdf", filler(100)).status_code == 503
    assert (names(engine), engine.select()) == ([], [])


def test_several_files_are_taken_where_they_are_expected(tmp_path: Path) -> None:
    body = multipart(
        (b'name="files"; filename="a"', b"one"),
        (b'name="to"', b"md"),
        (b'name="files"; filename="b"', b""),
        (b'name="to"', b"txt"),
        (b'name="files"; filename="c"', b"three" * 500_000),
    )
    rules = FileRules(tmp_path, 1 << 22, frozenset({"files"}), max_files=3, accept=None)

    async def look(form: uploads.Form) -> None:
        assert form.fields == {"to": [b"md", b"txt"]}
        assert [(u.field, u.filename) for u in form.uploads] == [("files", b"a"), ("files", b"b"), ("files", b"c")]
        assert [u.part.stat().st_size for u in form.uploads] == [u.size for u in form.uploads] == [3, 0, 2_500_000]
        form.uploads[0].part.rename(tmp_path / "kept")

    asyncio.run(read(iter([body[:3000], body[3000:]]), rules, then=look))
    assert list(tmp_path.iterdir()) == [tmp_path / "kept"]


def test_what_a_killed_engine_has_left_is_deleted_and_what_comes_in_now_is_not(tmp_path: Path) -> None:
    old, new, other = (tmp_path / name for name in (".hotfolio-upload-1.part", ".hotfolio-upload-2.part", ".x.part"))
    for file in (old, new, other):
        file.write_bytes(b"%PDF-")
    for file in (old, other):
        os.utime(file, (time.time() - 7200, time.time() - 7200))
    delete_leftovers(tmp_path)
    assert sorted(tmp_path.iterdir()) == [new, other]
    delete_leftovers(tmp_path / "not-there")


class TestThroughASocket:
    """What only a real connection can do."""

    @pytest.fixture
    def listening(self, engine: Engine) -> Iterator[Callable[[], socket.socket]]:
        state = engine.settings.state_folder
        listener = serve(Service(engine, lambda now: None), bind(state))
        yield lambda: connect(socket_path(state), 10)
        listener.stop()

    def test_a_client_that_goes_away_midway_leaves_nothing_behind(
        self, engine: Engine, listening: Callable[[], socket.socket]
    ) -> None:
        for length in (b"Content-Length: 3000000", b"Transfer-Encoding: chunked"):
            channel = listening()
            head = b"POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\n"
            start = multipart((b'name="file"; filename="gone.pdf"', filler(2 << 20)), end=b"")[:-2]
            if b"chunked" in length:
                start = f"{len(start):x}\r\n".encode() + start + b"\r\n"
            channel.sendall(head + length + b"\r\n\r\n" + start)
            wait_until(lambda: names(engine), "the upload to begin")
            channel.close()
            wait_until(lambda: not names(engine), "the upload to be given up")
        assert engine.select() == []

    def test_a_stop_midway_leaves_nothing_behind(self, engine: Engine) -> None:
        state = engine.settings.state_folder
        listener = serve(Service(engine, lambda now: None), bind(state))
        channel = connect(socket_path(state), 10)
        head = b"POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        start = multipart((b'name="file"; filename="stop.pdf"', filler(2 << 20)), end=b"")
        channel.sendall(head + b"Content-Length: 3000000\r\n\r\n" + start)
        wait_until(lambda: names(engine), "the upload to begin")
        listener.stop()
        channel.close()
        wait_until(lambda: not names(engine), "the upload to be given up")

    def test_others_are_served_while_a_slow_client_sends(
        self, engine: Engine, client: TestClient, listening: Callable[[], socket.socket]
    ) -> None:
        slow = listening()
        slow.sendall(b"POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\n")
        slow.sendall(b"Content-Length: 1000000\r\n\r\n--b\r\n")
        other = listening()
        other.sendall(b"GET /worker-pool-status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert other.recv(15) == b"HTTP/1.1 200 OK"
        slow.close()
        other.close()

    def test_a_refusal_reaches_a_client_that_is_still_sending(
        self, engine: Engine, listening: Callable[[], socket.socket]
    ) -> None:
        channel = listening()
        head = b"POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        channel.sendall(head + b"Content-Length: 99999999999\r\n\r\n--b\r\n")
        assert channel.recv(12) == b"HTTP/1.1 413"
        wait_until(lambda: channel.recv(65536) == b"", "the connection to be closed")
        channel.close()


class StopSending(Exception):
    """The form was refused as too big."""


async def read(
    pieces: Iterator[bytes],
    rules: FileRules,
    length: str = "",
    then: Callable[[uploads.Form], Awaitable[None]] | None = None,
) -> None:
    """Read a form that comes in such pieces."""

    async def receive() -> dict[str, Any]:
        piece = next(pieces, None)
        return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

    headers = [(b"content-type", b"multipart/form-data; boundary=b"), (b"content-length", length.encode())]
    request = Request({"type": "http", "method": "POST", "headers": headers}, receive)
    try:
        async with read_form(request, rules) as form:
            assert then is not None
            await then(form)
    except HTTPException as error:
        if error.status_code in (400, 413):
            raise StopSending from error
        raise
