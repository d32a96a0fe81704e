"""Doors that other programs know, asked as these ask: their own requests, byte for byte where that matters."""

import base64
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from engine.facade.engine import Engine
from engine.job.job import JobState
from engine.remote import toolserver
from engine.server.app.api import create_api
from engine.server.dependencies.service import Service
from engine.server.security.guard import Guard
from engine.server.tika.wordless import wordless
from engine.settings.servicesettings import DoorName
from tests import documents, pdfs
from tests.engine.server.docling.test_docling import paused, serving, unpack, uploaded
from tests.engine.server.fakes import FakeEngine
from tests.waiting import wait_until

PDF = {"Content-Type": "application/pdf"}
ALL_DOORS = tuple(door for door in DoorName if door is not DoorName.MCP or toolserver.is_there())
"""But for one that needs an extra."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, TestClient]]:
    with serving(tmp_path_factory.mktemp("doors"), doors=ALL_DOORS) as served:
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


def test_a_door_is_there_if_it_is_named(tmp_path: Path) -> None:
    of_door = {
        "docling": "/v1/convert/file",
        "loader": "/process",
        "tika": "/tika/{kind}",
        "mistral": "/v1/ocr",
        "mineru": "/file_parse",
        "mcp": "/mcp",
    }
    theirs = {*of_door.values()}
    assert paths(tmp_path) & theirs == {of_door[door] for door in ("docling", "loader", "tika")}
    assert paths(tmp_path, doors=()) & {"/convert", *theirs} == {"/convert"}
    for door in ALL_DOORS:
        assert paths(tmp_path, doors=(door,)) & theirs == {of_door[door]}


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
        (pdfs.not_a_pdf(), {}, 422, "which are what `doors_accept` takes in"),
        (pdfs.encrypted("x"), {}, 422, "The PDF needs a password"),
        (pdfs.empty_page(), {}, 422, "No extractable text"),
        (b"", {}, 422, "Send the document as the body"),
        (bytes(300_001), {}, 413, "max_upload"),
        (gzip.compress(bytes(300_001), mtime=0), {"Content-Encoding": "gzip"}, 413, "max_upload"),
        (b"no gzip", {"Content-Encoding": "gzip"}, 400, "Content-Encoding"),
        (gzip.compress(b"cut off", mtime=0)[:-9], {"Content-Encoding": "gzip"}, 422, "whole"),
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


def test_no_client_of_tikas_takes_a_refusal_for_a_document(client: TestClient) -> None:
    guarded = TestClient(wordless(Guard(client.app, token="secret", wrong_token_s=0)), base_url="http://localhost")
    text, token = {"Accept": "text/plain"}, {"X-Api-Key": "secret"}
    for path in ("/tika", "/tika/text"):
        answer = guarded.put(path, content=pdfs.damaged(), headers={**text, **token})
        assert (answer.status_code, answer.content) == (422, b"")
        assert answer.headers["X-Hotfolio-Detail"].endswith("The PDF is damaged beyond repair.")
        assert guarded.put(path, content=b"", headers=text).content == b""
    locked = guarded.put("/tika", content=pdfs.damaged(), headers={"X-Api-Key": "wrong", **text})
    assert (locked.status_code, locked.content) == (401, b"")
    assert guarded.put("/tika", content=pdfs.printed(["Said."]), headers={**text, **token}).text.strip() == "Said."
    for told in ({}, {"Accept": "application/json"}, {"Accept": "text/plain, */*"}):
        assert "damaged" in guarded.put("/tika", content=pdfs.damaged(), headers={**told, **token}).json()["detail"]
    assert "token" in guarded.get("/conversions", headers=text).json()["detail"]


def test_ocr_is_what_tikas_headers_say(served: tuple[Engine, TestClient]) -> None:
    engine, client = served
    headers = {"X-Tika-PDFOcrStrategy": "no_ocr", "X-Tika-OCRLanguage": "eng+deu"}
    client.put("/tika", content=pdfs.printed(["Said so."]), headers=headers)
    job = max((entry.job for entry in engine.select()), key=lambda job: job.id)
    assert (job.options.ocr, job.options.ocr_languages) == ("never", ("eng", "deu"))


# --- Mistral ---


def send(client: TestClient, content: bytes, name: str = "report.pdf") -> str:
    answer = client.post("/v1/files", files={"file": (name, content)}, data={"purpose": "ocr"})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["filename"], answer.json()["bytes"], answer.json()["purpose"]) == (name, len(content), "ocr")
    return str(answer.json()["id"])


def ocr(client: TestClient, document: dict[str, Any], **asked: Any) -> Any:
    return client.post("/v1/ocr", json={"model": "mistral-ocr-latest", "document": document, **asked})


def test_librechat_sends_a_file_has_it_read_and_deletes_it(served: tuple[Engine, TestClient], report: bytes) -> None:
    engine, client = served
    file_id = send(client, report)
    url = client.get(f"/v1/files/{file_id}/url?expiry=24").json()["url"]
    asked = {"image_limit": 0, "include_image_base64": False}
    answer = ocr(client, {"type": "document_url", "document_url": url}, **asked).json()
    assert answer["pages"][0]["markdown"].startswith("# Report of the Harbour Survey")
    assert [page["index"] for page in answer["pages"]] == [0, 1, 2, 3, 4]
    assert answer["pages"][0]["dimensions"]["dpi"] == 150
    assert answer["usage_info"]["pages_processed"] == 5
    assert client.delete(f"/v1/files/{file_id}").json() == {"id": file_id, "object": "file", "deleted": True}
    assert client.get(f"/v1/files/{file_id}").status_code == 404
    assert not [file for file in uploaded(engine) if file.name == "report.pdf"]


def test_pages_and_pictures_are_those_asked_for(client: TestClient, report: bytes) -> None:
    file_id = send(client, report)
    answer = ocr(client, {"type": "file", "file_id": file_id}, pages="0,4", include_image_base64=True).json()
    first, last = answer["pages"]
    assert (first["index"], last["index"], first["images"]) == (0, 4, [])
    (picture,) = last["images"]
    assert picture["image_base64"].startswith("data:image/png;base64,iVBOR")
    assert f"](<{picture['id']}>)" in last["markdown"]
    assert picture["top_left_x"] < picture["bottom_right_x"] <= last["dimensions"]["width"]
    none = ocr(client, {"file_id": file_id}, pages=[4], include_image_base64=True, image_limit=0).json()
    assert none["pages"][0]["images"] == []


def test_a_document_comes_in_its_own_url(client: TestClient) -> None:
    url = f"data:application/pdf;base64,{base64.b64encode(pdfs.printed(['In its URL.'])).decode()}"
    for document in ({"type": "document_url", "document_url": url}, {"type": "image_url", "image_url": {"url": url}}):
        assert "In its URL." in ocr(client, document).json()["pages"][0]["markdown"]


@pytest.mark.parametrize(
    ("document", "asked", "status"),
    [
        ({"type": "file", "file_id": "00000000-0000-4000-8000-000000000000"}, {}, 404),
        ({"type": "file"}, {}, 422),
        ({"type": "document_url", "document_url": "data:application/pdf;base64,%%%"}, {}, 422),
        ({"type": "document_url", "document_url": "https://example.org/a.pdf"}, {}, 400),
        ({"type": "document_url", "document_url": "http://127.0.0.1/../etc"}, {}, 400),
        ({"type": "document_url", "document_url": "data:;base64,JVBERg=="}, {"pages": "x"}, 422),
        ({"type": "document_url", "document_url": "data:;base64,JVBERg=="}, {"pages": [-1]}, 422),
        ({"type": "document_url", "document_url": "data:;base64,JVBERg=="}, {}, 422),
        ("a.pdf", {}, 422),
    ],
)
def test_what_cannot_be_read_is_a_sentence(
    served: tuple[Engine, TestClient], document: Any, asked: dict[str, Any], status: int
) -> None:
    engine, client = served
    before = {*uploaded(engine)}
    answer = ocr(client, document, **asked)
    assert (answer.status_code, type(answer.json()["detail"])) == (status, str), answer.text
    assert len({*uploaded(engine)} - before) <= 1  # of what has failed as a job


# --- MinerU ---


def parse(client: TestClient, *sent: tuple[str, bytes], **fields: str) -> Any:
    return client.post("/file_parse", files=[("files", document) for document in sent], data=fields)


def test_open_webui_gets_the_markdown_of_a_document_from_mineru(client: TestClient, report: bytes) -> None:
    fields = {"enable_ocr": "False", "language": "en", "return_md": "true"}
    answer = parse(client, ("5e0c_report.pdf", report), **fields).json()
    (result,) = answer["results"].values()
    assert (answer["backend"], [*answer["results"]], [*result]) == ("hotfolio", ["5e0c_report"], ["md_content"])
    assert result["md_content"].startswith("# Report of the Harbour Survey")


def test_ragflow_gets_blocks_and_pictures_in_a_zip(client: TestClient, report: bytes) -> None:
    fields = {"return_content_list": "True", "return_images": "True", "response_format_zip": "True"}
    fields |= {"start_page_id": "0", "end_page_id": "99999", "parse_method": "auto", "backend": "pipeline"}
    files = unpack(parse(client, ("report.pdf", report), **fields))
    blocks = json.loads(files["report/report_content_list.json"])
    assert {block["type"] for block in blocks} >= {"text", "table", "image", "header", "footer"}
    assert all(0 <= edge <= 1000 for block in blocks for edge in block["bbox"])
    assert {block["page_idx"] for block in blocks} == {0, 1, 2, 3, 4}
    (picture,) = (block for block in blocks if block["type"] == "image")
    assert files[f"report/{picture['img_path']}"].startswith(b"\x89PNG")
    (table,) = (block for block in blocks if block["type"] == "table")
    assert table["table_body"].startswith("<table><tr><th>")


def test_several_documents_are_told_apart_and_pages_chosen(client: TestClient) -> None:
    sent = ("a.pdf", pdfs.text_pages(3)), ("a.pdf", pdfs.text_pages(2))
    results = parse(client, *sent, start_page_id="1", end_page_id="1").json()["results"]
    assert [*results] == ["a", "a~2"]
    for result in results.values():
        assert ["marker-1" in result["md_content"], "marker-2" in result["md_content"]] == [False, True]


@pytest.mark.parametrize(
    ("sent", "fields"),
    [
        ((), {"return_md": "true"}),
        ((("a.pdf", b"no PDF"),), {}),
        ((("a.pdf", b"x"),), {"start_page_id": "one"}),
        ((("a.pdf", b"x"),), {"start_page_id": "2", "end_page_id": "1"}),
    ],
)
def test_what_cannot_be_parsed_is_a_sentence(
    served: tuple[Engine, TestClient], sent: tuple[tuple[str, bytes], ...], fields: dict[str, str]
) -> None:
    answer = served[1].post("/file_parse", files=[("files", s) for s in sent] or {"x": (None, "y")}, data=fields)
    assert (answer.status_code, type(answer.json()["detail"])) == (422, str), answer.text
