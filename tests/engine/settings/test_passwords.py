"""Passwords open documents, from a file or given for a job, and are nowhere to be found afterwards."""

import json
import logging
import os
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import pymupdf
import pytest
from fastapi.testclient import TestClient

from engine.base.errors import PasswordsRefused
from engine.convert.open.document import CannotOpen, open_document
from engine.facade.engine import Engine
from engine.job.job import NEEDS_PASSWORD, Job, JobState
from engine.job.options import ConvertOptions
from engine.sandbox.desk import LocalDesk
from engine.sandbox.local import LocalBackend
from engine.sandbox.protocol import OpenTask, Order, PeekTask, decode_order, decode_task, encode
from engine.server.app.api import create_api
from engine.server.dependencies.service import Service
from engine.settings.passwords import MAX_BYTES, MAX_PASSWORDS, passwords_problem, read_passwords
from engine.settings.settings import Settings
from engine.work.runs import Run
from tests import pdfs
from tests.engine.making import OPTIONS, job

SECRET, OTHER, BY_HAND = "hunter-zwölf", "correct horse ", "by-hand-only"


@pytest.fixture
def write(tmp_path: Path) -> Callable[[bytes], Path]:
    def file(content: bytes) -> Path:
        path = tmp_path / "passwords.txt"
        path.write_bytes(content)
        path.chmod(0o600)
        return path

    return file


# --- the file ---


def test_each_line_is_a_password_with_its_blanks(write: Callable[[bytes], Path]) -> None:
    file = write(b"\xef\xbb\xbffirst\r\n  second \n\n   \nfirst\nthird")
    assert read_passwords(file) == ("first", "  second ", "third")


def test_a_line_that_is_no_utf_8_is_latin_1(write: Callable[[bytes], Path]) -> None:
    assert read_passwords(write("käse\n".encode() + "öl\n".encode("latin-1"))) == ("käse", "öl")


def test_without_a_file_there_are_no_passwords() -> None:
    assert read_passwords(None) == ()
    assert passwords_problem(None) is None


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o666])
def test_a_file_others_may_use_is_refused_with_the_command_that_helps(
    write: Callable[[bytes], Path], mode: int
) -> None:
    file = write(b"secret\n")
    file.chmod(mode)
    with pytest.raises(PasswordsRefused, match=f"others than its owner .* Run: chmod 600 {file}"):
        read_passwords(file)
    file.chmod(0o400)
    assert read_passwords(file) == ("secret",)


