"""Documents through an engine and a vision model's server: pages at once, a server that dies, and trying again."""

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.facade.engine import Engine
from engine.job.job import Job, JobState
from engine.job.options import VLM_KEY
from engine.sandbox.local import LocalBackend
from engine.settings.settings import Settings
from tests import pdfs
from tests.engine.convert.vlm_server import KEY, MODEL, Asked, Reply, VisionServer, failure
from tests.waiting import wait_until

WORKERS = 2
AT_ONCE = 6


class Bench:
    """An engine whose documents a server reads, which answers as `reply` says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server = VisionServer(lambda asked, number: self.reply(asked, number))
        self.engine = Engine(
            Settings(
                output=folder / "output",
                num_workers=WORKERS,
                converter="vlm",
                vlm_url=self.server.url,
                vlm_model=MODEL,
                vlm_concurrency=AT_ONCE,
                vlm_timeout=30,
            ),
            watch=False,
            backend=LocalBackend,  # with a fork server of its own, which has this environment
        )

    def reply(self, asked: Asked, number: int) -> Reply:
        return Reply()

    def submit(self, name: str, pages: int) -> Job:
        file = self.folder / f"{name}.pdf"
        file.write_bytes(pdfs.text_pages(pages))
        return self.engine.submit(file)

    def job(self, job: Job) -> Job:
        return self.engine.job(job.id).job

    def pages(self, job: Job) -> list[dict[str, object]]:
        folder = Path(os.fsdecode(self.job(job).output or b""))
        pages: list[dict[str, object]] = json.loads((folder / "manifest.json").read_text())["pages"]
        return pages


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("vlm")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VLM_KEY, KEY)
        bench = Bench(folder)
        with bench.engine:
            yield bench
        bench.server.close()


def test_as_many_pages_are_with_the_model_as_may_be_and_never_more(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = threading.Event()

    def reply(asked: Asked, number: int) -> Reply:
        if bench.server.at_once >= AT_ONCE:
            full.set()
        full.wait(30)
        return Reply()

    monkeypatch.setattr(bench, "reply", reply)
    jobs = [bench.submit("first", 13), bench.submit("second", 7)]
    assert bench.engine.wait_until_idle(90)
    assert [bench.job(job).state for job in jobs] == [JobState.DONE] * 2
    assert [page["via"] for job in jobs for page in bench.pages(job)] == ["vlm"] * 20
    assert bench.server.most_at_once == AT_ONCE
    assert all(asked.headers["authorization"] == f"Bearer {KEY}" for asked in bench.server.asked)


def test_a_page_that_waits_is_shown_and_counted(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()

    def reply(asked: Asked, number: int) -> Reply:
        go_on.wait(30)
        return Reply()

    monkeypatch.setattr(bench, "reply", reply)
    job = bench.submit("waiting", 3)
    try:
        wait_until(lambda: any(w.pages_at_once == 3 for w in bench.engine.snapshot().workers), "three pages at once")
        (worker,) = (w for w in bench.engine.snapshot().workers if w.pages_at_once)
        assert worker.page == 1
    finally:
        go_on.set()
    assert bench.engine.wait_until_idle(60)
    assert bench.job(job).state is JobState.DONE


def test_the_key_is_written_nowhere(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "reply", lambda asked, number: failure(400, f"No: {KEY}"))
    job = bench.submit("told", 1)
    assert bench.engine.wait_until_idle(60)
    (page,) = bench.pages(job)
    assert page["state"] == "text_only"
    assert "refuses the page (400): No: …" in str(page["error"])
    (banner,) = bench.engine.snapshot().banners
    assert banner.message.startswith("Pages are read without the vision model. The vision model at 127.0.0.1")
    files = [file for file in bench.folder.rglob("*") if file.is_file()]
    assert files
    assert not [file for file in files if KEY.encode() in file.read_bytes()]


def test_a_prompts_file_that_is_not_there_fails_the_job_with_a_sentence(bench: Bench) -> None:
    file = bench.folder / "prompts.pdf"
    file.write_bytes(pdfs.text_pages(1))
    options = bench.engine.settings.convert_options.model_copy(update={"vlm_prompts": bench.folder / "none.toml"})
    job = bench.engine.submit(file, options=options)
    assert bench.engine.wait_until_idle(60)
    assert bench.job(job).state is JobState.FAILED
    assert "none.toml: the prompts cannot be read: no such file or directory." in (bench.job(job).reason or "")


def test_pages_done_before_a_job_is_cancelled_are_not_asked_for_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = len(bench.server.asked)
    go_on = threading.Event()

    def reply(asked: Asked, number: int) -> Reply:
        if number - before >= 4:
            go_on.wait(30)
        return Reply()

    monkeypatch.setattr(bench, "reply", reply)
    job = bench.submit("cancelled", 6)
    try:
        wait_until(lambda: bench.engine.job(job.id).pages_done == 4, "four pages")
        bench.engine.cancel([job.id])
        wait_until(lambda: bench.job(job).state is JobState.CANCELLED, "the end")
        wait_until(lambda: bench.engine.snapshot().totals.workers_busy == 0, "the workers")
    finally:
        go_on.set()
    asked = len(bench.server.asked)
    bench.engine.retry([job.id])
    assert bench.engine.wait_until_idle(60)
    assert bench.job(job).state is JobState.DONE
    assert len(bench.server.asked) - asked == 2
    assert [page["via"] for page in bench.pages(job)] == ["vlm"] * 6


def test_a_server_that_dies_half_way_loses_no_page_that_is_done(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    before = len(bench.server.asked)
    job: Job | None = None

    def reply(asked: Asked, number: int) -> Reply:
        if number - before < 6:
            return Reply()
        wait_until(lambda: job is not None and bench.engine.job(job.id).pages_done >= 6, "six pages")
        return failure(400, "Out of order.")

    monkeypatch.setattr(bench, "reply", reply)
    job = bench.submit("half", 12)
    assert bench.engine.wait_until_idle(90)
    pages = bench.pages(job)
    assert bench.job(job).state is JobState.DONE
    assert sorted(str(page["via"]) for page in pages) == ["text"] * 6 + ["vlm"] * 6
    assert all("Out of order." in str(page["error"]) for page in pages if page["via"] == "text")
    monkeypatch.setattr(bench, "reply", lambda asked, number: Reply())
    bench.engine.retry([job.id])
    assert bench.engine.wait_until_idle(60)
    assert [page["via"] for page in bench.pages(job)] == ["vlm"] * 12
    assert not bench.engine.snapshot().banners
