"""Results as downloads: what is served, and everything that must not be."""

import json
import os
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import pytest
from fastapi import HTTPException

from engine.facade.engine import Engine
from engine.job.job import Job, JobState
from engine.server.app.api import create_api
from engine.server.dependencies.service import Service
from engine.server.routers.outputs import media_type
from engine.server.routers.results import Result
from engine.settings.settings import Settings
from tests import pdfs
from tests.backends import local_backend
from tests.engine.server.serving import ask, serving

SECRET = b"nobody's business"


@dataclass
class Served:
    """A published conversion of `été.pdf`, served on TCP."""

    url: str
    engine: Engine
    job: Job
    result: Path
    output: Path

    def get(self, path: str, **headers: str):
        return ask(self.url, f"/conversions/{self.job.id}/output/{path}", **headers)

    def list_file(self, path: str) -> None:
        """Have the manifest name a file, as if the conversion had made it."""
        manifest = json.loads((self.result / "manifest.json").read_text())
        manifest["files"].append(path)
        (self.result / "manifest.json").write_text(json.dumps(manifest))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    (folder / "secret").write_bytes(SECRET)
    (folder / "été.pdf").write_bytes(pdfs.text_pages(1))
    settings = Settings(
        input=folder / "input", output=folder / "output", formats=("md", "png"), ocr="never", num_workers=1
    )
    with (
        Engine(settings, watch=False, backend=local_backend) as engine,
        serving(create_api(Service(engine, lambda now: None))) as url,
    ):
        job = engine.submit(folder / "été.pdf")
        assert engine.wait_until_idle(30)
        job = engine.job(job.id).job
        yield Served(url, engine, job, Path(os.fsdecode(job.output or b"")), settings.output)


@pytest.fixture
def served(shared: Served) -> Iterator[Served]:
    manifest = (shared.result / "manifest.json").read_text()
    yield shared
    (shared.result / "manifest.json").write_text(manifest)


def test_the_files_of_a_result_are_listed_with_where_to_get_them(served: Served) -> None:
    status, _, body = ask(served.url, f"/conversions/{served.job.conversion_id}/output")
    assert status == 200
    files = {file["path"]: file for file in json.loads(body)["files"]}
    assert list(files) == ["manifest.json", "pages/0001.png", "été.md"]
    for path, file in files.items():
        assert file["size"] == (served.result / path).stat().st_size
        status, headers, content = ask(served.url, file["url"])
        assert (status, content) == (200, (served.result / path).read_bytes())
        assert headers["content-type"] == file["media_type"]


def test_a_file_is_an_attachment_that_no_browser_shows(served: Served) -> None:
    status, headers, _ = served.get(quote("été.md"))
    assert status == 200
    assert headers["content-disposition"] == "attachment; filename=\"_t_.md\"; filename*=UTF-8''%C3%A9t%C3%A9.md"
    assert headers["content-type"] == "text/markdown; charset=utf-8"
    assert headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in headers["content-security-policy"]


@pytest.mark.parametrize("name", ["page.html", "page.HTM", "picture.svg", "page.xhtml", "script.js", "no suffix"])
def test_what_a_browser_would_run_is_just_bytes(served: Served, name: str) -> None:
    (served.result / name).write_text("<script>alert(1)</script>")
    served.list_file(name)
    status, headers, _ = served.get(quote(name))
    assert (status, headers["content-type"]) == (200, "application/octet-stream")
    assert headers["content-disposition"].startswith("attachment;")


def test_a_name_cannot_break_out_of_its_header(served: Served) -> None:
    name = 'a"; filename=evil.exe\rX-Evil: 1.md'
    (served.result / name).write_text("text")
    served.list_file(name)
    status, headers, _ = served.get(quote(name))
    assert status == 200
    assert "x-evil" not in headers
    assert headers["content-disposition"].startswith('attachment; filename="a__ filename_evil.exe_X-Evil_ 1.md";')


