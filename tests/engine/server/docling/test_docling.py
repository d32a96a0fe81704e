"""The door that docling-serve's clients know, asked as they ask."""

import asyncio
import base64
import io
import json
import os
import socket
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from engine.facade.engine import Engine
from engine.job.job import JobState
from engine.server.app.api import create_api
from engine.server.app.connections import ConnectionLimits
from engine.server.app.housekeeping import keep_house
from engine.server.app.listener import Door, Listener
from engine.server.dependencies.service import Service
from engine.server.documents.fetching import Fetched, Fetcher
from engine.server.documents.received import _BEGUN
from engine.settings.settings import Settings
from tests import documents, pdfs
from tests.backends import faulty_backend
from tests.waiting import wait_until

PDF = "application/pdf"


@contextmanager
def serving(folder: Path, **changes: Any) -> Iterator[tuple[Engine, TestClient]]:
    values = {
        "input": folder / "input",
        "output": folder / "output",
        "num_workers": 2,
        "ocr": "never",
        "settle": 0,
        "docling_wait": 60,
        "max_upload": 300_000,
        **changes,
    }
    with Engine(Settings(**values), backend=faulty_backend) as engine:
        service = Service(engine, lambda now: None)
        keep_house(service)
        with TestClient(create_api(service), base_url="http://localhost") as client:
            yield engine, client


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, TestClient]]:
    with serving(tmp_path_factory.mktemp("served")) as served:
        yield served


@pytest.fixture
def engine(served: tuple[Engine, TestClient]) -> Engine:
    return served[0]


@pytest.fixture
def client(served: tuple[Engine, TestClient]) -> TestClient:
    return served[1]


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, TestClient]]:
    folder = tmp_path_factory.mktemp("impatient")
    with serving(folder, docling_wait=0.3, duplicates="skip") as served:
        yield served


@contextmanager
def paused(engine: Engine) -> Iterator[None]:
    engine.pause()
    try:
        yield
    finally:
        engine.resume()


def said(text: str, *, fault: str | None = None) -> bytes:
    """A page that says something; with a fault, conversion processes misbehave on the page after it."""
    pages = [[text, *["Some more words to read."] * 6]]
    if fault is not None:
        pages.append(["The second page.", fault, *["Some more words."] * 6])
    return pdfs.printed(*pages)


def send(client: TestClient, *documents: tuple[str, bytes], path: str = "/v1/convert/file", **fields: Any) -> Any:
    return client.post(path, files=[("files", (name, data, PDF)) for name, data in documents], data=fields)


def begin(client: TestClient, *documents: tuple[str, bytes], **fields: Any) -> str:
    answer = send(client, *documents, path="/v1/convert/file/async", **fields)
    assert answer.status_code == 200
    return str(answer.json()["task_id"])


def finish(client: TestClient, task_id: str) -> dict[str, Any]:
    status: dict[str, Any] = client.get(f"/v1/status/poll/{task_id}", params={"wait": 60}).json()
    assert status["task_status"] in ("success", "failure")
    return status


def errors(result: dict[str, Any]) -> list[str]:
    for error in result["errors"]:
        assert error.keys() == {"component_type", "module_name", "error_message"}
    return [error["error_message"] for error in result["errors"]]


def unpack(answer: httpx.Response) -> dict[str, bytes]:
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def uploaded(engine: Engine) -> list[Path]:
    return [file for file in engine.settings.uploads_folder.rglob("*") if file.is_file() and file.suffix != ".json"]


# --- as its clients speak ---


def test_open_webui_gets_the_markdown_of_a_document(client: TestClient) -> None:
    answer = client.post(
        "/v1/convert/file",
        files={"files": ("/app/backend/data/uploads/5e0c_Report.pdf", pdfs.report(), PDF)},
        data={"image_export_mode": "placeholder"},
        headers={"X-Api-Key": "secret"},
    )
    assert answer.is_success
    result = answer.json()
    assert result["status"] == "success"
    assert result["errors"] == []
    assert result["processing_time"] > 0
    assert result["document"]["filename"] == "5e0c_Report.pdf"
    assert result["document"]["md_content"].startswith("# Report of the Harbour Survey")
    assert "![" not in result["document"]["md_content"]
    assert result["document"]["json_content"] is None
    assert result["document"]["text_content"] is None


def test_open_webui_shows_why_a_document_cannot_be_read(client: TestClient) -> None:
    answer = send(client, ("locked.pdf", pdfs.encrypted("secret")), image_export_mode="placeholder")
    assert not answer.is_success
    assert answer.json()["detail"].startswith("The PDF needs a password")


