"""Which pages of an interrupted batch are safe: those in whole lines, each once, durable before they are believed."""

import errno
import json
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.job.job import Checkpoint, PageResult, PageState
from engine.sandbox.protocol import PARTS
from engine.work import checkpoint
from engine.work.checkpoint import finished_batch, has_progress, salvage, salvage_all

BATCH = Checkpoint(3, 6)


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    """The `pages` folder of a job."""
    for name in ("pages", "out", PARTS):
        (tmp_path / name).mkdir()
    return tmp_path / "pages"


def line(number: int, **changes: Any) -> bytes:
    entry = {"page": number, "state": "ok", "seconds": 0.5, "via": "layout", "error": None, "blocks": [], **changes}
    return json.dumps(entry).encode() + b"\n"


def page(number: int) -> PageResult:
    return PageResult(number, PageState.OK, 0.5, "layout", None)


def write(file: Path, *lines: bytes) -> Path:
    file.write_bytes(b"".join(lines))
    return file


def numbers(found: tuple[Checkpoint, list[PageResult]] | None) -> list[int] | None:
    return None if found is None else [result.page for result in found[1]]


@pytest.mark.parametrize("make", [Path.symlink_to, lambda file, _: os.mkfifo(file)], ids=["link", "pipe"])
@pytest.mark.parametrize("name", [BATCH.part, BATCH.file])
def test_what_is_no_file_is_neither_read_nor_cut_nor_waited_for(
    pages: Path, tmp_path: Path, name: str, make: Callable[[Path, Path], None]
) -> None:
    elsewhere = write(tmp_path / "elsewhere", line(3), b"more")
    make(pages / name, elsewhere)
    assert salvage(pages, BATCH) is None
    assert finished_batch(pages, BATCH) is None
    assert [*salvage_all(pages, [])] == []
    assert elsewhere.read_bytes() == line(3) + b"more"


# --- an interrupted batch ---


def test_the_pages_an_interrupted_batch_has_finished_become_a_checkpoint_of_their_own(pages: Path) -> None:
    part = write(
        pages / BATCH.part, line(3), line(4, state="ocr", seconds=2, via="ocr"), line(5, state="failed", error="x")
    )
    assert salvage(pages, BATCH) == (
        Checkpoint(3, 5),
        [page(3), PageResult(4, PageState.OCR, 2.0, "ocr", None), PageResult(5, PageState.FAILED, 0.5, "layout", "x")],
    )
    assert not part.exists()
    assert (pages / Checkpoint(3, 5).file).read_bytes().count(b"\n") == 3


def test_pages_finished_out_of_order_are_safe_and_keep_their_order(pages: Path) -> None:
    write(pages / BATCH.part, line(6), line(4))
    found = salvage(pages, BATCH)
    assert found == (Checkpoint(4, 6), [page(6), page(4)])
    assert (pages / Checkpoint(4, 6).file).read_bytes() == line(6) + line(4)


@pytest.mark.parametrize(
    "rest",
    [
        line(5)[:-1],
        line(5)[:20],
        line(2),
        line(7),
        line(3),
        b"\n",
        b"not json\n",
        b"[1]\n",
        b"null\n",
        b"{}\n",
        b"\xff\xfe\n",
        b"[" * 100_000 + b"\n",
        line(5, state="marvellous"),
        line(5, seconds="long"),
        line(5, page=None),
        line(5, page=1e400),
        line(5, seconds=[]),
    ],
)
def test_what_is_no_whole_line_of_the_batch_is_cut_off_with_all_that_follows_it(pages: Path, rest: bytes) -> None:
    write(pages / BATCH.part, line(3), line(4), rest, line(6))
    assert salvage(pages, BATCH) == (Checkpoint(3, 4), [page(3), page(4)])
    assert (pages / Checkpoint(3, 4).file).read_bytes() == line(3) + line(4)


def test_a_line_whose_end_is_missing_may_be_half_written_and_is_no_page(pages: Path) -> None:
    write(pages / BATCH.part, line(3), line(4)[:-1])
    assert numbers(salvage(pages, BATCH)) == [3]
    assert (pages / Checkpoint(3, 3).file).read_bytes() == line(3)


