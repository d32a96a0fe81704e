"""Submitting a file of the hot folder."""

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from engine.facade.engine import Engine
from engine.job.formats import Format
from engine.job.job import JobState
from engine.job.options import ConverterName, ConvertOptions, OcrMode, PromptMode
from engine.server.app.api import create_api
from engine.server.dependencies.service import Service
from engine.server.routers.forms import NOT_ASKED, Wishes
from engine.server.security.names import find_input
from engine.settings.settings import Settings
from tests import pdfs
from tests.backends import local_backend
from tests.waiting import wait_until

ANSWER = {"status", "conversion_id", "filename", "message", "queue_size", "active_tasks"}


class Place:
    """A paused engine whose hot folder finds nothing by itself, and its API."""

    def __init__(self, folder: Path, engine: Engine, client: TestClient) -> None:
        self.folder, self.engine, self.client = folder, engine, client

    def put(self, name: str | bytes) -> Path:
        path = self.folder / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pdfs.text_pages(1))
        return path

    def convert(self, filename: str, **fields: Any) -> Any:
        return self.client.post("/convert", data={"filename": filename, **fields})


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    tmp_path = tmp_path_factory.mktemp("submission")
    settings = Settings(input=tmp_path / "input", output=tmp_path / "output", ocr="never", settle=3600)
    with Engine(settings, backend=local_backend) as engine:
        engine.pause()
        (tmp_path / "outside.pdf").write_bytes(pdfs.text_pages(1))
        with TestClient(create_api(Service(engine, lambda now: None)), base_url="http://localhost") as client:
            yield Place(settings.input, engine, client)


@pytest.fixture
def place(shared: Place) -> Iterator[Place]:
    yield shared
    shared.engine.remove(shared.engine.cancel([entry.job.id for entry in shared.engine.select()]))


def test_a_file_that_the_hot_folder_has_not_seen_is_accepted(place: Place) -> None:
    place.put("a.pdf")
    answer = place.convert("a.pdf")
    assert answer.status_code == 202
    body = answer.json()
    assert set(body) == ANSWER
    (entry,) = place.engine.select()
    assert body == {
        "status": "accepted",
        "conversion_id": entry.job.conversion_id,
        "filename": "a.pdf",
        "message": f"Queued as job {entry.job.id}.",
        "queue_size": 1,
        "active_tasks": 0,
    }


def test_a_multipart_form_is_taken_like_an_urlencoded_one(place: Place) -> None:
    place.put("folder/b c.pdf")
    answer = place.client.post("/convert", files={"filename": (None, "folder/b c.pdf"), "ocr": (None, "force")})
    assert (answer.status_code, answer.json()["filename"]) == (202, "folder/b c.pdf")
    assert place.engine.find(answer.json()["conversion_id"]).job.options.ocr is OcrMode.FORCE


def test_options_and_priority_travel_with_the_job_and_the_rest_is_as_the_settings_have_it(place: Place) -> None:
    place.put("options.pdf")
    fields = {"formats": "json, txt", "images": "no", "dpi": "300", "refine": "false", "skip_steps": "code,links"}
    answer = place.convert("options.pdf", **fields, structure="layout", priority="-3", page_footer="")
    job = place.engine.find(answer.json()["conversion_id"]).job
    assert job.priority == -3
    assert job.options == place.engine.settings.convert_options.model_copy(
        update=ConvertOptions.model_validate(
            {"formats": ("json", "txt"), "skip_steps": ("code", "links"), "structure": "layout"}
        ).model_dump(include={"formats", "skip_steps", "structure"})
        | {"images": False, "dpi": 300, "refine": False}
    )
    assert job.options.formats == (Format.JSON, Format.TXT)


def test_every_option_of_a_conversion_can_be_asked_for() -> None:
    assert set(ConvertOptions.model_fields) - NOT_ASKED <= set(Wishes.model_fields)