def test_the_fields_that_doclings_own_client_sends_unasked_are_understood(client: TestClient) -> None:
    fields = {
        "from_formats": ["docx", "pptx", "html", "image", "pdf", "md"],
        "to_formats": ["md"],
        "image_export_mode": "placeholder",
        "do_ocr": "false",
        "force_ocr": "false",
        "ocr_preset": "auto",
        "table_mode": "accurate",
        "table_cell_matching": "true",
        "pipeline": "standard",
        "page_range": ["1", "9223372036854775807"],
        "document_timeout": "604800.0",
        "abort_on_error": "false",
        "do_table_structure": "true",
        "include_images": "true",
        "images_scale": "2.0",
        "md_page_break_placeholder": "",
        "do_code_enrichment": "false",
        "do_formula_enrichment": "false",
        "do_picture_classification": "false",
        "do_picture_description": "false",
        "picture_description_area_threshold": "0.05",
        "target_type": "inbody",
    }
    assert errors(send(client, ("a.pdf", said("Hello.")), **fields).json()) == []


def test_a_task_is_submitted_followed_and_fetched(client: TestClient) -> None:
    answer = send(client, ("later.pdf", said("Later than now.")), path="/v1/convert/file/async").json()
    assert answer.keys() == {
        "task_id", "task_type", "task_status", "task_position", "task_meta", "error_message",
    }  # fmt: skip
    assert answer["task_status"] in ("pending", "started")
    assert answer["task_meta"]["num_docs"] == 1
    status = finish(client, answer["task_id"])
    assert status["task_status"] == "success"
    assert status["task_meta"]["num_succeeded"] == status["task_meta"]["num_processed"] == 1
    for _ in range(2):  # a result may be fetched again
        result = client.get(f"/v1/result/{answer['task_id']}").json()
        assert "Later than now." in result["document"]["md_content"]
        assert result["status"] == "success"


def test_documents_in_json_are_converted(client: TestClient) -> None:
    source = {"kind": "file", "base64_string": base64.b64encode(said("In sixty-four.")).decode(), "filename": "s.pdf"}
    body = {"sources": [source], "options": {"to_formats": ["text"], "do_ocr": False}, "target": {"kind": "inbody"}}
    result = client.post("/v1/convert/source", json=body).json()
    assert result["document"]["filename"] == "s.pdf"
    assert "In sixty-four." in result["document"]["text_content"]
    task_id = client.post("/v1/convert/source/async", json=body).json()["task_id"]
    assert finish(client, task_id)["task_status"] == "success"


@pytest.mark.parametrize(
    ("source", "status", "sentence"),
    [
        ({"kind": "http", "url": "https://example.org/a.pdf"}, 400, "docling_fetch names no host"),
        ({"kind": "http"}, 422, "A source of kind http has a url."),
        ({"kind": "s3", "url": "s3://a"}, 400, "A source of kind s3 is refused"),
    ],
)
def test_nothing_is_fetched_from_the_network(
    client: TestClient, source: dict[str, str], status: int, sentence: str
) -> None:
    answer = client.post("/v1/convert/source", json={"sources": [source]})
    assert (answer.status_code, sentence in answer.json()["detail"]) == (status, True)