def test_a_file_of_another_user_is_refused(write: Callable[[bytes], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(b"secret\n")
    if file.stat().st_uid == 0:
        os.chown(file, 12345, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(PasswordsRefused, match="belongs to another user"):
        read_passwords(file)


def test_what_a_link_leads_to_is_what_counts(write: Callable[[bytes], Path], tmp_path: Path) -> None:
    file, link = write(b"secret\n"), tmp_path / "link"
    link.symlink_to(file)
    assert read_passwords(link) == ("secret",)
    file.chmod(0o644)
    assert "others than its owner" in (passwords_problem(link) or "")


def test_what_is_no_file_is_one_sentence_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo", 0o600)
    (tmp_path / "folder").mkdir(0o700)
    assert (passwords_problem(tmp_path / "fifo") or "").endswith("is not a regular file.")
    assert (passwords_problem(tmp_path / "folder") or "").endswith("is not a regular file.")
    assert (passwords_problem(tmp_path / "none") or "").endswith("cannot be read: No such file or directory.")


def test_a_file_has_bounds(write: Callable[[bytes], Path]) -> None:
    assert len(read_passwords(write(b"\n".join(b"%d" % n for n in range(MAX_PASSWORDS))))) == MAX_PASSWORDS
    with pytest.raises(PasswordsRefused, match=f"more than {MAX_PASSWORDS}"):
        read_passwords(write(b"\n".join(b"%d" % n for n in range(MAX_PASSWORDS + 1))))
    with pytest.raises(PasswordsRefused, match="larger than 64 KiB"):
        read_passwords(write(b"x" * (MAX_BYTES + 1)))


# --- opening ---


def encrypted(tmp_path: Path, user: str, *, owner: str = "owner", method: int = pymupdf.PDF_ENCRYPT_AES_256) -> Path:
    file = tmp_path / "locked.pdf"
    with pymupdf.open(stream=pdfs.text_pages(1), filetype="pdf") as pdf:
        file.write_bytes(pdf.tobytes(encryption=method, user_pw=user, owner_pw=owner))
    return file


def opened_with(file: Path, password: str | None, *candidates: str) -> int | None:
    """Which of the candidates has opened the document; its text can be read, also in a second copy of it."""
    document = open_document(file, "locked.pdf", ConvertOptions(ocr="never"), password, candidates)
    try:
        assert "marker-1" in document.pdf[0].get_text()
        assert not isinstance(document.tags, str)  # read with the second copy
        return document.candidate
    finally:
        document.close()


def test_candidates_are_tried_in_order_after_the_password_given(tmp_path: Path) -> None:
    file = encrypted(tmp_path, "user", owner="boss")
    assert opened_with(file, "user", "boss") is None
    assert opened_with(file, "wrong", "also wrong", "boss", "user") == 1
    assert opened_with(file, None, "user") == 0
    for password, candidates in (("wrong", ()), (None, ("a", "b")), ("", ("",))):
        with pytest.raises(CannotOpen, match=r"none of the passwords|without one"):
            open_document(file, "locked.pdf", ConvertOptions(ocr="never"), password, candidates)


@pytest.mark.parametrize(
    ("method", "meant", "written"),
    [
        (pymupdf.PDF_ENCRYPT_AES_256, "käse", "käse"),
        (pymupdf.PDF_ENCRYPT_AES_256, "käse", unicodedata.normalize("NFD", "käse")),
        (pymupdf.PDF_ENCRYPT_RC4_128, "käse", "käse"),
        (pymupdf.PDF_ENCRYPT_AES_128, "käse", "käse".encode().decode("latin-1")),
    ],
)
def test_umlauts_open_a_document_however_they_were_turned_into_bytes(
    tmp_path: Path, method: int, meant: str, written: str
) -> None:
    assert opened_with(encrypted(tmp_path, written, method=method), None, meant) == 0


# --- keeping them to oneself ---


def test_nothing_that_holds_a_password_shows_it() -> None:
    task = OpenTask(desk="1", name="a.pdf", options=OPTIONS, password=SECRET, candidates=(OTHER,))
    peek = PeekTask(desk="1", name="a.pdf", accept=(), page=1, width=1, height=1, password=SECRET, candidates=(OTHER,))
    shown = f"{task!r} {peek!r} {Run(job(), LocalDesk('1', Path('/f')), password=SECRET)!r}"
    broken = encode(task).replace(b'"name":"a.pdf"', b'"name":["a.pdf"]')
    with pytest.raises(ValueError, match="name") as error:
        decode_task(broken)
    shown += str(error.value) + repr(error.value)
    order = Order(folder="/f", memory=0, task=task)
    broken = encode(order).replace(b'"name":"a.pdf"', b'"name":["a.pdf"]')
    with pytest.raises(ValueError, match="name") as error:
        decode_order(broken)
    shown += f"{order!r} {error.value} {error.value!r}"
    assert SECRET not in shown
    assert OTHER not in shown


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("passwords")


@pytest.fixture(scope="module")
def engine(folder: Path) -> Iterator[Engine]:
    (folder / "secrets").mkdir()
    settings = Settings(
        input=folder / "in",
        output=folder / "out",
        ocr="never",
        num_workers=1,
        formats="md,json",
        passwords_file=folder / "secrets" / "passwords.txt",
    )
    with Engine(settings, watch=False, backend=LocalBackend) as engine:  # with its log in this folder
        yield engine


def keep(folder: Path, *passwords: str, mode: int = 0o600) -> None:
    file = folder / "secrets" / "passwords.txt"
    file.write_text("".join(f"{password}\n" for password in passwords), encoding="utf-8")
    file.chmod(mode)


def ended(engine: Engine, file: Path) -> Job:
    submitted = engine.submit(file)
    assert engine.wait_until_idle(60)
    return engine.job(submitted.id).job


def test_a_run_with_passwords_of_both_kinds_leaves_no_trace_of_them(
    engine: Engine, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    # A file that cannot be used costs nobody else anything, and is read anew for every document.
    keep(folder, SECRET, mode=0o644)
    engine._machinery.conversions.check_passwords()
    assert ["chmod 600" in banner.message for banner in engine.snapshot().banners] == [True]
    (folder / "plain.pdf").write_bytes(pdfs.text_pages(1))
    assert ended(engine, folder / "plain.pdf").state is JobState.DONE
    (folder / "refused.pdf").write_bytes(pdfs.encrypted(SECRET))
    refused = ended(engine, folder / "refused.pdf")
    assert refused.needs_password
    assert (refused.reason or "").startswith(f"{NEEDS_PASSWORD}. The passwords file ")
    keep(folder, "one", OTHER, SECRET)
    engine._machinery.conversions.check_passwords()
    assert engine.snapshot().banners == ()
    assert engine.retry([refused.id]) == [refused.id]
    (folder / "other.pdf").write_bytes(pdfs.encrypted(OTHER, pages=3))
    other = ended(engine, folder / "other.pdf")
    assert other.state is JobState.DONE
    assert engine.job(refused.id).job.state is JobState.DONE

    (folder / "by-hand.pdf").write_bytes(pdfs.encrypted(BY_HAND))
    by_hand = ended(engine, folder / "by-hand.pdf")
    assert by_hand.reason == f"{NEEDS_PASSWORD}: none of the passwords given opens it."
    engine.unlock([by_hand.id], BY_HAND)
    assert engine.wait_until_idle(60)
    assert engine.job(by_hand.id).job.state is JobState.DONE
    # Published documents are looked into as well, also those that another run of the engine has opened.
    engine._machinery.conversions.passwords.forget(other.id)
    for job_id in (other.id, by_hand.id):
        assert engine.peek(job_id, 1, 20, 20).width > 0

    with TestClient(create_api(Service(engine, lambda now: None)), base_url="http://localhost") as client:
        paths = ["/conversions", "/metrics", "/settings", "/health"]
        paths += [
            f"/conversions/{engine.job(n).job.conversion_id}{end}"
            for n in (other.id, by_hand.id)
            for end in ("", "/log")
        ]
        answers = [client.get(path).content for path in paths]
    assert any(other.conversion_id.encode() in answer for answer in answers)
    written = [file.read_bytes() for file in folder.rglob("*") if file.is_file() and file.parent.name != "secrets"]
    names = {file.name for file in folder.rglob("*")}
    assert {"jobs.sqlite3", "jobs.sqlite3-wal", "hotfolio.log", "forkserver.log", "manifest.json"} <= names
    for secret in (SECRET, OTHER.strip(), BY_HAND, f"owner of {SECRET}"):
        for form in (
            secret.encode(),
            secret.encode("latin-1"),
            secret.encode("utf-16-le"),
            json.dumps(secret)[1:-1].encode(),
        ):
            assert not [content for content in [*written, *answers, caplog.text.encode()] if form in content]