def test_formats_may_be_given_several_times(place: Place) -> None:
    place.put("formats.pdf")
    answer = place.convert("formats.pdf", formats=["md", "png"])
    assert place.engine.find(answer.json()["conversion_id"]).job.options.formats == (Format.MD, Format.PNG)


@pytest.mark.parametrize("mode", PromptMode)
def test_a_prompt_mode_of_the_old_system_is_accepted_and_said_to_have_no_effect(place: Place, mode: str) -> None:
    place.put("mode.pdf")
    answer = place.convert("mode.pdf", prompt_mode=mode)
    assert answer.status_code == 202
    assert f"{mode} has no effect" in answer.json()["message"]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"prompt_mode": "prompt_poem"}, "prompt_mode: "),
        ({"formats": "docx"}, "formats: "),
        ({"formats": ","}, "formats: "),
        ({"ocr": "sometimes"}, "ocr: "),
        ({"ocr": b"\xff\xfe"}, "ocr: "),
        ({"images": "perhaps"}, "images: "),
        ({"dpi": "17"}, "dpi: "),
        ({"dpi": "1e99"}, "dpi: "),
        ({"dpi": ["100", "200"]}, "dpi is given 2 times"),
        ({"priority": "99999999999999999999"}, "priority: "),
        ({"skip_steps": "columns,magic"}, "skip_steps: "),
        ({"format": "md"}, "format: there is no such field. Did you mean formats?"),
        ({"\x1b[31m": "md"}, "\\x1b[31m: there is no such field."),
        ({"pages": "\u202e"}, "pages: give pages as in '1-10,15,20-', not '\\u202e' (got "),
    ],
)
def test_an_option_that_cannot_be_is_refused_with_a_sentence(
    place: Place, fields: dict[str, Any], sentence: str
) -> None:
    place.put("wrong.pdf")
    answer = place.convert("wrong.pdf", **fields)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(sentence)
    assert place.engine.select() == []


def test_a_vision_model_reads_only_where_the_settings_name_one(place: Place) -> None:
    place.put("seen.pdf")
    answer = place.convert("seen.pdf", converter="vlm")
    refusal = "No vision model is set up here: the settings name none (vlm_url)."
    assert (answer.status_code, answer.json()["detail"]) == (422, refusal)
    assert place.engine.select() == []
    wishes = Wishes(converter=ConverterName.VLM)
    for base in (ConvertOptions(converter=ConverterName.VLM), ConvertOptions(vlm_url="http://models.example/v1")):
        assert wishes.options(base) == base.model_copy(update={"converter": ConverterName.VLM})


@pytest.mark.parametrize("fields", [{}, {"filename": ""}, {"filename": ["a.pdf", "b.pdf"]}])
def test_not_naming_one_file_is_refused(place: Place, fields: dict[str, Any]) -> None:
    answer = place.client.post("/convert", data={"ocr": "never", **fields})
    assert (answer.status_code, answer.json()["detail"]) == (422, "Name one file in the field `filename`.")


def test_an_unknown_file_is_not_found(place: Place) -> None:
    answer = place.convert("no-such.pdf")
    assert (answer.status_code, answer.json()["detail"]) == (
        404,
        "no-such.pdf is not in the input folder: No such file or directory.",
    )
    assert place.convert("x" * 5000).status_code == 404
    assert place.convert("/".join(["x"] * 5000)).status_code == 404