def test_a_document_is_fetched_from_where_it_may_be(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fetch(self: Fetcher, url: str, headers: dict[str, str], folder: Path) -> Fetched:
        assert (url, headers) == ("https://files.example/a.pdf", {"X-Who": "me"})
        return Fetched("a.pdf", io.BytesIO(said("From afar.")))

    monkeypatch.setattr(Fetcher, "fetch", fetch)
    source = {"kind": "http", "url": "https://files.example/a.pdf", "headers": {"X-Who": "me"}}
    result = client.post("/v1/convert/source", json={"sources": [source]}).json()["document"]
    assert (result["filename"], "From afar." in result["md_content"]) == ("a.pdf", True)


def test_documents_are_cut_into_chunks(client: TestClient) -> None:
    document = ("report.pdf", pdfs.report())
    asked = {"chunking_max_tokens": "100", "chunking_tokenizer": "another/one", "convert_do_ocr": "false"}
    hybrid = send(client, document, path="/v1/chunk/hybrid/file", include_converted_doc="true", **asked).json()
    assert [chunk["num_tokens"] <= 100 for chunk in hybrid["chunks"]] == [True] * len(hybrid["chunks"])
    (whole,) = hybrid["documents"]
    assert (whole["status"], whole["content"]["md_content"][:8]) == ("success", "# Report")
    assert errors(whole) == [
        "chunking_tokenizer=another/one has no effect: hotfolio estimates how many tokens a text has."
    ]
    task = send(client, document, path="/v1/chunk/hierarchical/file/async").json()
    assert task["task_type"] == "chunk"
    finish(client, task["task_id"])
    result = client.get(f"/v1/result/{task['task_id']}").json()
    assert all(chunk["doc_items"] and chunk["page_numbers"] for chunk in result["chunks"])
    assert {chunk["headings"][0] for chunk in result["chunks"]} == {"Report of the Harbour Survey"}
    assert result["documents"][0]["content"]["md_content"] is None


def test_chunks_of_several_documents_come_together(client: TestClient) -> None:
    documents_sent = [("one.pdf", said("Of one.")), ("no.pdf", pdfs.not_a_pdf()), ("two.pdf", said("Of two."))]
    answer = send(client, *documents_sent, path="/v1/chunk/hybrid/file")
    assert answer.headers["content-type"] == "application/json"
    found = answer.json()
    told = [(chunk["filename"], "Of one." in chunk["text"], "Of two." in chunk["text"]) for chunk in found["chunks"]]
    assert told == [("one.pdf", True, False), ("two.pdf", False, True)]
    assert [document["status"] for document in found["documents"]] == ["success", "failure", "success"]


def test_chunks_come_in_no_other_shape(client: TestClient) -> None:
    answer = send(client, ("a.pdf", said("Text.")), path="/v1/chunk/hybrid/file", target_type="zip")
    assert (answer.status_code, answer.json()["detail"]) == (422, "target_type=zip is refused: input should be inbody.")
    assert send(client, ("a.pdf", said("Text.")), path="/v1/chunk/other/file").status_code == 422
    failed = send(client, ("a.pdf", pdfs.not_a_pdf()), path="/v1/chunk/hybrid/file")
    assert (failed.status_code, failed.json()["status"]) == (422, "failure")


def test_what_the_hot_folder_does_not_accept_is_taken_in_here_all_the_same(client: TestClient) -> None:
    book = send(client, ("book.epub", documents.epub()))
    assert (book.status_code, book.json()["status"]) == (200, "success"), book.text
    letter = send(client, ("letter.docx", documents.zipped({"[Content_Types].xml": b"<Types/>"})))
    assert letter.status_code == 422
    assert "LibreOffice" in letter.json()["detail"]


def test_health_and_version_are_told(client: TestClient) -> None:
    for path in ("/health", "/livez", "/ready"):
        assert client.get(path).json() == {"status": "ok"}
    assert client.get("/version").json()["hotfolio"]


# --- options ---


@pytest.mark.parametrize(
    ("option", "value", "instead"),
    [
        ("target_type", "presigned_url", "inbody or zip"),
        ("target_type", "s3", "inbody or zip"),
        ("to_formats", "doctags", "md, json, html or text"),
        ("image_export_mode", "hologram", "placeholder, embedded or referenced"),
    ],
)
def test_a_result_of_another_shape_is_refused_before_anything_is_converted(
    client: TestClient, engine: Engine, option: str, value: str, instead: str
) -> None:
    jobs, uploads = engine.snapshot().totals.by_state, {*uploaded(engine)}
    sentence = f"{option}={value} is refused: input should be {instead}."
    sent = send(client, ("a.pdf", said("Text.")), **{option: value})
    assert (sent.status_code, sent.json()["detail"]) == (422, sentence)
    source = {"kind": "file", "filename": "a.pdf", "base64_string": base64.b64encode(said("Text.")).decode()}
    asked = {"target": {"kind": value}} if option == "target_type" else {"options": {option: value}}
    answer = client.post("/v1/convert/source", json={"sources": [source], **asked})
    assert (answer.status_code, answer.json()["detail"]) == (422, sentence)
    assert (engine.snapshot().totals.by_state, {*uploaded(engine)}) == (jobs, uploads)


def test_pictures_come_along_as_they_are_asked_for(client: TestClient) -> None:
    asked = {"to_formats": ["md", "html", "json"], "image_export_mode": "embedded"}
    document = send(client, ("report.pdf", pdfs.report()), **asked).json()["document"]
    assert "](<data:image/png;base64,iVBOR" in document["md_content"]
    assert 'src="data:image/png;base64,iVBOR' in document["html_content"]
    assert document["json_content"]["pictures"][0]["image"]["uri"].startswith("data:image/png;base64,iVBOR")
    asked["image_export_mode"] = "referenced"
    document = send(client, ("report.pdf", pdfs.report()), **asked).json()["document"]
    address = document["json_content"]["pictures"][0]["image"]["uri"]
    assert f"](<{address}>)" in document["md_content"]
    assert f'src="{address}"' in document["html_content"]
    assert client.get(address).content.startswith(b"\x89PNG")


def test_a_range_of_pages_is_converted_alone(client: TestClient) -> None:
    result = send(client, ("long.pdf", pdfs.text_pages(3)), page_range=["2", "7"]).json()
    found = result["document"]["md_content"]
    assert [word in found for word in ("marker-1", "marker-2", "marker-3")] == [False, True, True]
    assert errors(result) == ["Of the pages asked for, 4-7 are not there: the document has 3 pages."]


def test_every_format_asked_for_is_made(client: TestClient) -> None:
    result = send(client, ("all.pdf", said("In four ways.")), to_formats=["md", "json", "html", "text"]).json()
    document = result["document"]
    assert "In four ways." in document["md_content"]
    assert "In four ways." in document["text_content"]
    from docling_core.types.doc.document import DoclingDocument  # it brings pandas, which takes a while to load

    assert "In four ways." in DoclingDocument.model_validate(document["json_content"]).export_to_markdown()
    assert "<p>In four ways. " in document["html_content"]
    assert errors(result) == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"ocr_engine": "easyocr"}, "ocr_engine=easyocr has no effect: hotfolio reads with RapidOCR or Tesseract."),
        ({"ocr_lang": ["en", "x1"]}, "ocr_lang=x1 has no effect: it is no name that Tesseract has for a language."),
        ({"pdf_backend": "dlparse_v4"}, "pdf_backend=dlparse_v4 has no effect: hotfolio reads PDFs with PyMuPDF."),
        ({"table_mode": "fast"}, "table_mode=fast has no effect: hotfolio has one way to read tables."),
        ({"pipeline": "vlm"}, "pipeline=vlm has no effect: hotfolio has one way to read PDFs."),
        ({"page_range": ["5", "2"]}, "page_range=5,2 has no effect: it is not the first page and the last one."),
        ({"page_range": ["2"]}, "page_range=2 has no effect: it is not the first page and the last one."),
        (
            {"page_range": ["1", "9" * 5000]},
            f"page_range=1,{'9' * 38}… has no effect: it is not the first page and the last one.",
        ),
        (
            {"do_picture_description": "true"},
            "do_picture_description=true has no effect: hotfolio runs no model for that.",
        ),
        ({"do_formula_enrichment": "1"}, "do_formula_enrichment=1 has no effect: hotfolio runs no model for that."),
        (
            {"abort_on_error": "true"},
            "abort_on_error=true has no effect: a page that fails is left out, and the others are converted.",
        ),
        (
            {"picture_description_api": '{"headers": {"Authorization": "secret"}}'},
            "picture_description_api has no effect: hotfolio has no such option.",
        ),
        ({"colour\u202e": "red"}, "colour\\u202e has no effect: hotfolio has no such option."),
        ({"do_ocr": "perhaps"}, "do_ocr=perhaps has no effect: it is neither true nor false."),
        ({"force_ocr": "true", "do_ocr": "false"}, "force_ocr=true has no effect: do_ocr is false."),
        (
            {"images_scale": "1e308"},
            "images_scale=1e+308 has no effect: pictures have 18 to 1200 DPI, and 1 is 72.",
        ),
        ({"images_scale": "nan"}, "images_scale=nan has no effect: it is no number."),
        (
            {"document_timeout": "5"},
            "document_timeout=5 has no effect: the limit for a document is in the settings.",
        ),
        ({"from_formats": "docx"}, "from_formats=docx has no effect: what a document is shows by its content."),
    ],
)
def test_what_there_is_not_is_told_and_the_rest_is_done(
    client: TestClient, fields: dict[str, Any], expected: str
) -> None:
    answer = send(client, ("asked.pdf", said("Whatever was asked.")), **fields)
    assert answer.status_code == 200
    assert answer.json()["status"] == "success"
    assert "Whatever was asked." in answer.json()["document"]["md_content"]
    assert expected in errors(answer.json())
    assert "secret" not in answer.text