def test_nothing_is_read_behind_the_last_page_of_the_batch(pages: Path) -> None:
    write(pages / BATCH.part, *(line(n) for n in range(3, 7)), line(3), b"more")
    assert numbers(salvage(pages, BATCH)) == [3, 4, 5, 6]
    assert (pages / BATCH.file).read_bytes() == b"".join(line(n) for n in range(3, 7))


@pytest.mark.parametrize("key", ["page", "state", "seconds", "via", "error"])
def test_a_line_that_lacks_something_is_no_page(pages: Path, key: str) -> None:
    entry = json.loads(line(4))
    del entry[key]
    write(pages / BATCH.part, line(3), json.dumps(entry).encode() + b"\n")
    assert numbers(salvage(pages, BATCH)) == [3]


def test_what_a_process_says_of_a_page_is_harmless_on_a_screen(pages: Path) -> None:
    write(pages / BATCH.part, line(3, via="a\x1b[31mb", error="c\x1b[0md"), line(4, via=7, error=8))
    found = salvage(pages, BATCH)
    assert found is not None
    shown = found[1]
    assert shown[0].via.isprintable()
    assert shown[0].error is not None
    assert shown[0].error.isprintable()
    assert (shown[1].via, shown[1].error) == ("7", "8")


def test_a_message_with_half_a_character_does_not_lose_its_page(pages: Path) -> None:
    half = json.dumps({"page": 3, "state": "ok", "seconds": 1, "via": "x", "error": "?"}).encode()
    write(pages / BATCH.part, half.replace(b"?", "\ud800".encode("utf-8", "surrogatepass")) + b"\n")
    assert numbers(salvage(pages, BATCH)) == [3]


@pytest.mark.parametrize("content", [b"", b"{half a li", b"rubbish\n"])
def test_a_batch_without_a_finished_page_leaves_nothing(pages: Path, content: bytes) -> None:
    write(pages / BATCH.part, content)
    assert salvage(pages, BATCH) is None
    assert list(pages.iterdir()) == []


def test_a_batch_that_wrote_no_file_left_nothing_and_that_is_no_trouble(
    pages: Path, engine_log: pytest.LogCaptureFixture
) -> None:
    assert salvage(pages, BATCH) is None
    assert engine_log.records == []


def test_pages_that_cannot_be_read_are_converted_again_and_that_is_said(
    pages: Path, engine_log: pytest.LogCaptureFixture
) -> None:
    (pages / BATCH.part).mkdir()
    assert salvage(pages, BATCH) is None
    (record,) = engine_log.records
    assert record.levelno == logging.WARNING
    assert record.getMessage().startswith(f"{pages / BATCH.part}: its pages will be converted again: ")
    assert os.strerror(errno.EISDIR) in record.getMessage()


