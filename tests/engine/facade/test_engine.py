"""The façade: what a person can do to the queue while it runs."""

import json
import os
import shutil
from collections import namedtuple
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.base.errors import CannotGoOn, EngineLocked, OutputUnwritable, SettingsError, SourceGone, SourceUnreadable
from engine.facade import keeper
from engine.facade.engine import Engine
from engine.job.job import Job, JobState, PageState
from engine.job.snapshot import PageMark
from engine.publish.publisher import Publisher
from engine.queue.store import JobStore
from engine.sandbox.backend import MakeBackend
from engine.settings.settings import Settings
from engine.settings.statefolder import jobs_folder
from engine.work import endings
from tests import pdfs
from tests.backends import faulty_backend, own_faulty_backend
from tests.waiting import wait_until

SLOW_PAGE_S = 0.25


def slow_pages(pages: int) -> bytes:
    """Pages that take a quarter of a second each."""
    return pdfs.printed(*([f"Page {number} of many.", "fault: slow"] for number in range(1, pages + 1)))


@contextmanager
def running(
    tmp_path: Path, *, watch: bool = False, backend: MakeBackend = faulty_backend, **changes: object
) -> Iterator[Engine]:
    values = {"input": tmp_path / "input", "output": tmp_path / "output", "ocr": "never", "num_workers": 2, **changes}
    with Engine(Settings(**values), watch=watch, backend=backend) as engine:  # type: ignore[arg-type]
        yield engine


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str, bytes], Path]:
    def write(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


def state(engine: Engine, job: Job) -> JobState:
    return engine.job(job.id).job.state


def wait_for(engine: Engine, job: Job, *states: JobState, timeout: float = 30) -> None:
    wait_until(lambda: state(engine, job) in states, f"job {job.id} to be {'/'.join(states)}", timeout)


def wait_for_pages(engine: Engine, job: Job, pages: int) -> None:
    wait_until(lambda: engine.job(job.id).pages_done >= pages, f"{pages} pages of job {job.id}")


def result(job: Job) -> Path:
    return Path(os.fsdecode(job.output or b""))


def test_one_long_document_gets_every_worker(tmp_path: Path, file) -> None:
    with running(tmp_path, num_workers=3) as engine:
        job = engine.submit(file("long.pdf", slow_pages(60)))
        wait_until(lambda: len(engine.job(job.id).workers) == 3, "three workers on one document")
        page_map = engine.detail(job.id).page_map
        assert sorted(page_map.workers.values()) == [1, 2, 3]
        assert page_map.marks.count(PageMark.RUNNING) == 3


def test_an_urgent_job_waits_for_one_batch_and_not_for_one_document(tmp_path: Path, file) -> None:
    with running(tmp_path, batch_seconds=0.5) as engine:
        long = engine.submit(file("long.pdf", slow_pages(350)))
        wait_until(lambda: len(engine.job(long.id).workers) == 2, "both workers on the long one")
        done_before = engine.job(long.id).pages_done
        urgent = engine.submit(file("urgent.pdf", pdfs.text_pages(1)), priority=1)
        wait_for(engine, urgent, JobState.DONE)
        # Two workers finish at most a batch each, and one goes on while the other sees to the urgent job.
        assert engine.job(long.id).pages_done - done_before < 40
        assert state(engine, long) is JobState.RUNNING


def test_two_documents_of_a_client_never_run_at_once_while_anothers_does(tmp_path: Path, file) -> None:
    with running(tmp_path, max_running_per_client=1, batch_seconds=0.25) as engine:
        files = [file(f"{n}.pdf", slow_pages(3)) for n in range(3)]
        anns = {job.id for job in engine.submit_many(files, client="ann")}
        (bobs,) = engine.submit_many([file("bob.pdf", slow_pages(3))], client="bob")
        seen: set[frozenset[int]] = set()

        def look() -> bool:
            snapshot = engine.snapshot()
            seen.add(frozenset(entry.job.id for entry in snapshot.changed if entry.job.state is JobState.RUNNING))
            seen.add(frozenset(worker.job_id for worker in snapshot.workers if worker.job_id is not None))
            return engine.is_idle()

        wait_until(look, "all of them to be done", 60)
        assert all(len(together & anns) <= 1 for together in seen)
        assert any(bobs.id in together and together & anns for together in seen)
        assert {entry.job.state for entry in engine.select()} == {JobState.DONE}


def test_who_asks_for_a_document_again_is_its_client_from_then_on(tmp_path: Path, file) -> None:
    with running(tmp_path) as engine:
        engine.pause()
        pdf = file("a.pdf", pdfs.text_pages(1))
        (job,) = engine.submit_many([pdf], client="ann")
        assert engine.submit_many([pdf], client="bob")[0].client == "ann"
        engine.cancel([job.id])
        assert engine.submit_many([pdf], client="bob")[0].client == "ann"
        assert engine.submit_many([pdf], client="bob", again=True)[0].client == "bob"
        assert engine.job(job.id).job.client == "bob"


def test_cancel_acts_at_once_and_a_retry_keeps_the_finished_pages(tmp_path: Path, file) -> None:
    with running(tmp_path, batch_seconds=0.5) as engine:
        job = engine.submit(file("long.pdf", slow_pages(12)))
        wait_for_pages(engine, job, 4)
        assert engine.cancel([job.id]) == [job.id]
        cancelled = engine.job(job.id).job
        assert (cancelled.state, cancelled.reason) == (JobState.CANCELLED, "Cancelled.")
        wait_until(lambda: engine.snapshot().totals.workers_busy == 0, "the workers to be free")
        kept = {page.page: page.seconds for page in engine.detail(job.id).pages}
        assert len(kept) >= 3
        assert engine.retry([job.id]) == [job.id]
        wait_for(engine, job, JobState.DONE)
        seconds = {page.page: page.seconds for page in engine.detail(job.id).pages}
        assert len(seconds) == 12
        assert {page: seconds[page] for page in kept} == pytest.approx(kept, abs=1e-4)


def test_a_cancelled_worker_takes_another_job(tmp_path: Path, file) -> None:
    with running(tmp_path, num_workers=1) as engine:
        first = engine.submit(file("first.pdf", slow_pages(50)))
        second = engine.submit(file("second.pdf", pdfs.text_pages(1)))
        wait_for_pages(engine, first, 1)
        engine.cancel([first.id])
        wait_for(engine, second, JobState.DONE)
        assert state(engine, first) is JobState.CANCELLED


def test_a_held_job_stops_at_its_batch_boundary_and_goes_on_when_released(tmp_path: Path, file) -> None:
    with running(tmp_path, batch_seconds=0.25) as engine:
        job = engine.submit(file("long.pdf", slow_pages(16)))
        wait_for_pages(engine, job, 2)
        assert engine.hold([job.id]) == [job.id]
        wait_until(lambda: engine.snapshot().totals.workers_busy == 0, "the batches to end")
        kept = {page.page: page.seconds for page in engine.detail(job.id).pages}
        assert 2 <= len(kept) < 16
        assert engine.release([job.id]) == [job.id]
        wait_for(engine, job, JobState.DONE)
        seconds = {page.page: page.seconds for page in engine.detail(job.id).pages}
        assert {page: seconds[page] for page in kept} == pytest.approx(kept, abs=1e-4)


def test_nothing_starts_while_paused(tmp_path: Path, file) -> None:
    with running(tmp_path) as engine:
        engine.pause()
        job = engine.submit(file("a.pdf", pdfs.text_pages(1)))
        assert not engine.wait_until_idle(0.5)
        assert state(engine, job) is JobState.QUEUED
        assert [banner.key for banner in engine.snapshot().banners] == ["paused"]
        engine.resume()
        wait_for(engine, job, JobState.DONE)
        assert engine.snapshot().banners == ()


def test_order_follows_priority_and_moves(tmp_path: Path, file) -> None:
    with running(tmp_path, num_workers=1) as engine:
        finished: list[str] = []
        engine.on_finished(lambda job: finished.append(job.name))
        engine.pause()
        jobs = {name: engine.submit(file(f"{name}.pdf", pdfs.text_pages(1, title=name))) for name in "abcde"}
        engine.move([jobs["e"].id], "top")
        engine.move([jobs["b"].id], "bottom")
        engine.move([jobs["d"].id], "up")
        engine.change_priority([jobs["b"].id], +1)
        engine.resume()
        wait_until(lambda: len(finished) == 5, "all five")
        assert [name[0] for name in finished] == ["b", "e", "a", "d", "c"]


def test_workers_can_be_added_and_taken_away_while_they_work(tmp_path: Path, file) -> None:
    with running(tmp_path, num_workers=1, batch_seconds=0.25) as engine:
        job = engine.submit(file("long.pdf", slow_pages(60)))
        wait_for_pages(engine, job, 1)
        engine.set_workers(4)
        wait_until(lambda: len(engine.job(job.id).workers) == 4, "four workers")
        engine.set_workers(1)
        wait_until(lambda: len(engine.snapshot().workers) == 1, "one worker")
        assert engine.workers == 1
        pages = engine.job(job.id).pages_done
        wait_for_pages(engine, job, pages + 1)


def test_removed_jobs_leave_the_list_and_come_back_with_undo(tmp_path: Path, file) -> None:
    with running(tmp_path) as engine:
        job = engine.submit(file("a.pdf", pdfs.text_pages(1)))
        wait_for(engine, job, JobState.DONE)
        version = engine.snapshot().version
        assert engine.remove([job.id]) == [job.id]
        assert engine.snapshot(version).removed == (job.id,)
        engine.restore([job.id])
        assert state(engine, job) is JobState.DONE


def test_actions_pass_over_jobs_they_do_not_fit(tmp_path: Path, file) -> None:
    with running(tmp_path) as engine:
        job = engine.submit(file("a.pdf", pdfs.text_pages(1)))
        wait_for(engine, job, JobState.DONE)
        ids = [job.id, 999]
        assert engine.cancel(ids) == engine.hold(ids) == engine.release(ids) == engine.change_priority(ids, 1) == []


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with running(tmp_path) as engine, pytest.raises(SourceUnreadable, match=r"missing\.pdf: No such file"):
        engine.submit(tmp_path / "missing.pdf")


def test_two_engines_do_not_share_a_state_folder(tmp_path: Path) -> None:
    with running(tmp_path), pytest.raises(EngineLocked, match=f"process {os.getpid()}"), running(tmp_path):
        pass


@pytest.mark.parametrize(("folder", "output"), [("a", "a"), ("a", "a/b"), ("a/b", "a")])
def test_input_and_output_must_be_apart(tmp_path: Path, folder: str, output: str) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    with (
        pytest.raises(SettingsError, match="Choose folders that are apart"),
        running(tmp_path, watch=True, input=tmp_path / folder, output=tmp_path / output),
    ):
        pass


@pytest.mark.parametrize("policy", ["keep", "archive", "delete"])
def test_what_happens_to_a_source_after_success(tmp_path: Path, policy: str) -> None:
    (tmp_path / "input" / "sub").mkdir(parents=True)
    source = tmp_path / "input" / "sub" / "a.pdf"
    source.write_bytes(pdfs.text_pages(1))
    with running(tmp_path, watch=True, settle=0, on_success=policy) as engine:
        assert engine.wait_until_idle(30)
        (entry,) = engine.snapshot().changed
        assert entry.job.state is JobState.DONE
    assert source.exists() == (policy == "keep")
    assert (tmp_path / "archive" / "sub" / "a.pdf").exists() == (policy == "archive")
    assert (result(entry.job) / "a.md").exists()


def test_the_same_content_is_converted_once_if_duplicates_are_skipped(tmp_path: Path, file) -> None:
    with running(tmp_path, num_workers=1, duplicates="skip") as engine:
        jobs = [engine.submit(file(name, pdfs.text_pages(1))) for name in ("a.pdf", "b.pdf")]
        assert engine.wait_until_idle(30)
        assert [state(engine, job) for job in jobs] == [JobState.DONE, JobState.CANCELLED]
        assert engine.job(jobs[1].id).job.reason == f"The same content is already converted: a.pdf (job {jobs[0].id})."


def test_a_file_replaced_while_it_is_converted_is_published_in_both_versions_the_newer_one_last(tmp_path: Path) -> None:
    (tmp_path / "input").mkdir()
    source = tmp_path / "input" / "a.pdf"
    source.write_bytes(slow_pages(12))
    with running(tmp_path, watch=True, settle=0, scan_interval=0.3) as engine:
        wait_until(lambda: engine.snapshot().changed and engine.snapshot().changed[0].pages_done, "the first pages")
        newer = tmp_path / "newer.pdf"
        newer.write_bytes(pdfs.text_pages(2))
        newer.replace(source)
        wait_until(lambda: len(engine.snapshot().changed) == 2, "the newer job")
        assert engine.wait_until_idle(60)
        old, new = (entry.job for entry in engine.snapshot().changed)
        old, new = sorted((old, new), key=lambda job: job.id)
    assert (old.state, new.state) == (JobState.DONE, JobState.DONE)
    assert old.finished is not None
    assert new.started is not None
    assert old.finished <= new.started
    assert old.output == new.output
    assert "marker-2." in (result(new) / "a.md").read_text()
    assert list(jobs_folder(engine.settings.state_folder).iterdir()) == []


def test_a_full_disk_pauses_the_work_and_nothing_is_lost(tmp_path: Path, file, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(100, 100, 0))
    monkeypatch.setattr(keeper, "_DISK_CHECK_S", 0.0)
    with running(tmp_path) as engine:
        job = engine.submit(file("a.pdf", pdfs.text_pages(1)))
        (banner,) = engine.snapshot().banners
        assert "is full" in banner.message
        assert not engine.wait_until_idle(0.3)
        assert state(engine, job) is JobState.QUEUED
        monkeypatch.undo()
        wait_for(engine, job, JobState.DONE)
        assert engine.snapshot().banners == ()


def test_an_output_that_cannot_be_written_pauses_the_work_and_it_goes_on_by_itself(
    tmp_path: Path, file, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "_DISK_CHECK_S", 0.0)
    real_rename, broken = Path.rename, [True]

    def rename(self: Path, target: Path) -> Path:
        if broken[0] and self.name == "out":
            raise OSError(28, "No space left on device")
        return real_rename(self, target)

    monkeypatch.setattr(Path, "rename", rename)
    with running(tmp_path, batch_seconds=0.25) as engine:
        banners: list[str] = []
        job = engine.submit(file("a.pdf", slow_pages(4)))
        wait_until(lambda: banners.extend(b.message for b in engine.snapshot().banners) or banners, "the banner")
        assert "the disk is full" in banners[0]
        assert state(engine, job) is JobState.RUNNING
        broken[0] = False
        wait_for(engine, job, JobState.DONE)
        assert (result(engine.job(job.id).job) / "a.md").exists()


@pytest.mark.parametrize("content", [b"this is no database" * 1000, b""])
def test_a_damaged_queue_is_moved_aside_and_built_anew_from_the_folders(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "input").mkdir()
    (tmp_path / "input" / "a.pdf").write_bytes(pdfs.text_pages(1))
    with running(tmp_path, watch=True, settle=0) as engine:
        assert engine.wait_until_idle(30)
    state_folder = tmp_path / "output" / ".hotfolio"
    made = (tmp_path / "output" / "a" / "manifest.json").stat()
    (state_folder / "jobs.sqlite3").write_bytes(content)
    (tmp_path / "input" / "b.pdf").write_bytes(pdfs.text_pages(2))
    with running(tmp_path, watch=True, settle=0) as engine:
        assert engine.wait_until_idle(30)
        assert {(e.job.name, e.job.state) for e in engine.snapshot().changed} == {
            ("a.pdf", JobState.DONE),
            ("b.pdf", JobState.DONE),
        }
        (banner,) = engine.snapshot().banners
        assert "damaged" in banner.message
    assert (tmp_path / "output" / "a" / "manifest.json").stat().st_mtime_ns == made.st_mtime_ns
    assert list(state_folder.glob("jobs.sqlite3.damaged-*"))


def test_a_first_start_that_was_cut_short_is_no_damage_to_tell_of(tmp_path: Path) -> None:
    state_folder = tmp_path / "output" / ".hotfolio"
    state_folder.mkdir(parents=True)
    (state_folder / "jobs.sqlite3").touch()
    with running(tmp_path) as engine:
        assert engine.snapshot().banners == ()


def test_a_scanned_page_without_an_ocr_engine_says_so(tmp_path: Path, file, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAULTY_CHILD_WITHOUT_OCR", "1")
    with running(tmp_path, ocr="auto", backend=own_faulty_backend) as engine:  # which hears of the variable
        job = engine.submit(file("scan.pdf", pdfs.scanned(["A letter"], dpi=72)))
        wait_for(engine, job, JobState.PARTIAL)
        (page,) = engine.detail(job.id).pages
        what_to_do = "No OCR engine is installed: pip install 'hotfolio[ocr]'."
        assert page.error == f"This page looks scanned. {what_to_do}"
        sentence = f"All pages look scanned, and none has been read. {what_to_do}"
        done = engine.job(job.id).job
        assert sentence in (done.reason or "")
        assert sentence in json.loads((result(done) / "manifest.json").read_text())["warnings"]


def test_a_scanned_page_is_read_by_ocr(tmp_path: Path, file) -> None:
    with running(tmp_path, ocr="auto") as engine:
        letter = "The quick brown fox jumps over the lazy dog, and the dog does not mind it in the least. " * 6
        job = engine.submit(file("scan.pdf", pdfs.scanned([letter])))
        wait_for(engine, job, JobState.DONE, timeout=90)
        done = engine.job(job.id).job
        assert done.pages_ocr == 1
        assert "quick brown fox" in (result(done) / "scan.md").read_text()


def test_a_huge_page_is_rendered_at_a_lower_resolution_and_says_so(tmp_path: Path, file) -> None:
    with running(tmp_path, formats="png", dpi=300, max_pixels=1_000_000) as engine:
        job = engine.submit(file("huge.pdf", pdfs.huge_page(50)))
        wait_for(engine, job, JobState.DONE)
        (warning,) = engine.detail(job.id).warnings
        assert "50 by 50 inches: rendered at 20 DPI instead of 300" in warning
        done = engine.job(job.id).job
        assert (done.reason, done.warnings) == (warning, 1)
        assert engine.vitals().facts.warned == 1


@pytest.mark.parametrize("format_", ["png", "jpg", "webp"])
def test_pages_become_pictures(tmp_path: Path, file, format_: str) -> None:
    from PIL import Image

    with running(tmp_path, formats=format_, dpi=72) as engine:
        job = engine.submit(file("a.pdf", pdfs.text_pages(2)))
        wait_for(engine, job, JobState.DONE)
        folder = result(engine.job(job.id).job) / "pages"
        assert sorted(f.name for f in folder.iterdir()) == [f"0001.{format_}", f"0002.{format_}"]
        with Image.open(folder / f"0001.{format_}") as image:
            assert min(image.size) > 500


def test_the_markdown_can_be_read_while_the_document_is_still_converted(tmp_path: Path, file) -> None:
    with running(tmp_path, num_workers=1) as engine:
        job = engine.submit(file("long.pdf", slow_pages(12)))
        assert engine.preview(job.id) == ""
        wait_for_pages(engine, job, 2)
        early = engine.preview(job.id)
        assert "Page 1 of many." in early
        assert "Page 12 of many." not in early
        wait_for(engine, job, JobState.DONE)
        assert engine.preview(job.id) == (result(engine.job(job.id).job) / "long.md").read_text()


def test_a_page_can_be_looked_at_before_and_after_its_conversion(tmp_path: Path, file) -> None:
    with running(tmp_path, num_workers=1) as engine:
        engine.pause()
        job = engine.submit(file("a.pdf", pdfs.report()))
        before = engine.peek(job.id, 1, 40, 60)
        assert before.width <= 40
        assert before.height <= 60
        assert len(before.rgb) == before.width * before.height * 3
        assert len(set(before.rgb)) > 10
        engine.resume()
        wait_for(engine, job, JobState.DONE)
        assert engine.peek(job.id, 1, 40, 60) == before
        (tmp_path / "a.pdf").unlink()
        with pytest.raises(SourceGone, match="no longer where it was"):
            engine.peek(job.id, 1, 40, 60)


def test_a_locked_document_is_converted_once_its_password_is_given(tmp_path: Path, file) -> None:
    with running(tmp_path) as engine:
        job = engine.submit(file("locked.pdf", pdfs.encrypted("open sesame", pages=3)))
        wait_for(engine, job, JobState.FAILED)
        assert engine.job(job.id).job.needs_password
        assert engine.opens([job.id, 99], "wrong") == []
        assert engine.opens([job.id], "open sesame") == [job.id]
        place = engine.job(job.id).job.position
        assert engine.unlock([job.id], "wrong") == [job.id]
        wait_for(engine, job, JobState.FAILED)
        assert "none of the passwords given opens it" in (engine.job(job.id).job.reason or "")
        engine.unlock([job.id], "open sesame")
        assert engine.job(job.id).job.position == place
        wait_for(engine, job, JobState.DONE)
    everything = [f.read_bytes() for f in (tmp_path / "output").rglob("*") if f.is_file()]
    assert not any(b"open sesame" in content for content in everything)


def test_a_draining_engine_finishes_what_runs_and_begins_nothing(tmp_path: Path, file) -> None:
    with running(tmp_path, num_workers=1) as engine:
        first = engine.submit(file("first.pdf", slow_pages(8)))
        second = engine.submit(file("second.pdf", pdfs.text_pages(1)))
        wait_for_pages(engine, first, 1)
        engine.drain()
        wait_for(engine, first, JobState.DONE)
        wait_until(lambda: engine.snapshot().totals.workers_busy == 0, "the worker to be free")
        assert state(engine, second) is JobState.QUEUED


def test_a_queue_that_cannot_be_written_for_a_moment_loses_no_job(
    tmp_path: Path, file, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "_DISK_CHECK_S", 0.0)
    claim, failures = JobStore.claim, [OutputUnwritable("Cannot write the queue: the disk is full.")]

    def failing(self: JobStore, job_id: int) -> Job | None:
        if failures:
            raise failures.pop()
        return claim(self, job_id)

    monkeypatch.setattr(JobStore, "claim", failing)
    with running(tmp_path) as engine:
        job = engine.submit(file("a.pdf", pdfs.text_pages(1)))
        wait_for(engine, job, JobState.DONE)


def test_a_result_whose_place_is_in_the_way_does_not_keep_the_others_waiting(
    tmp_path: Path, file, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish = Publisher.publish

    def refusing(self: Publisher, job_id: int, made: Path, place: Path, manifest: dict) -> None:
        if place.name == "bad":
            raise CannotGoOn("Cannot write to output/bad: Permission denied.")
        publish(self, job_id, made, place, manifest)

    monkeypatch.setattr(Publisher, "publish", refusing)
    monkeypatch.setattr(endings, "_POSTPONE_S", 0.1)
    with running(tmp_path, num_workers=1) as engine:
        bad, good = engine.submit_many([file(n, pdfs.text_pages(1)) for n in ("bad.pdf", "good.pdf")])
        wait_for(engine, good, JobState.DONE)
        wait_for(engine, bad, JobState.FAILED)
        assert "Permission denied" in (engine.job(bad.id).job.reason or "")


def test_two_sources_of_one_name_do_not_replace_each_others_results(tmp_path: Path, file) -> None:
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        file(f"{folder}/a.pdf", pdfs.text_pages(1, title=folder))
        # Each time with a queue that has never heard of the other.
        with running(tmp_path, state=tmp_path / f"state-{folder}") as engine:
            engine.submit(tmp_path / folder / "a.pdf")
            assert engine.wait_until_idle(30)
    assert sorted(f.name for f in (tmp_path / "output").iterdir() if f.name[0] != ".") == ["a", "a~2"]


def test_a_document_called_manifest_keeps_its_json(tmp_path: Path, file) -> None:
    with running(tmp_path, formats="json") as engine:
        job = engine.submit(file("manifest.pdf", pdfs.text_pages(1)))
        wait_for(engine, job, JobState.DONE)
        made = result(engine.job(job.id).job)
        assert json.loads((made / "manifest_.json").read_text())["page_count"] == 1
        assert json.loads((made / "manifest.json").read_text())["schema"] == 1


def test_a_page_that_failed_before_is_put_in_its_place_by_a_retry(tmp_path: Path, file) -> None:
    faults = ["fault-first: raise" if number == 2 else "fault: slow" for number in range(1, 11)]
    lines = [[f"Page number {number} here.", fault, *["Ordinary words."] * 8] for number, fault in enumerate(faults, 1)]
    with running(tmp_path, num_workers=1) as engine:
        job = engine.submit(file("a.pdf", pdfs.printed(*lines)))
        wait_for_pages(engine, job, 7)
        engine.cancel([job.id])
        wait_until(lambda: engine.snapshot().totals.workers_busy == 0, "the worker to be free")
        assert PageState.FAILED in {page.state for page in engine.detail(job.id).pages}
        engine.retry([job.id])
        wait_for(engine, job, JobState.DONE)
        text = (result(engine.job(job.id).job) / "a.md").read_text()
        places = [text.index(f"Page number {n} here") for n in range(1, 11)]
        assert places == sorted(places)


def test_a_removed_job_leaves_nothing_behind(tmp_path: Path, file) -> None:
    with running(tmp_path) as engine:
        job = engine.submit(file("long.pdf", slow_pages(40)))
        wait_for_pages(engine, job, 8)
        engine.cancel([job.id])
        wait_until(lambda: engine.snapshot().totals.workers_busy == 0, "the workers to be free")
        folder = tmp_path / "output" / ".hotfolio" / "jobs" / str(job.id)
        assert (folder / "source.pdf").exists()
        engine.remove([job.id])
        assert not folder.exists()


def test_processes_killed_by_a_hasty_stop_cost_no_page_its_structure(tmp_path: Path, file) -> None:
    with running(tmp_path) as engine:
        job = engine.submit(file("long.pdf", slow_pages(12)))
        wait_for_pages(engine, job, 1)
        for _ in range(3):
            engine.kill_processes()
            done = engine.job(job.id).pages_done
            wait_for_pages(engine, job, min(done + 1, 12))
        wait_for(engine, job, JobState.DONE)
        assert {str(page.state) for page in engine.detail(job.id).pages} == {"ok"}