def test_a_thousand_strange_wishes_make_a_short_answer(client: TestClient) -> None:
    answer = send(client, ("many.pdf", said("Many.")), ocr_lang=" ".join(f"x{n}" for n in range(5000)))
    assert len(answer.json()["errors"]) < 100
    assert "more things asked for have no effect" in errors(answer.json())[-1]


@pytest.mark.parametrize(
    ("fields", "options"),
    [
        ({"do_ocr": "false"}, {"ocr": "never"}),
        ({"do_ocr": "true"}, {"ocr": "auto"}),
        ({"force_ocr": "true"}, {"ocr": "force"}),
        ({}, {"ocr": "never", "images": False, "dpi": 150}),
        ({"image_export_mode": "referenced"}, {"images": True}),
        ({"image_export_mode": "embedded", "include_images": "false"}, {"images": False}),
        ({"images_scale": "4"}, {"dpi": 288}),
        ({"images_scale": "2.0"}, {"dpi": 150}),
        ({"to_formats": "md,text"}, {"formats": ["md", "txt"]}),
    ],
)
def test_options_become_those_of_the_job(
    engine: Engine, client: TestClient, fields: dict[str, Any], options: dict[str, Any]
) -> None:
    with paused(engine):
        task_id = begin(client, ("mapped.pdf", said("Mapped.")), **fields)
        job = engine.find(task_id).job
        engine.cancel([job.id])
    made = job.options.model_dump(mode="json")
    assert {name: list(made[name]) if name == "formats" else made[name] for name in options} == options


def test_page_breaks_are_put_between_pages(client: TestClient) -> None:
    result = send(client, ("two.pdf", pdfs.text_pages(3)), md_page_break_placeholder="<!-- break -->").json()
    parts = result["document"]["md_content"].split("\n\n<!-- break -->\n\n")
    assert len(parts) == 3
    assert all(part.strip() for part in parts)
    assert result["errors"] == []


# --- several documents ---


def test_several_documents_come_as_a_zip(client: TestClient) -> None:
    files = unpack(send(client, ("one.pdf", said("Number one.")), ("two.pdf", said("Number two."))))
    assert files.keys() == {"one.md", "two.md"}
    assert b"Number one." in files["one.md"]