@pytest.mark.parametrize(
    "path",
    [
        "",
        "../../secret",
        "../../../secret",
        "pages/../../../secret",
        "pages/../manifest.json",
        "./manifest.json",
        "pages//0001.png",
        "pages/",
        "..",
        ".",
        "/etc/passwd",
        "//etc/passwd",
        "%2e%2e/%2e%2e/secret",
        "%2e%2e%2f%2e%2e%2fsecret",
        "..%2f..%2fsecret",
        "%2fetc%2fpasswd",
        "..%5c..%5csecret",
        "..\\..\\secret",
        "manifest.json%00",
        "manifest.json%00.png",
        "pages%5c0001.png",
    ],
)
def test_a_path_that_leads_out_of_the_result_is_refused(served: Served, path: str) -> None:
    status, _, body = served.get(path)
    assert status == 400
    assert json.loads(body) == {"detail": "That is no path inside a result: use one from the list of its files."}


@pytest.mark.parametrize(
    "path",
    [
        "none.md",
        "pages",
        "manifest.json/x",
        "%252e%252e%252f%252e%252e%252fsecret",  # encoded twice: an odd name, and not there
        "%c0%ae%c0%ae/secret",  # overlong UTF-8 for two dots
        "%ff.md",
        "%EF%BC%8E%EF%BC%8E/secret",  # full-width dots
        "..;/secret",
        "~/secret",
        "x" * 300,
        "x/" * 2000 + "y",
        "C:secret",
        "manifest.json%0d%0aX-Evil:%201",
    ],
)
def test_what_the_conversion_has_not_made_is_not_there(served: Served, path: str) -> None:
    status, _, body = served.get(path)
    assert status == 404
    assert SECRET not in body


def test_another_file_in_the_same_folder_is_not_served(served: Served) -> None:
    (served.result / "left by somebody.txt").write_bytes(SECRET)
    status, _, body = served.get("left%20by%20somebody.txt")
    assert status == 404
    assert b"left by somebody" not in ask(served.url, f"/conversions/{served.job.id}/output")[2] + body


@pytest.mark.parametrize("target", ["/etc/passwd", "../../secret", "manifest.json", "missing"])
def test_a_symlink_is_not_followed(served: Served, target: str) -> None:
    link = served.result / "link.md"
    link.unlink(missing_ok=True)
    link.symlink_to(target)
    served.list_file("link.md")
    status, _, body = served.get("link.md")
    assert status == 404
    assert "link" in json.loads(body)["detail"]
    assert b"link.md" not in ask(served.url, f"/conversions/{served.job.id}/output")[2]


def test_a_symlink_on_the_way_is_not_followed(served: Served) -> None:
    (served.result / "folder").unlink(missing_ok=True)
    (served.result / "folder").symlink_to(served.output.parent)
    served.list_file("folder/secret")
    status, _, body = served.get("folder/secret")
    assert status == 404
    assert "link" in json.loads(body)["detail"]
    assert b"folder/secret" not in ask(served.url, f"/conversions/{served.job.id}/output")[2]


def test_a_result_folder_that_has_become_a_symlink_is_not_followed(served: Served) -> None:
    aside = served.output.parent / "aside"
    served.result.rename(aside)
    try:
        served.result.symlink_to(aside)
        assert served.get("manifest.json")[0] == 404
        assert ask(served.url, f"/conversions/{served.job.id}/output")[0] == 404
    finally:
        served.result.unlink()
        aside.rename(served.result)
    assert served.get("manifest.json")[0] == 200


def test_a_manifest_that_is_a_symlink_is_not_believed(served: Served) -> None:
    manifest = served.result / "manifest.json"
    aside = served.output.parent / "manifest"
    manifest.rename(aside)
    try:
        manifest.symlink_to(aside)
        assert served.get(quote("été.md"))[0] == 404
    finally:
        manifest.unlink()
        aside.rename(manifest)