@pytest.mark.parametrize(
    "filename",
    [
        "../outside.pdf",
        "..",
        "folder/../../outside.pdf",
        "folder/../inside.pdf",
        "/etc/passwd",
        "//etc/passwd",
        "nul\0.pdf",
        "inside.pdf\0",
        ".",
        "folder",
        "link-out.pdf",
        "link-to-root/etc/passwd",
        "link-to-parent/outside.pdf",
        "link-to-parent/not-there.pdf",
        "loop",
        "pipe.pdf",
        "device.pdf",
        ".hidden.pdf",
        ".hidden/a.pdf",
        "half.pdf.part",
        "@eaDir/a.pdf",
        "~$a.pdf",
    ],
)
def test_what_is_no_file_inside_the_folder_is_refused(place: Place, filename: str) -> None:
    folder = place.folder
    for name in ("inside.pdf", "folder/a.pdf", ".hidden.pdf", ".hidden/a.pdf", "half.pdf.part", "@eaDir/a.pdf"):
        place.put(name)
    place.put("~$a.pdf")
    links = {"link-out.pdf": "../outside.pdf", "link-to-root": "/", "link-to-parent": "..", "device.pdf": "/dev/zero"}
    for link, target in {**links, "loop": "loop"}.items():
        if not (folder / link).is_symlink():
            (folder / link).symlink_to(target)
    if not (folder / "pipe.pdf").exists():
        os.mkfifo(folder / "pipe.pdf")
    answer = place.convert(filename)
    assert answer.status_code == 400, answer.text
    assert "root:" not in answer.text
    assert place.engine.select() == []


@pytest.mark.parametrize(
    "sent",
    [
        "%252e%252e%252foutside.pdf",
        "..%255coutside.pdf",
        "%c0%ae%c0%ae/outside.pdf",
        "%c0%ae%c0%ae%c0%afoutside.pdf",
        "%uff0e%uff0e/outside.pdf",
        "．．/outside.pdf",
        "..\\outside.pdf",
        "..;/outside.pdf",
        "file:../outside.pdf",
        "~/outside.pdf",
        "$HOME",
    ],
)
def test_a_name_is_taken_literally_and_not_decoded_twice(place: Place, sent: str) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = place.client.post("/convert", content=f"filename={sent}".encode(), headers=headers)
    assert answer.status_code in (400, 404), answer.text
    assert place.engine.select() == []


def test_a_percent_encoded_way_out_is_still_a_way_out(place: Place) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = place.client.post("/convert", content=b"filename=%2e%2e%2foutside.pdf", headers=headers)
    assert answer.status_code == 400


def test_a_name_that_is_no_text_finds_its_file_and_is_shown_escaped(place: Place) -> None:
    name = b"caf\xe9\x1b[31m.pdf"
    place.put(name)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = place.client.post("/convert", content=f"filename={quote(name)}".encode(), headers=headers)
    assert (answer.status_code, answer.json()["filename"]) == (202, "caf\\xe9\\x1b[31m.pdf")


def test_a_link_inside_the_folder_means_the_file_it_leads_to(place: Place) -> None:
    place.put("real/one.pdf")
    (place.folder / "short").symlink_to("real")
    (place.folder / "short.pdf").symlink_to("real/one.pdf")
    first, second = place.convert("short/one.pdf"), place.convert("short.pdf")
    assert (first.status_code, second.status_code) == (202, 200)
    assert first.json()["filename"] == second.json()["filename"] == "real/one.pdf"
    assert first.json()["conversion_id"] == second.json()["conversion_id"]