def test_documents_of_one_name_keep_results_of_their_own(client: TestClient) -> None:
    documents = ("same.pdf", said("The first.")), ("same.pdf", said("The second."))
    files = unpack(send(client, *documents, to_formats=["md", "text"]))
    assert files.keys() == {"same.md", "same.txt", "same~2/same.md", "same~2/same.txt"}
    assert b"The first." in files["same.md"]
    assert b"The second." in files["same~2/same.md"]
    one, other = begin(client, documents[0]), begin(client, documents[1])
    for task_id, text in ((one, "The first."), (other, "The second.")):
        finish(client, task_id)
        assert text in client.get(f"/v1/result/{task_id}").json()["document"]["md_content"]


def test_one_document_comes_as_a_zip_with_its_pictures_if_asked(client: TestClient) -> None:
    answer = send(client, ("report.pdf", pdfs.report()), target_type="zip", image_export_mode="referenced")
    files = unpack(answer)
    (picture,) = (name for name in files if name.startswith("images/"))
    assert picture.encode() in files["report.md"]
    assert "errors.json" not in files


def test_an_archive_says_what_is_not_in_it(client: TestClient) -> None:
    files = unpack(send(client, ("fine.pdf", said("Fine.")), ("odd.pdf", pdfs.not_a_pdf()), pipeline="vlm"))
    assert files.keys() == {"fine.md", "errors.json"}
    fine, odd = json.loads(files["errors.json"])
    assert (fine["filename"], fine["status"]) == ("fine.pdf", "success")
    assert (odd["filename"], odd["status"]) == ("odd.pdf", "failure")
    assert len(odd["errors"]) == 2


def test_a_task_of_several_documents_has_one_status(client: TestClient) -> None:
    task_id = begin(client, ("good.pdf", said("Good.")), ("bad.pdf", pdfs.damaged()))
    status = finish(client, task_id)
    assert status["task_status"] == "success"
    assert status["task_meta"] == {
        "num_docs": 2, "num_processed": 2, "num_succeeded": 1, "num_partially_succeeded": 0, "num_failed": 1,
    }  # fmt: skip
    assert "good.md" in unpack(client.get(f"/v1/result/{task_id}"))


def test_several_documents_none_of_which_can_be_read_are_an_error(client: TestClient) -> None:
    answer = send(client, ("a.pdf", pdfs.damaged()), ("b.pdf", b""))
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("None of the 2 documents could be converted. a.pdf: ")
    assert len(answer.json()["errors"]) == 2


# --- failures ---


@pytest.mark.parametrize("data", [pdfs.damaged(), pdfs.not_a_pdf(), b"", pdfs.encrypted("secret")])
def test_a_document_that_cannot_be_read_fails_at_once_with_a_sentence(client: TestClient, data: bytes) -> None:
    task_id = begin(client, ("broken.pdf", data), pipeline="vlm")
    status = finish(client, task_id)  # although the file is younger than a minute
    assert status["task_status"] == "failure"
    assert status["error_message"].endswith(".")
    answer = client.get(f"/v1/result/{task_id}")
    assert answer.status_code == 200
    result = answer.json()
    assert result["status"] == "failure"
    assert result["document"]["md_content"] is None
    assert errors(result)[0] == status["error_message"]
    assert errors(result)[1].startswith("pipeline=vlm has no effect")


def test_pages_that_failed_are_named(client: TestClient) -> None:
    result = send(client, ("partly.pdf", said("The first page.", fault="fault-always: raise"))).json()
    assert result["status"] == "partial_success"
    assert "The first page." in result["document"]["md_content"]
    assert errors(result)[0].startswith("Page 2: ")


def test_pages_that_were_not_read_as_they_should_be_are_named(client: TestClient) -> None:
    result = send(client, ("plainly.pdf", said("The first page.", fault="fault: exit"))).json()
    assert result["status"] == "success"
    assert errors(result)[0].startswith("Page 2: Only plain text: ")