@pytest.mark.parametrize(
    "path", ["../../secret", "/etc/passwd", "a/../../../secret", "", ".", "x\0y", "x\\y", "\ud800"]
)
def test_a_manifest_cannot_make_anything_else_a_file_of_the_result(served: Served, path: str) -> None:
    served.list_file(path)
    status, _, body = ask(served.url, f"/conversions/{served.job.id}/output")
    assert status == 200
    assert {file["path"] for file in json.loads(body)["files"]} == {"manifest.json", "pages/0001.png", "été.md"}
    assert SECRET not in served.get(quote(path, errors="replace"))[2]


@pytest.mark.parametrize("content", ["", "[]", '{"schema": 1}', '{"schema": 1, "files": [1, null, {}]}', "[" * 100_000])
def test_a_damaged_manifest_means_that_there_is_no_result(served: Served, content: str) -> None:
    (served.result / "manifest.json").write_text(content)
    assert served.get("manifest.json")[0] == 404
    assert ask(served.url, f"/conversions/{served.job.id}/output")[0] == 404


def test_a_pipe_and_a_socket_are_not_opened(served: Served) -> None:
    pipe, listening = served.result / "pipe.md", served.result / "socket.md"
    os.mkfifo(pipe)
    with socket.socket(socket.AF_UNIX) as channel:
        channel.bind(str(listening))
        served.list_file("pipe.md")
        served.list_file("socket.md")
        assert served.get("pipe.md")[0] == served.get("socket.md")[0] == 404


def open_files() -> int:
    return sum(1 for _ in Path("/dev/fd").iterdir())


