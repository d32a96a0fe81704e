"""Doors that other programs know, asked as these ask: their own requests, byte for byte where that matters."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from engine.facade.engine import Engine
from engine.job.job import JobState
from engine.server.app.api import create_api
from engine.server.dependencies.service import Service
from engine.settings.servicesettings import DoorName
from tests import documents, pdfs
from tests.engine.server.docling.test_docling import paused, serving, uploaded
from tests.engine.server.fakes import FakeEngine
from tests.waiting import wait_until

PDF = {"Content-Type": "application/pdf"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, TestClient]]:
    with serving(tmp_path_factory.mktemp("doors"), doors=tuple(DoorName)) as served:
        yield served


@pytest.fixture
def client(served: tuple[Engine, TestClient]) -> TestClient:
    return served[1]


@pytest.fixture(scope="module")
def report() -> bytes:
    return pdfs.report()


# --- which there are ---


def paths(folder: Path, **settings: Any) -> set[str]:
    api = create_api(Service(FakeEngine(folder, **settings), lambda now: None))
    return set(TestClient(api, base_url="http://localhost").get("/openapi.json").json()["paths"])


@pytest.mark.parametrize(
    ("door", "path", "is_usual"),
    [
        ("docling", "/v1/convert/file", True),
        ("loader", "/process", True),
        ("tika", "/tika/{kind}", True),
    ],
)
def test_a_door_is_there_if_it_is_named(tmp_path: Path, door: str, path: str, is_usual: bool) -> None:
    assert (path in paths(tmp_path)) is is_usual
    assert path in paths(tmp_path, doors=(door,))
    assert path not in paths(tmp_path, doors=())
    assert "/convert" in paths(tmp_path, doors=())


# --- Open WebUI's external loader ---


def test_open_webui_gets_a_document_from_its_external_loader(client: TestClient, report: bytes) -> None:
    headers = {**PDF, "Authorization": "Bearer secret", "X-Filename": "5e0c_My%20report%20%C3%A9.pdf"}
    answer = client.put("/process", content=report, headers=headers)
    assert answer.status_code == 200, answer.text
    loaded = answer.json()
    assert loaded["page_content"].startswith("# Report of the Harbour Survey")
    assert "![" not in loaded["page_content"]
    assert (loaded["metadata"]["source"], loaded["metadata"]["pages"]) == ("5e0c_My report é.pdf", 5)
    assert loaded["metadata"]["status"] == "done"


@pytest.mark.parametrize(
    ("content", "headers", "status", "sentence"),
    [
        (pdfs.not_a_pdf(), {}, 422, "The file is none of PDF"),
        (pdfs.encrypted("x"), {}, 422, "The PDF needs a password"),
        (pdfs.empty_page(), {}, 422, "No extractable text"),
        (b"", {}, 422, "Send the document as the body"),
        (bytes(300_001), {}, 413, "max_upload"),
        (gzip.compress(bytes(300_001)), {"Content-Encoding": "gzip"}, 413, "max_upload"),
        (b"no gzip", {"Content-Encoding": "gzip"}, 400, "Content-Encoding"),
        (gzip.compress(b"cut off")[:-9], {"Content-Encoding": "gzip"}, 422, "whole"),
        (b"x", {"Content-Encoding": "br"}, 415, "gzip"),
    ],
)
def test_what_is_no_document_is_a_sentence(
    served: tuple[Engine, TestClient], content: bytes, headers: dict[str, str], status: int, sentence: str
) -> None:
    answer = served[1].put("/process", content=content, headers=headers)
    assert (answer.status_code, sentence in answer.json()["detail"]) == (status, True), answer.text


def test_a_hostile_name_is_only_a_name(served: tuple[Engine, TestClient]) -> None:
    engine, client = served
    for name in ("..%2F..%2Fetc%2Fpasswd", "%00%1b[31m.pdf", "%ff%fe"):
        answer = client.put("/process", content=pdfs.printed(["Harmless."]), headers={"X-Filename": name})
        assert answer.status_code == 200, answer.text
        assert not {"/", "\0", "\x1b"} & set(answer.json()["metadata"]["source"])
    output = engine.settings.output.resolve()
    assert {Path(bytes(entry.job.output or b"").decode()).parent for entry in engine.select() if entry.job.output} == {
        output
    }


def test_a_repeated_call_joins_and_its_upload_is_not_kept(served: tuple[Engine, TestClient]) -> None:
    import threading

    engine, client = served
    content, answers = pdfs.printed(["Asked for twice."]), []

    def ask() -> None:
        answers.append(client.put("/process", content=content, headers={"X-Filename": "twice.pdf"}).json())

    with paused(engine):
        threads = [threading.Thread(target=ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        wait_until(lambda: any(entry.job.name == "twice.pdf" for entry in engine.select()))
    for thread in threads:
        thread.join()
    assert len({answer["metadata"]["conversion_id"] for answer in answers}) == 1
    assert [entry.job.state for entry in engine.select() if entry.job.name == "twice.pdf"] == [JobState.DONE]
    wait_until(lambda: not any(file.name == "twice.pdf" for file in uploaded(engine)))


# --- Tika ---


def test_open_webui_gets_the_text_of_a_document_from_tika(client: TestClient, report: bytes) -> None:
    answer = client.put("/tika/text", content=report, headers={**PDF, "X-Tika-PDFextractInlineImages": "true"})
    found = answer.json()
    assert found["X-TIKA:content"].strip().startswith("Report of the Harbour Survey")
    assert (found["Content-Type"], found["xmpTPg:NPages"]) == ("application/pdf", "5")


def test_tikas_clients_get_what_they_name(client: TestClient, report: bytes) -> None:
    assert client.put("/tika", content=report).text.startswith("Report of the Harbour Survey")
    assert client.put("/tika", content=report, headers={"Accept": "text/html"}).text.startswith("<!DOCTYPE html>")
    assert client.put("/tika/text", content=report, headers={"Accept": "text/plain"}).text.startswith("Report")
    named = {"Accept": "application/json", "Content-Disposition": 'attachment; filename="a b.pdf"'}
    (listed,) = client.put("/rmeta/text", content=report, headers=named).json()
    assert (listed["resourceName"], listed["X-TIKA:content"][:6]) == ("a b.pdf", "Report")
    zipped = {"Content-Encoding": "gzip", "Content-Disposition": "attachment; filename*=UTF-8''%C3%A9.pdf"}
    known = client.put("/meta", content=gzip.compress(report), headers=zipped).json()
    assert (known["resourceName"], "X-TIKA:content" in known) == ("é.pdf", False)
    form = {"upload-file": ("c.pdf", report, "application/pdf")}
    assert client.post("/tika/form/text", files=form).json()["X-TIKA:content"].startswith("Report")
    assert client.put("/tika/other", content=report).status_code == 422


def test_tika_says_what_kind_a_file_is_and_what_answers(client: TestClient) -> None:
    kinds = {pdfs.text_pages(1): "application/pdf", documents.picture(): "image/png", b"x": "application/octet-stream"}
    for content, kind in kinds.items():
        assert client.put("/detect/stream", content=content).text == kind
    assert client.get("/version", headers={"Accept": "text/plain"}).text.startswith("hotfolio ")
    assert client.get("/version").json().keys() == {"hotfolio"}
    assert "Please PUT" in client.get("/tika").text


def test_ocr_is_what_tikas_headers_say(served: tuple[Engine, TestClient]) -> None:
    engine, client = served
    headers = {"X-Tika-PDFOcrStrategy": "no_ocr", "X-Tika-OCRLanguage": "eng+deu"}
    client.put("/tika", content=pdfs.printed(["Said so."]), headers=headers)
    job = max((entry.job for entry in engine.select()), key=lambda job: job.id)
    assert (job.options.ocr, job.options.ocr_languages) == ("never", ("eng", "deu"))