@pytest.mark.parametrize("task_id", ["0", "../../etc/passwd", "%2e%2e", "3F2504E0-4F89-11D3-9A0C-0305E82C3301"])
def test_an_unknown_task_is_not_found_in_doclings_words(client: TestClient, task_id: str) -> None:
    for path in (f"/v1/status/poll/{task_id}", f"/v1/result/{task_id}"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert answer.json()["detail"] in ("Task not found.", "Not Found")
    assert client.get("/v1/result/3f2504e0-4f89-11d3-9a0c-0305e82c3301").json() == {"detail": "Task not found."}


def test_a_result_that_is_not_there_yet_is_told_in_doclings_words(engine: Engine, client: TestClient) -> None:
    with paused(engine):
        task_id = begin(client, ("waits.pdf", said("It waits.")))
        answer = client.get(f"/v1/result/{task_id}")
        assert answer.status_code == 404
        assert answer.json() == {"detail": "Task result not found. Please wait for a completion status."}
    finish(client, task_id)


def test_a_result_that_was_deleted_is_not_found(engine: Engine, client: TestClient) -> None:
    task_id = begin(client, ("deleted.pdf", said("Deleted.")))
    finish(client, task_id)
    place = Path(os.fsdecode(engine.find(task_id).job.output or b""))
    for file in place.iterdir():
        file.unlink()
    answer = client.get(f"/v1/result/{task_id}")
    assert answer.status_code == 404
    assert answer.json()["detail"].startswith("Task result not found")


def test_waiting_jobs_have_a_position(engine: Engine, client: TestClient) -> None:
    with paused(engine):
        tasks = [begin(client, (f"{n}.pdf", said(f"Number {n}."))) for n in range(3)]
        positions: list[int] = []

        def look() -> list[int]:
            positions[:] = [client.get(f"/v1/status/poll/{task}").json()["task_position"] for task in tasks]
            return positions

        wait_until(lambda: look() == [1, 2, 3], "the positions to be known")
    for task_id in tasks:
        assert finish(client, task_id)["task_position"] is None


# --- waiting ---


def test_a_call_that_waits_too_long_is_told_so_and_the_task_goes_on(impatient: tuple[Engine, TestClient]) -> None:
    engine, client = impatient
    with paused(engine):
        answer = send(client, ("slow.pdf", said("In the end.")))
    assert answer.status_code == 504
    body = answer.json()
    assert body["task_status"] == "pending"
    assert body["task_id"] in body["detail"]
    wait_until(lambda: client.get(f"/v1/status/poll/{body['task_id']}").json()["task_status"] == "success")
    assert "In the end." in client.get(f"/v1/result/{body['task_id']}").json()["document"]["md_content"]


def test_a_call_that_is_repeated_joins_the_work_under_way(impatient: tuple[Engine, TestClient]) -> None:
    engine, client = impatient
    content = said("Once.")

    def asked(name: str, **fields: Any) -> str:
        return str(send(client, (name, content), **fields).json()["task_id"])

    with paused(engine):
        tasks = [asked("once.pdf"), asked("once.pdf"), asked("other.pdf"), asked("once.pdf", do_ocr="true")]
        assert len({*tasks}) == 3
        assert tasks[0] == tasks[1]
        assert begin(client, ("once.pdf", content)) not in tasks
    wait_until(lambda: engine.find(tasks[0]).job.state is JobState.DONE)
    with paused(engine):
        assert asked("once.pdf") not in tasks


def test_a_poll_waits_as_long_as_it_may_and_not_longer(impatient: tuple[Engine, TestClient]) -> None:
    engine, client = impatient
    with paused(engine):
        task_id = begin(client, ("poll.pdf", said("Poll.")))
        answer = client.get(f"/v1/status/poll/{task_id}", params={"wait": 3600})
        assert answer.json()["task_status"] == "pending"
    for wait in ("-1", "nan", "inf", "long"):
        assert client.get(f"/v1/status/poll/{task_id}", params={"wait": wait}).status_code == 422


def test_a_websocket_tells_a_task_from_its_beginning_to_its_end(engine: Engine, client: TestClient) -> None:
    engine.pause()
    try:
        task_id = begin(client, ("followed.pdf", said("Followed.", fault="fault: slow")))
        with client.websocket_connect(f"/v1/status/ws/{task_id}?api_key=secret") as channel:
            first, second = channel.receive_json(), channel.receive_json()
            assert (first["message"], second["message"]) == ("connection", "update")
            assert first["task"]["task_status"] == "pending"
            assert first["error"] is None
            channel.send_text("next")
            assert channel.receive_json()["message"] == "update"
            engine.resume()
            statuses = []
            while not statuses or statuses[-1] not in ("success", "failure"):
                statuses.append(channel.receive_json()["task"]["task_status"])
            assert statuses[-1] == "success"
            assert channel.receive()["type"] == "websocket.close"
    finally:
        engine.resume()


def test_a_websocket_about_a_finished_task_says_so_and_closes(client: TestClient) -> None:
    task_id = begin(client, ("done.pdf", pdfs.not_a_pdf()))
    finish(client, task_id)
    with client.websocket_connect(f"/v1/status/ws/{task_id}") as channel:
        assert channel.receive_json()["task"]["task_status"] == "failure"
        assert channel.receive_json()["task"]["error_message"]
        assert channel.receive()["type"] == "websocket.close"


def test_a_websocket_about_an_unknown_task_says_so(client: TestClient) -> None:
    with client.websocket_connect("/v1/status/ws/3f2504e0-4f89-11d3-9a0c-0305e82c3301") as channel:
        assert channel.receive_json() == {"message": "error", "task": None, "error": "Task not found."}
        assert channel.receive()["type"] == "websocket.close"


@pytest.fixture
def listening(engine: Engine) -> Iterator[tuple[str, int]]:
    channel = socket.create_server(("127.0.0.1", 0))
    channel.setblocking(False)
    listener = Listener(
        [Door(channel, create_api(Service(engine, lambda now: None)), ConnectionLimits(total=300, per_peer=300))]
    )
    listener.start()
    yield channel.getsockname()
    listener.stop()


def leave(address: tuple[str, int], query: str, name: str, seen: Callable[[], object]) -> None:
    """Ask for a conversion, and go away once `seen`."""
    request = httpx.Request(
        "POST", f"http://127.0.0.1/v1/convert/file{query}", files={"files": (name, said("For nobody."), PDF)}
    )
    head = f"POST /v1/convert/file{query} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in request.headers.items())
    with socket.create_connection(address) as channel:
        channel.sendall(head.encode() + b"\r\n" + request.read())
        wait_until(seen, f"{name} to be queued")


def test_work_for_a_client_that_went_away_is_given_up_if_asked(engine: Engine, listening: tuple[str, int]) -> None:
    def state(name: str) -> JobState | None:
        return next((entry.job.state for entry in engine.select() if entry.job.name == name), None)

    with paused(engine):
        leave(listening, "", "kept.pdf", lambda: state("kept.pdf"))
        leave(listening, "?cancel_on_disconnect=true", "given-up.pdf", lambda: state("given-up.pdf"))
        wait_until(lambda: state("given-up.pdf") is JobState.CANCELLED, "the job to be cancelled")
        assert state("kept.pdf") is JobState.QUEUED
    wait_until(lambda: state("kept.pdf") is JobState.DONE, "the other to be converted")


def test_hundreds_of_clients_wait_without_keeping_others_from_being_answered(
    engine: Engine, listening: tuple[str, int]
) -> None:
    async def ask() -> None:
        limits = httpx.Limits(max_connections=None)
        base = f"http://127.0.0.1:{listening[1]}"
        async with httpx.AsyncClient(base_url=base, timeout=60, limits=limits) as client:
            with paused(engine):
                sent = await client.post(
                    "/v1/convert/file/async", files={"files": ("crowd.pdf", said("A crowd."), PDF)}
                )
                url = f"/v1/status/poll/{sent.json()['task_id']}?wait=50"
                waiting = [asyncio.create_task(client.get(url)) for _ in range(120)]
                for _ in range(5):
                    assert (await client.get("/health")).status_code == 200
                assert not any(task.done() for task in waiting)
            answers = await asyncio.gather(*waiting)
            assert {answer.json()["task_status"] for answer in answers} == {"success"}

    asyncio.run(ask())


# --- what is sent ---


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../../etc/cron.d/evil.pdf", "evil.pdf"),
        ("C:\\Users\\me\\evil.pdf", "evil.pdf"),
        ("..", ".."),
        ("manifest.json", "manifest.json"),
        ("a\u202efdp.exe", "a\\u202efdp.exe"),
        ("\x1b[31mred.pdf", "\\x1b[31mred.pdf"),
        (f"{'ü' * 300}.pdf", f"{'ü' * 300}.pdf"),
        (".hidden", ".hidden"),
        ("-rf.pdf", "-rf.pdf"),
    ],
)
def test_a_hostile_filename_is_only_a_name(engine: Engine, client: TestClient, name: str, shown: str) -> None:
    boundary = "fence"
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n'
    body = head.encode() + b"Content-Type: application/pdf\r\n\r\n" + said("Harmless.") + b"\r\n--fence--\r\n"
    answer = client.post(
        "/v1/convert/file", content=body, headers={"Content-Type": f"multipart/form-data; boundary={boundary}"}
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["document"]["filename"] == shown
    assert "Harmless." in answer.json()["document"]["md_content"]
    output = engine.settings.output.resolve()
    for entry in engine.select():
        if entry.job.output:
            assert Path(os.fsdecode(entry.job.output)).resolve().parent == output


def test_too_much_is_refused(engine: Engine, client: TestClient) -> None:
    before = len(engine.select())
    answer = send(client, ("big.pdf", b"%PDF-1.7" + bytes(300_000)))
    assert answer.status_code == 413
    assert "max_upload" in answer.json()["detail"]
    big = base64.b64encode(bytes(400_000)).decode()
    assert client.post("/v1/convert/source", json={"sources": [{"base64_string": big}]}).status_code == 413
    assert len(engine.select()) == before
    assert not [file for file in uploaded(engine) if file.stat().st_size > 300_000]


def test_too_much_is_refused_while_it_still_comes_in(listening: tuple[str, int]) -> None:
    head = (
        "POST /v1/convert/file HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n\r\n"
    )
    part = b'--x\r\nContent-Disposition: form-data; name="files"; filename="endless.pdf"\r\n\r\n' + bytes(1 << 16)
    with socket.create_connection(listening, timeout=20) as channel:
        channel.sendall(head.encode())
        for _ in range(24):
            channel.sendall(f"{len(part):x}\r\n".encode() + part + b"\r\n")
        assert channel.recv(100).startswith(b"HTTP/1.1 413 ")


NO_DOCUMENT = "Send each document as a file in a form field named files."


@pytest.mark.parametrize(
    ("request_", "status", "sentence"),
    [
        ({"files": {"to_formats": (None, "md")}}, 422, NO_DOCUMENT),
        ({"files": {"files": (None, "not a file")}}, 422, NO_DOCUMENT),
        ({"data": {"to_formats": "md"}}, 422, NO_DOCUMENT),
        ({"content": b"", "headers": {"Content-Type": "application/json"}}, 415, "Send a form: "),
        ({"files": {"document": ("a.pdf", b"%PDF-1.7", PDF)}}, 422, "document: no file is expected in this field."),
    ],
)
def test_a_request_without_documents_is_refused(
    engine: Engine, client: TestClient, request_: dict[str, Any], status: int, sentence: str
) -> None:
    answer = client.post("/v1/convert/file", **request_)
    assert answer.status_code == status
    assert answer.json()["detail"].startswith(sentence)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b'{"sources": []}', b'{"sources": [{"base64_string": "%%%"}]}', b'{"sources": [{"base64_string": 1}]}'],
)
def test_json_that_makes_no_sense_is_refused_with_a_sentence(client: TestClient, body: bytes) -> None:
    answer = client.post("/v1/convert/source", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert isinstance(answer.json()["detail"], str)


def test_a_form_that_is_damaged_is_refused(client: TestClient) -> None:
    answer = client.post(
        "/v1/convert/file", content=b"--x\r\nrubbish", headers={"Content-Type": "multipart/form-data; boundary=x"}
    )
    assert answer.status_code in (400, 422)


# --- how long things are kept ---


def test_a_document_is_removed_when_its_result_is_published_and_kept_when_it_failed(tmp_path: Path) -> None:
    with serving(tmp_path) as (engine, client):
        finish(client, begin(client, ("good.pdf", said("Good."))))
        wait_until(lambda: uploaded(engine) == [], "the document to be removed")
        failed = begin(client, ("locked.pdf", pdfs.encrypted("secret")))
        finish(client, failed)
        (kept,) = uploaded(engine)
        assert kept.name == "locked.pdf"
        assert kept.stat().st_mode & 0o077 == 0
        job = engine.find(failed).job
        engine.unlock([job.id], "secret")
        wait_until(lambda: engine.find(failed).job.state is JobState.DONE, "the retry")
        wait_until(lambda: uploaded(engine) == [], "the document to be removed")
        assert client.get(f"/v1/result/{failed}").json()["status"] == "success"
        assert not list(engine.settings.input.rglob("*"))


def test_tasks_outlive_the_engine(tmp_path: Path) -> None:
    with serving(tmp_path) as (engine, client):
        engine.pause()
        one = begin(client, ("one.pdf", said("Still one.")), pipeline="vlm")
        several = begin(client, ("two.pdf", said("Still two.")), ("two.pdf", pdfs.not_a_pdf()))
    with serving(tmp_path) as (engine, client):
        assert finish(client, one)["task_status"] == "success"
        result = client.get(f"/v1/result/{one}").json()
        assert "Still one." in result["document"]["md_content"]
        assert errors(result)[0].startswith("pipeline=vlm")
        finish(client, several)
        assert unpack(client.get(f"/v1/result/{several}")).keys() == {"two.md", "errors.json"}


def test_what_is_left_over_goes_at_the_next_start(tmp_path: Path) -> None:
    with serving(tmp_path) as (engine, client):
        removed = begin(client, ("removed.pdf", pdfs.not_a_pdf()))
        kept = begin(client, ("kept.pdf", pdfs.not_a_pdf()))
        finish(client, removed)
        finish(client, kept)
        engine.remove([engine.find(removed).job.id])
        assert client.get(f"/v1/status/poll/{removed}").status_code == 404
        folders = list(engine.settings.uploads_folder.iterdir())
    (folders[0].parent / "half-an-upload").mkdir()
    fresh = folders[0].parent / "under-way"
    fresh.mkdir()
    for folder in folders[0].parent.iterdir():
        if folder != fresh:
            os.utime(folder, (_BEGUN - 60, _BEGUN - 60))
    with serving(tmp_path) as (engine, client):
        assert [file.name for file in uploaded(engine)] == ["kept.pdf"]
        assert fresh.exists()
        assert not (fresh.parent / "half-an-upload").exists()


def test_somebody_who_sends_what_was_converted_before_gets_it_all_the_same(
    impatient: tuple[Engine, TestClient],
) -> None:
    engine, client = impatient
    assert engine.settings.duplicates == "skip"
    for _ in range(2):
        task_id = begin(client, ("twice.pdf", said("Twice.")))
        wait_until(lambda task_id=task_id: engine.find(task_id).job.state.is_finished)  # type: ignore[misc]
        assert "Twice." in client.get(f"/v1/result/{task_id}").json()["document"]["md_content"]


def test_the_openapi_document_is_complete(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert paths["/v1/convert/file"]["post"]["requestBody"]["content"].keys() == {"multipart/form-data"}
    assert "504" in paths["/v1/convert/source"]["post"]["responses"]