def recorded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is made durable and renamed, in order."""
    steps: list[str] = []
    rename = Path.rename

    def watch(name: str, real: Callable[[Path], None]) -> Callable[[Path], None]:
        def step(path: Path) -> None:
            steps.append(f"{name} {path.name}")
            real(path)

        return step

    def renamed(self: Path, target: Path) -> Path:
        steps.append(f"rename {self.name}")
        return rename(self, target)

    def synced(descriptor: int) -> None:
        steps.append(f"fsync {Path(f'/proc/self/fd/{descriptor}').readlink().name}")

    monkeypatch.setattr(checkpoint, "fsync_path", watch("folder", checkpoint.fsync_path))
    monkeypatch.setattr(checkpoint, "fsync_tree", watch("tree", checkpoint.fsync_tree))
    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "rename", renamed)
    return steps


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="names descriptors by /proc")
def test_pages_and_what_belongs_to_them_are_durable_before_they_count_as_finished(
    pages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(pages / BATCH.part, line(3))
    steps = recorded(monkeypatch)
    assert salvage(pages, BATCH) is not None
    renamed = steps.index(f"rename {BATCH.part}")
    assert {f"fsync {BATCH.part}", "tree out", f"tree {PARTS}"} <= set(steps[:renamed])
    assert "folder pages" in steps[renamed:]


# --- a finished one that is not recorded ---


def test_a_batch_is_finished_when_its_file_has_its_name_and_all_its_pages(pages: Path) -> None:
    write(pages / BATCH.file, line(5), *(line(n) for n in (3, 4, 6)))
    assert finished_batch(pages, BATCH) == (BATCH, [page(5), page(3), page(4), page(6)])


def test_a_batch_is_not_finished_without_its_file_or_one_of_its_pages(pages: Path) -> None:
    assert finished_batch(pages, BATCH) is None
    write(pages / BATCH.part, *(line(n) for n in range(3, 7)))
    assert finished_batch(pages, BATCH) is None
    write(pages / BATCH.file, *(line(n) for n in range(3, 6)))
    assert finished_batch(pages, BATCH) is None


def test_a_batch_of_one_page_is_finished_with_it(pages: Path) -> None:
    write(pages / Checkpoint(9, 9).file, line(9))
    assert finished_batch(pages, Checkpoint(9, 9)) == (Checkpoint(9, 9), [page(9)])


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="names descriptors by /proc")
def test_a_finished_batch_is_durable_before_it_is_believed(pages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(pages / Checkpoint(9, 9).file, line(9))
    steps = recorded(monkeypatch)
    assert finished_batch(pages, Checkpoint(9, 9)) is not None
    assert "folder pages" in steps


# --- after a restart ---


def test_after_a_restart_all_that_was_finished_and_not_recorded_is_found(pages: Path) -> None:
    write(pages / Checkpoint(1, 2).file, line(1), line(2))
    write(pages / Checkpoint(3, 4).file, line(3), line(4))
    write(pages / Checkpoint(5, 9).part, line(5), line(6), b"half a li")
    write(pages / Checkpoint(10, 12).part)
    found = list(salvage_all(pages, [Checkpoint(1, 2)]))
    assert found == [(Checkpoint(3, 4), [page(3), page(4)]), (Checkpoint(5, 6), [page(5), page(6)])]
    assert sorted(file.name for file in pages.iterdir()) == sorted(
        Checkpoint(*both).file for both in ((1, 2), (3, 4), (5, 6))
    )


def test_an_unrecorded_file_with_half_a_line_is_cut_to_what_is_safe(pages: Path) -> None:
    write(pages / Checkpoint(1, 3).file, line(1), line(2), b"{")
    assert list(salvage_all(pages, [])) == [(Checkpoint(1, 3), [page(1), page(2)])]
    assert (pages / Checkpoint(1, 3).file).read_bytes() == line(1) + line(2)


def test_an_unrecorded_file_without_a_page_is_as_if_it_were_not_there(pages: Path) -> None:
    write(pages / Checkpoint(1, 3).file, b"rubbish\n")
    write(pages / Checkpoint(4, 5).file, line(4), line(5))
    assert list(salvage_all(pages, [])) == [(Checkpoint(4, 5), [page(4), page(5)])]


@pytest.mark.parametrize("name", ["notes.jsonl", "1-2-3.jsonl", "a-2.jsonl", "1-b.jsonl", "-.jsonl", "1.jsonl"])
def test_a_file_that_is_no_checkpoint_is_passed_over_and_let_be(pages: Path, name: str) -> None:
    write(pages / name, line(1))
    write(pages / Checkpoint(4, 5).file, line(4), line(5))
    assert [found for found, _ in salvage_all(pages, [])] == [Checkpoint(4, 5)]
    assert (pages / name).read_bytes() == line(1)


def test_an_interrupted_batch_counts_whatever_is_recorded(pages: Path) -> None:
    write(pages / BATCH.part, line(3))
    assert list(salvage_all(pages, [BATCH])) == [(Checkpoint(3, 3), [page(3)])]


def test_there_is_progress_once_something_of_an_interrupted_batch_is_written(pages: Path) -> None:
    assert not has_progress(pages)
    write(pages / BATCH.file, line(3))
    write(pages / BATCH.part)
    assert not has_progress(pages)
    write(pages / Checkpoint(7, 8).part, line(7))
    assert has_progress(pages)