def test_a_large_file_comes_whole_or_in_part_and_leaves_nothing_open(served: Served) -> None:
    content = os.urandom(1 << 20) * 3
    (served.result / "large.json").write_bytes(content)
    served.list_file("large.json")
    before = open_files()
    status, headers, body = served.get("large.json")
    assert (status, int(headers["content-length"]), body) == (200, len(content), content)
    status, headers, body = served.get("large.json", Range=f"bytes={2 << 20}-")
    assert (status, body) == (206, content[2 << 20 :])
    assert headers["content-range"] == f"bytes {2 << 20}-{len(content) - 1}/{len(content)}"
    assert served.get("large.json", Range=f"bytes={len(content)}-")[0] == 416
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", int(served.url.rpartition(":")[2]))) as rude:
            rude.sendall(f"GET /conversions/{served.job.id}/output/large.json HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            rude.recv(10)
    deadline = time.monotonic() + 10
    while open_files() > before + 3:
        assert time.monotonic() < deadline, "files stay open after clients have gone"
        served.get("manifest.json")


@pytest.mark.parametrize(
    ("asked", "status", "kind"),
    [
        (None, 200, "text/markdown"),
        ("bytes=0-4", 206, "text/markdown"),
        ("bytes=-5", 206, "text/markdown"),
        ("bytes=0-1,4-5", 206, "multipart/byteranges"),
        ("bytes=99999999-", 416, "application/json"),
        ("bytes=5-2", 200, "text/markdown"),
        ("bytes=x", 200, "text/markdown"),
        ("lines=1-2", 200, "text/markdown"),
        ("nothing", 200, "text/markdown"),
    ],
)
def test_what_a_download_answers_is_what_the_document_says(
    served: Served, asked: str | None, status: int, kind: str
) -> None:
    document = json.loads(ask(served.url, "/openapi.json")[2])
    route = document["paths"]["/conversions/{conversion_id}/output/{path}"]["get"]
    said = route["responses"][str(status)]
    headers = {"Range": asked} if asked is not None else {}
    answer, found, body = served.get(quote("été.md"), **headers)
    assert (answer, found["content-type"].split(";")[0]) == (status, kind)
    assert kind in said["content"]
    assert {name for name, header in said["headers"].items() if header.get("required") and name not in found} == set()
    usual = {"content-type", "date", "x-content-type-options", "content-security-policy"}
    assert {name.lower() for name in found} - {name.lower() for name in said["headers"]} <= usual
    if status == 416:
        size = (served.result / "été.md").stat().st_size
        assert found["content-range"] == f"bytes */{size}"
        assert set(json.loads(body)) == {"detail"}
    named = {parameter["name"] for parameter in route["parameters"] if parameter["in"] == "header"}
    assert named == {"Range", "If-Range"}


def test_a_part_of_another_version_is_not_sent(served: Served) -> None:
    _, headers, whole = served.get(quote("été.md"))
    assert served.get(quote("été.md"), Range="bytes=0-4", If_Range=headers["etag"])[0] == 206
    status, _, body = served.get(quote("été.md"), Range="bytes=0-4", If_Range='"another"')
    assert (status, body) == (200, whole)


def test_a_result_that_is_not_there_yet_or_never_will_be_is_explained(served: Served) -> None:
    engine, folder = served.engine, served.output.parent
    (folder / "waiting.pdf").write_bytes(pdfs.text_pages(2))
    engine.pause()
    try:
        job = engine.submit(folder / "waiting.pdf")
        for path in ("", "/waiting.md"):
            status, _, body = ask(served.url, f"/conversions/{job.id}/output{path}")
            assert status == 409
            assert json.loads(body)["detail"].startswith("There is no result yet: the conversion is queued.")
        engine.cancel([job.id])
        status, _, body = ask(served.url, f"/conversions/{job.id}/output")
        assert (status, "the conversion is cancelled" in json.loads(body)["detail"]) == (409, True)
    finally:
        engine.resume()


@pytest.mark.parametrize("state", [JobState.RUNNING, JobState.QUEUED, JobState.CANCELLED, JobState.FAILED])
def test_what_lies_in_the_place_before_publication_is_not_the_result(served: Served, state: JobState) -> None:
    with pytest.raises(HTTPException) as refusal:
        Result.of(replace(served.job, state=state), [served.output])
    assert refusal.value.status_code == 409
    assert Result.of(replace(served.job, state=JobState.PARTIAL), [served.output]).files


def test_a_result_outside_the_output_folder_is_not_served(served: Served) -> None:
    with pytest.raises(HTTPException) as refusal:
        Result.of(served.job, [served.output / "other"])
    assert refusal.value.status_code == 404


def test_a_result_that_was_deleted_or_replaced_is_gone(served: Served) -> None:
    manifest = json.loads((served.result / "manifest.json").read_text())
    manifest["conversion_id"] = "another"
    (served.result / "manifest.json").write_text(json.dumps(manifest))
    assert served.get("manifest.json")[0] == 200, "the same content, from before the queue was built anew"
    manifest["source"]["sha256"] = "other"
    (served.result / "manifest.json").write_text(json.dumps(manifest))
    status, _, body = served.get("manifest.json")
    assert (status, "replaced" in json.loads(body)["detail"]) == (404, True)
    (served.result / "manifest.json").unlink()
    status, _, body = served.get(quote("été.md"))
    assert (status, "no longer" in json.loads(body)["detail"]) == (404, True)


@pytest.mark.parametrize("id_", ["0", "99999", "-1", "%2e%2e", "..%2f1", "9" * 40, "%00", "null"])
def test_an_id_that_is_none_is_not_found(served: Served, id_: str) -> None:
    assert ask(served.url, f"/conversions/{id_}/output/manifest.json")[0] == 404
    assert ask(served.url, f"/conversions/{id_}/output")[0] in (404, 200 if id_ == "%2e%2e" else 404)


def test_only_reading_is_possible(served: Served) -> None:
    for method in ("PUT", "POST", "DELETE", "PATCH"):
        status, _, _ = ask(served.url, f"/conversions/{served.job.id}/output/manifest.json", method)
        assert status == 405


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.pdf", "application/pdf"),
        ("a.tiff", "image/tiff"),
        ("thumbnails/0001.webp", "image/webp"),
        ("a.svg", "application/octet-stream"),
    ],
)
def test_a_file_is_called_what_it_is_unless_a_browser_would_run_it(name: str, expected: str) -> None:
    assert media_type(name) == expected