def test_an_input_folder_that_is_itself_behind_a_link_keeps_its_name(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.pdf").write_bytes(b"%PDF-")
    (tmp_path / "link").symlink_to("real")
    assert find_input(tmp_path / "link", b"./a.pdf") == tmp_path / "link" / "a.pdf"


def test_a_file_that_waits_gets_the_options_that_are_asked_for(place: Place) -> None:
    """As one that the hot folder has just taken."""
    place.engine.submit(place.put("taken.pdf"))
    answer = place.convert("taken.pdf", formats="json,txt", priority="3")
    (entry,) = place.engine.select()
    assert (answer.status_code, answer.json()["conversion_id"]) == (200, entry.job.conversion_id)
    assert (entry.job.options.formats, entry.job.priority) == ((Format.JSON, Format.TXT), 3)
    assert answer.json()["message"] == f"It is queued already, as job {entry.job.id}."


def test_one_that_has_begun_with_other_options_is_a_conflict(place: Place) -> None:
    job = place.engine.submit(place.put("begun.pdf"))
    queue = place.engine._machinery.queue
    queue.transition(job.id, JobState.RUNNING, "begun", started=1.0)
    usual, other = place.convert("begun.pdf"), place.convert("begun.pdf", formats="json")
    accepted = place.convert("begun.pdf", formats="json", if_queued="accept")
    queue.transition(job.id, JobState.QUEUED, "stopped", started=None)
    queue._store.update(job.id, pages=3)
    assert (usual.status_code, accepted.status_code, other.status_code) == (200, 200, 409)
    assert (other.json()["job_id"], other.json()["conversion_id"]) == (job.id, job.conversion_id)
    assert "if_queued=accept" in other.json()["detail"]
    assert place.engine.job(job.id).job.options.formats == (Format.MD,)
    assert place.convert("begun.pdf", if_queued="perhaps").status_code == 422


def test_a_file_that_may_not_be_read_is_not_a_server_error(place: Place) -> None:
    path = place.put("locked.pdf")
    path.chmod(0)
    try:
        expected = 202 if os.access(path, os.R_OK) else 404
        assert place.convert("locked.pdf").status_code == expected
    finally:
        path.chmod(0o600)


def test_a_queued_file_is_not_queued_twice(place: Place) -> None:
    place.put("twice.pdf")
    first = place.convert("twice.pdf", formats="json").json()
    again = place.convert("twice.pdf", formats="json")
    assert again.status_code == 200
    assert set(again.json()) == ANSWER
    assert (again.json()["status"], again.json()["conversion_id"]) == ("accepted", first["conversion_id"])
    (entry,) = place.engine.select()
    assert again.json()["message"] == f"It is queued already, as job {entry.job.id}."
    other = place.convert("twice.pdf", priority="3")
    assert other.json()["message"].endswith("Its options stay as they are.")
    assert place.engine.job(entry.job.id).job.options.formats == (Format.JSON,)
    place.engine.hold([entry.job.id])
    held = place.convert("twice.pdf", formats="json")
    assert held.status_code == 200
    assert "release it" in held.json()["message"]


def test_many_that_ask_for_one_finished_file_at_once_start_one_conversion(place: Place) -> None:
    place.put("race.pdf")
    first = place.convert("race.pdf").json()["conversion_id"]
    job_id = place.engine.find(first).job.id
    for _ in range(5):
        place.engine.cancel([job_id])
        together = threading.Barrier(8)

        def ask(together: threading.Barrier = together) -> Any:
            together.wait()
            return place.convert("race.pdf", formats="txt")

        with ThreadPoolExecutor(8) as pool:
            answers = [future.result() for future in [pool.submit(ask) for _ in range(8)]]
        assert sorted(answer.status_code for answer in answers) == [200] * 7 + [202]
        assert {answer.json()["conversion_id"] for answer in answers} == {first}
        assert place.engine.job(job_id).job.state is JobState.QUEUED
        assert place.engine.job(job_id).job.options.formats == (Format.TXT,)


def test_a_conversion_that_was_taken_off_the_list_comes_back(place: Place) -> None:
    place.put("removed.pdf")
    first = place.convert("removed.pdf").json()["conversion_id"]
    place.engine.remove(place.engine.cancel([place.engine.find(first).job.id]))
    again = place.convert("removed.pdf")
    assert (again.status_code, again.json()["conversion_id"]) == (202, first)
    assert place.engine.find(first).job.state is JobState.QUEUED


@pytest.mark.parametrize(
    ("kind", "content", "status"),
    [
        ("application/json", b'{"filename": "a.pdf"}', 415),
        ("text/plain", b"filename=a.pdf", 415),
        ("", b"filename=a.pdf", 415),
        ("multipart/form-data", b"filename=a.pdf", 415),
        ("multipart/form-data; boundary=", b"--\r\n", 415),
        (f"multipart/form-data; boundary={'b' * 500}", b"--\r\n", 400),
        ("multipart/form-data; boundary=b", b"nonsense", 400),
        ("multipart/form-data; boundary=b", b"", 400),
        ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="filename"\r\n\r\na', 400),
        ("multipart/form-data; boundary=b", b"--b\r\n\r\nvalue\r\n--b--\r\n", 400),
        ("multipart/form-data; boundary=b", b"--b\r\nX: " + b"x" * 100_000 + b"\r\n\r\n\r\n--b--\r\n", 400),
        ("application/x-www-form-urlencoded", b"filename=" + b"x" * 70_000, 413),
        ("application/x-www-form-urlencoded", b"&".join([b"f=1"] * 200), 413),
        ("application/x-www-form-urlencoded", b"&&&=&", 422),
        ("application/x-www-form-urlencoded", b"", 422),
    ],
)
def test_a_body_that_is_no_form_is_refused(place: Place, kind: str, content: bytes, status: int) -> None:
    answer = place.client.post("/convert", content=content, headers={"Content-Type": kind})
    assert answer.status_code == status, answer.text
    assert isinstance(answer.json()["detail"], str)


def test_a_file_is_not_expected_in_a_form_that_names_one(place: Place) -> None:
    answer = place.client.post("/convert", files={"filename": ("a.pdf", pdfs.text_pages(1))})
    assert (answer.status_code, answer.json()["detail"]) == (422, "filename: no file is expected in this field.")


def test_the_pool_status_has_what_the_old_system_said(place: Place) -> None:
    place.put("status.pdf")
    place.convert("status.pdf")
    assert place.client.get("/worker-pool-status").json() == {
        "status": "ok",
        "queue_size": 1,
        "active_tasks": 0,
        "num_workers": 4,
    }


def test_the_forms_are_described_without_references(place: Place) -> None:
    paths = place.client.get("/openapi.json").json()["paths"]
    form = paths["/convert"]["post"]["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
    assert form["required"] == ["filename"]
    assert form["properties"]["ocr"]["enum"] == ["auto", "never", "force"]
    assert "$ref" not in str(form)
    assert "required" in paths["/upload"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]


def test_submitting_makes_no_second_job_when_the_hot_folder_sees_the_file(
    settings: Settings, engine: Engine, client: TestClient
) -> None:
    engine.pause()
    for number in range(6):
        file = settings.input / f"folder-{number % 3}" / f"{number}.pdf"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(pdfs.text_pages(1))
        assert client.post("/convert", data={"filename": str(file.relative_to(settings.input))}).status_code in (
            200,
            202,
        )
    (hot_folder,) = engine._machinery.hotfolders._all()
    wait_until(lambda: len(hot_folder._known) == 6, "the hot folder")
    assert len(engine.select()) == 6
    engine.resume()
    assert engine.wait_until_idle(60)
    assert {entry.job.state for entry in engine.select()} == {JobState.DONE}


def test_asking_for_a_finished_conversion_converts_it_again(
    settings: Settings, engine: Engine, client: TestClient
) -> None:
    (settings.input / "again.pdf").write_bytes(pdfs.text_pages(2))
    first = client.post("/convert", data={"filename": "again.pdf"}).json()["conversion_id"]
    wait_until(lambda: engine.find(first).job.state is JobState.DONE, "the first conversion")
    finished = engine.find(first).job.finished
    again = client.post("/convert", data={"filename": "again.pdf", "formats": "txt", "priority": "2"})
    assert (again.status_code, again.json()["conversion_id"]) == (202, first)
    wait_until(lambda: engine.find(first).job.state is JobState.DONE, "the second conversion")
    job = engine.find(first).job
    assert finished is not None
    assert job.finished is not None
    assert job.finished > finished
    assert job.priority == 2
    assert "marker-2" in (Path(os.fsdecode(job.output or b"")) / "again.txt").read_text()
