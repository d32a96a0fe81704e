"""Every key of the dashboard, pressed in a real terminal, small and large; each has something to show for it."""

import base64
import json
import os
import re
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests import pdfs
from tests.e2e.dashboard import IN_MEMORY, Dashboard
from tests.e2e.patience import patient
from tests.e2e.terminal import LARGE, SMALL
from tests.places import ROOT

JOBS = 30
CORPUS = ROOT.parent / "shared" / "corpus"
"""Real documents, where they are at hand."""


@pytest.fixture(params=[SMALL, LARGE], ids=["80x24", "200x50"])
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    found: tuple[int, int] = request.param
    return found


@pytest.fixture
def paused(tmp_path_factory: pytest.TempPathFactory, size: tuple[int, int]) -> Iterator[Dashboard]:
    """Jobs 1 to `JOBS`, all of them waiting: the key that pauses has been pressed before there were any."""
    # Not `tmp_path`: with the name of the test in it, a small screen has no room for the whole of the folder's path.
    folder = tmp_path_factory.mktemp("jobs")
    with Dashboard(folder, size, env=IN_MEMORY) as dashboard:
        dashboard.wait_for("No jobs yet", str(folder / "input"))
        dashboard.see("P", "Paused:", "‖ paused")
        drop(folder, dict(pdfs.many(JOBS)))
        dashboard.wait_until(lambda: f"All {JOBS} " in dashboard.tabs, "all jobs")

        def is_complete() -> bool:
            dashboard.press("G")
            return dashboard.cursor == JOBS

        # Rows find their places once a second: the last one may be another still.
        dashboard.wait_until(is_complete, "the rows in the order of the queue")
        dashboard.press("g")
        dashboard.wait_until(lambda: dashboard.cursor == 1, "the first job under the cursor")
        yield dashboard


ON_A_SMALL_ONE = pytest.mark.parametrize("size", [SMALL], ids=["80x24"])
"""For keys that do the same whatever the terminal's size."""


def drop(folder: Path, files: dict[str, bytes]) -> None:
    """Put files into the input; an old one is taken to be whole, and not to be coming in still if it is broken."""
    for name, data in files.items():
        file = folder / "input" / name
        file.write_bytes(data)
        os.utime(file, (time.time() - 3600,) * 2)


def test_keys_that_move(paused: Dashboard) -> None:
    d, page = paused, paused.list_height
    d.press("g")
    d.wait_until(lambda: d.cursor == 1, "the cursor on the first job")
    for key, job_id in (
        *(("j", 2), ("down", 3), ("k", 2), ("up", 1), ("G", JOBS), ("g", 1), ("end", JOBS), ("home", 1)),
        *(("pgdn", min(1 + page, JOBS)), ("pgup", 1), ("ctrl+d", 1 + page // 2), ("ctrl+u", 1)),
    ):
        d.move(key, job_id)


def test_keys_that_open_and_choose(paused: Dashboard, size: tuple[int, int]) -> None:
    d = paused
    d.move("j", 2)
    d.see("enter", "esc back", gone=" workers ─")
    d.wait_for("#2 document-", "source", "HISTORY")
    d.see("esc", " workers ─", gone="esc back")
    assert d.cursor == 2

    if size == SMALL:
        d.press("tab", "tab")
        d.wait_for("No job is running.")
    else:
        # In the side panel, j scrolls: the cursor has stayed when the key after it has been answered.
        d.press("tab")
        d.see("F", "‖ frozen")
        d.press("j")
        d.see("F", "Going on.", gone="‖ frozen")
        assert d.cursor == 2
        d.press("tab")
        d.see("F", "‖ frozen")
        d.move("j", 3)
        d.see("F", "Going on.", gone="‖ frozen")
    d.press("1")
    d.wait_until(lambda: d.ids[:2] == [1, 2], "all jobs")
    d.see("3", "No job is running.")
    d.see("4", "No job is done.")
    d.see("5", "No job is failed.")
    d.cause("2", lambda: d.ids[:2] == [1, 2], "the queued jobs")
    d.see("4", "No job is done.")
    d.cause("1", lambda: d.ids[:2] == [1, 2], "all jobs")


@ON_A_SMALL_ONE
def test_keys_that_filter(paused: Dashboard) -> None:
    d = paused
    d.see("/", _FILTERING)
    d.type("00002")  # document-000002 and 20 to 29
    d.wait_until(lambda: "/00002" in d.tabs, "the filter beside the views")
    d.wait_until(lambda: len(d.rows) == 11 and all("00002" in row.rest for row in d.rows), "only what passes")
    d.press("enter")
    d.wait_gone(_FILTERING)
    assert "/00002" in d.tabs
    matches = d.ids
    d.cause("esc", lambda: "/" not in d.tabs, "no filter")
    d.press("g")
    d.wait_until(lambda: d.cursor == 1, "the first job under the cursor")
    onward = [job_id for job_id in matches if job_id > 1]
    d.move("n", onward[0])
    d.move("n", onward[1])
    d.move("N", onward[0])

    for text, count in (("!00002", JOBS - 11), ("state:held", 0), ("pages>100", 0), ("#7", 1)):
        d.see("/", _FILTERING)
        d.type(text)
        d.press("enter")
        d.wait_gone(_FILTERING)
        d.wait_until(lambda wanted=text: f"/{wanted}" in d.tabs, text)
        if count:
            d.wait_until(lambda n=count: len(d.rows) == min(n, d.list_height), f"{count} jobs for {text}")
        else:
            d.wait_for(f"No job passes the filter {text}")
            d.wait_gone("No jobs yet", "Results appear in")
        d.press("esc")
        d.wait_until(lambda: "/" not in d.tabs and len(d.rows) == min(JOBS, d.list_height), "all jobs again")
    d.see("/", _FILTERING)
    d.type("#7")
    d.wait_until(lambda: d.ids == [7], "one job")
    d.cause("esc", lambda: len(d.rows) == min(JOBS, d.list_height), "all jobs, since esc drops what is typed")


@ON_A_SMALL_ONE
def test_keys_that_sort_mark_and_freeze(paused: Dashboard) -> None:
    d = paused
    for name in ("id", "name", "pages", "state", "time", "queue"):
        d.cause("s", lambda wanted=name: re.search(rf"\b{wanted} [▲▼]", d.tabs), f"the order by {name}")
        if name == "name":
            d.wait_until(lambda: [row.rest for row in d.rows] == sorted(row.rest for row in d.rows), "sorted names")
    d.cause("S", lambda: "queue ▼" in d.tabs and d.ids[0] > d.ids[1], "the reversed order")
    d.cause("S", lambda: "queue ▲" in d.tabs and d.ids[0] < d.ids[1], "the usual order")

    d.press("g")
    d.wait_until(lambda: d.cursor == 1, "the first job under the cursor")
    d.cause("space", lambda: d.marked == {1} and "● 1 marked" in d.tabs and d.cursor == 2, "a mark")
    d.move("j", 3)
    d.move("j", 4)
    d.cause("v", lambda: d.marked == {1, 2, 3, 4} and "● 4 marked" in d.tabs, "a range of marks")
    d.cause("a", lambda: f"● {JOBS} marked" in d.tabs and d.marked == set(d.ids), "all marked")
    d.cause("A", lambda: "marked" not in d.tabs and not d.marked, "no mark")
    d.cause("space", lambda: d.marked == {4}, "a mark")
    d.cause("esc", lambda: not d.marked, "no mark")

    d.see("F", "‖ frozen", "Frozen: press F")
    drop(d.folder, {"late.pdf": pdfs.text_pages(1, is_tagged=True)})
    # The header goes on while the list stands still.
    d.wait_until(lambda: f"All {JOBS + 1} " in d.tabs, "the header to count it")
    d.press("G")
    d.wait_until(lambda: d.cursor == JOBS, "the last job of the frozen list")
    d.see("F", "Going on.", gone="‖ frozen")
    d.move("G", JOBS + 1)
    assert "late.pdf" in d.row(JOBS + 1).rest


@ON_A_SMALL_ONE
def test_keys_that_change_jobs(paused: Dashboard) -> None:
    d = paused
    d.press("g")
    d.wait_until(lambda: d.cursor == 1, "the first job under the cursor")
    d.move("j", 2)
    d.cause("+", lambda: d.row(2).priority == 1 and d.ids[0] == 2, "priority 1, and so the first place")
    d.cause("=", lambda: d.row(2).priority == 2, "priority 2")
    d.cause("-", lambda: d.row(2).priority == 1, "priority 1")
    d.cause("z", lambda: d.row(2).priority == 2, "the last change undone")
    d.wait_for("Undone: #2 lowered in priority.")
    d.cause("Z", lambda: d.row(2).priority == 1, "done again")
    d.cause("z", lambda: d.row(2).priority == 2, "undone again")
    d.press("-")
    d.cause("-", lambda: d.row(2).priority == 0 and d.ids[:2] == [1, 2], "priority 0, and the place of before")

    d.cause("K", lambda: d.ids[:2] == [2, 1], "a place up")
    d.cause("J", lambda: d.ids[:2] == [1, 2], "a place down")
    d.cause("b", lambda: d.ids[-1] == 2 and d.cursor == 2, "the last place, and the cursor there")
    d.cause("t", lambda: d.ids[:2] == [2, 1] and d.cursor == 2, "the first place, and the cursor there")
    d.cause("z", lambda: d.ids[-1] == 2 and d.cursor == 2, "the last place again")
    d.cause("z", lambda: d.cursor == 2 and (2, 3) in pairwise(d.ids), "its own place")
    d.cause("t", lambda: d.ids[:2] == [2, 1] and d.cursor == 2, "the first place")

    d.cause("p", lambda: "‖ held" in d.row(2).rest, "held")
    d.wait_for("#2 held.")
    d.cause("p", lambda: "○ queued" in d.row(2).rest, "released")

    waiting = f"Queued {JOBS} "
    d.cause("x", lambda: f"Queued {JOBS - 1} " in d.tabs, "a job less in the queue")
    d.wait_for("#2 cancelled. Press z to undo.")
    d.wait_until(lambda: d.rows[0].is_cursor and d.cursor == 1, "the cursor in its row, on the next job")
    d.cause("z", lambda: d.ids[:2] == [2, 1] and "○ queued" in d.row(2).rest, "queued again in its own place")
    d.wait_until(lambda: d.cursor == 2, "the cursor on what is back")
    d.see("X", "Cancel #2 document-", "Go on as before")
    d.press("enter")
    d.wait_gone("Go on as before")
    assert waiting in d.tabs
    d.see("X", "Cancel #2 document-", "Go on as before")
    d.cause("y", lambda: waiting not in d.text and "Go on as before" not in d.text, "cancelled")
    go_to(d, 2)
    assert "⊘ cancelled" in d.row(2).rest
    d.cause("r", lambda: waiting in d.tabs, "queued again")

    go_to(d, 2)
    d.see("d", "Only finished jobs can be taken off the list.")
    d.cause("x", lambda: waiting not in d.tabs, "cancelled")
    go_to(d, 2)
    d.cause("d", lambda: f"All {JOBS - 1} " in d.tabs, "a job less")
    d.cause("z", lambda: f"All {JOBS} " in d.tabs, "the job back")

    # With marks, an action means the marked jobs, and what hurts asks first, in numbers.
    go_to(d, 5)
    d.cause("space", lambda: d.marked == {5}, "a mark")
    d.cause("space", lambda: d.marked == {5, 6}, "two marks")
    d.cause("+", lambda: (d.row(5).priority, d.row(6).priority) == (1, 1), "both with priority 1")
    d.see("x", "Cancel 2 jobs?", "Go on as before")
    d.cause("esc", lambda: "Cancel 2 jobs?" not in d.text and d.marked == {5, 6}, "nothing done")
    d.see("x", "Cancel 2 jobs?")
    d.press("j", "enter")
    d.wait_for("2 jobs cancelled.")
    d.cause("A", lambda: not d.marked and "marked" not in d.tabs, "no mark")
    d.see("D", "Remove 3 finished jobs from the list?", "Leave them")
    d.cause("n", lambda: "Leave them" not in d.text, "nothing done")
    assert f"All {JOBS} " in d.tabs
    d.see("D", "Remove 3 finished jobs from the list?")
    d.cause("y", lambda: f"All {JOBS - 3} " in d.tabs, "three jobs less")


def test_keys_of_the_engine_and_of_the_program(paused: Dashboard, size: tuple[int, int]) -> None:
    d = paused
    d.see("[", "3 workers.")
    d.wait_until(lambda: "0/3" in d.head, "three workers")
    d.see("]", "4 workers.")
    d.cause("]", lambda: "0/5" in d.head and " 5 ○" in d.text, "five workers")

    for key in ("?", "f1"):
        d.see(key, "─ Keys ─", "Move", "Next job")
        if size == SMALL:
            d.cause("pgdn", lambda: "Next job" not in d.text, "more of the help")
        d.cause("esc", lambda: "─ Keys ─" not in d.text, "the list")

    for key in (":", "ctrl+p"):
        d.see(key, "What to do?")
        d.cause("esc", lambda: "What to do?" not in d.text, "the list")
    d.see(":", "What to do?")
    d.type("freeze")
    d.wait_for("Freeze the list")
    d.press("enter")
    d.wait_for("‖ frozen")
    d.see("F", "Going on.", gone="‖ frozen")

    d.see(",", "num_workers", "HOTFOLIO_OCR")
    d.cause("esc", lambda: "num_workers" not in d.text, "the list")

    d.cause("P", lambda: "‖ paused" not in d.head, "the engine to go on")
    d.wait_until(lambda: "5/5" in d.head or "✓ 0" not in d.head, "the workers at work")


def test_keys_for_what_is_finished(tmp_path: Path) -> None:
    """On a large terminal; what its size changes is in the tests of the waiting jobs."""
    files = a_mix()
    with Dashboard(tmp_path, LARGE) as d:
        drop(tmp_path, files)
        d.wait_until(lambda: count_of(d, "Done") + count_of(d, "Failed") == len(files), "all to finish", timeout=60)
        assert count_of(d, "Failed") >= 3
        assert count_of(d, "Running") == count_of(d, "Queued") == 0

        d.cause("5", lambda: len(d.rows) == count_of(d, "Failed"), "the failed jobs")
        d.wait_until(lambda: any("password" in row.rest for row in d.rows), "why one has failed")
        failed = set(d.ids)
        d.press("1", "g")
        d.wait_until(lambda: len(d.rows) > len(failed) and d.cursor == d.ids[0], "all jobs")
        d.cause("n", lambda: d.cursor in failed - {d.ids[0]}, "the cursor on a failed job")
        first = d.cursor
        d.cause("n", lambda: d.cursor in failed - {first}, "the cursor on another failed job")
        d.move("N", first)

        report = id_of(d, "harbour.pdf")
        d.see("o", "Report of the Harbour Survey", gone=" workers ─")
        d.cause("esc", lambda: d.cursor == report, "the list")
        d.see("l", f"Log of #{report}", gone=" workers ─")
        d.cause("esc", lambda: d.cursor == report, "the list")
        d.see("y", "Copied")
        d.wait_until(lambda: clipboard_of(d) == [str(tmp_path / "output" / "harbour")], "the result's path")
        d.press("Y")
        d.wait_until(lambda: clipboard_of(d)[1:] == [str(tmp_path / "input" / "harbour.pdf")], "the source's path")
        d.press("enter")  # the panel has shown the same before, so wait for the list to go
        d.wait_until(lambda: " workers ─" not in d.text, "the job in full")
        d.wait_for("5 of 5 pages", "■■■■■", "published", "page 1 selected")
        d.see("o", "Report of the Harbour Survey")
        d.see("esc", "page 1 selected")
        d.see("right", "page 2 selected")
        d.see("left", "page 1 selected")
        d.see("n", "No page has a problem.")
        d.see("esc", " workers ─")

        d.see("i", "Page 1 of 5", "▀", gone=" workers ─")
        d.see("n", "Page 2 of 5")
        d.see("esc", " workers ─", gone="Page 2 of 5")

        locked = id_of(d, "locked.pdf")
        d.see("u", f"Password of #{locked} locked.pdf", "enter to try it")
        d.type("secret")
        d.press("enter")
        d.wait_until(lambda: "✓ done" in d.row(locked).rest, "the locked document to be converted")
        assert b"secret" not in d.received
        failed.remove(locked)
        go_to(d, report)

        for key, _kind in (("1", "csv"), ("2", "json")):
            d.see("e", f"Export {len(files)} jobs?")
            d.press(key)
            d.wait_for(f"{len(files)} jobs exported to")
        (csv_file,) = tmp_path.glob("*.csv")
        assert len(csv_file.read_text().splitlines()) == len(files) + 1
        d.wait_until(lambda: [file for file in tmp_path.glob("*.json") if file.read_text().endswith("]\n")], "the JSON")
        (json_file,) = tmp_path.glob("*.json")
        assert {Path(row["source"]).name for row in json.loads(json_file.read_text())} == set(files)

        go_to(d, report)
        d.see("r", f"#{report} queued again.")
        d.wait_until(lambda: "✓ done" in d.row(report).rest, "done again")
        count = len(failed)
        d.see("R", f"{count} jobs queued again.")
        d.wait_until(lambda: count_of(d, "Failed") == count, "to fail again", timeout=60)
        go_to(d, report)
        d.see("d", f"#{report} taken off the list. Press z to undo.")
        d.wait_until(lambda: f"All {len(files) - 1} " in d.tabs, "a job less")
        d.cause("z", lambda: f"All {len(files)} " in d.tabs, "the job back")
        d.see("D", f"Remove {len(files)} finished jobs from the list?")
        d.press("y")
        d.wait_for("No jobs yet", "All 0 ")
        d.press("q")
        assert d.wait_exit() == 0


def test_keys_while_documents_are_converted(tmp_path: Path) -> None:
    """On a small terminal; what its size changes is in the tests of the waiting jobs."""
    with Dashboard(tmp_path, SMALL, env=patient(tmp_path) | {"HOTFOLIO_BATCH_SECONDS": "0.4"}) as d:
        drop(tmp_path, {f"long-{n}.pdf": pdfs.text_pages(200, words_per_page=30, is_tagged=True) for n in range(5)})
        d.wait_until(lambda: "4/4" in d.head and (count_of(d, "Running"), count_of(d, "Queued")) == (4, 1), "work")
        d.wait_until(lambda: len(d.ids) == 5, "all jobs to be shown")
        d.press("G")
        d.wait_until(lambda: d.cursor == d.ids[-1], "the cursor on the last job, which waits")
        d.cause("f", lambda: d.cursor in d.ids[:4], "the cursor on a running job")
        d.see("f", "No longer following.")
        d.cause("p", lambda: "held" in d.text, "a job held while it runs")
        d.wait_until(lambda: count_of(d, "Queued") == 1, "the job that waited to take its place")
        d.cause("3", lambda: len(d.rows) == 4, "the running documents")
        long = d.ids
        d.press("g")
        d.wait_until(lambda: d.cursor == long[0], "the first job under the cursor")

        d.see("enter", "esc back", gone=" workers ─")
        d.wait_until(lambda: re.search(r" [1-9]\d*/200 ", d.text), "finished pages")
        d.see("o", "of 200 pages so far", "marker-1.")
        d.see("esc", "source", gone="so far")
        d.see("i", "Markdown of this page", "▀", gone="source")
        d.wait_for("Page ", " of 200")
        d.see("esc", "source", gone="Markdown of this page")
        d.see("esc", " workers ─", gone="esc back")
        d.see("X", f"Cancel #{long[0]} long-", "It is running.", "Go on as before")
        d.press("y")
        d.wait_until(lambda: long[0] not in d.ids, "the job to be gone from the running ones")
        d.see("P", "‖ paused")
        d.wait_until(lambda: "0/4" in d.head, "the workers to come to rest")
        d.cause("P", lambda: "▶ running" in d.head and "4/4" in d.head, "workers at work")

        for key in ("q", "ctrl+c"):
            d.see(key, "Quit?", "Stay", "Stop now")
            d.cause("esc", lambda: "Stay" not in d.text, "the dashboard as before")
        d.see("q", "Quit?", "Finish 3 running jobs, then quit", "Stop now")
        d.press("s")
        assert d.wait_exit() == 0
    assert list((tmp_path / "output" / ".hotfolio" / "jobs").glob("*/pages/*.jsonl"))


def test_the_list_of_pages_tells_how_each_came_out(tmp_path: Path) -> None:
    """On a small terminal, which needs few pages to be longer than its screen."""
    size = SMALL
    pages = size[1] + 6
    # A deadline that no page keeps: each is read as plain text, or has failed, and says why.
    with Dashboard(tmp_path, size, env=patient(tmp_path) | {"HOTFOLIO_PAGE_TIMEOUT": "0.01"}) as d:
        drop(tmp_path, {"hurried.pdf": pdfs.text_pages(pages, is_tagged=True)})
        d.wait_until(lambda: count_of(d, "Done") + count_of(d, "Failed") == 1 and d.cursor == 1, "the job to end")
        d.press("enter")
        d.wait_until(lambda: " workers ─" not in d.text, "the job in full")
        d.wait_for(f"{pages} of {pages} pages", " selected")
        d.press(*["left"] * pages)  # from the first that has failed, if any has
        d.wait_for("page 1 selected")

        def last(page: int, count: int) -> bool:
            """Whether so many pages up to `page` are listed, one below the other, with all there is to say of each."""
            listed = [int(match[1]) for line in d.lines if (match := _PAGE.match(line))]
            return listed[-count:] == [*range(page - count + 1, page + 1)] and (listed[-1:] == [page])

        d.cause("G", lambda: last(pages, size[1] - 2), "the last pages")
        half = round((size[1] - 1) / 2)
        d.cause("k", lambda: last(pages - 1, half), "a line up")
        d.cause("ctrl+u", lambda: last(pages - 1 - half, 5), "half a screen up")
        d.cause("ctrl+d", lambda: last(pages - 1, half), "half a screen down")
        d.cause("pgup", lambda: not last(pages - 1, 5), "a screen up")
        d.cause("pgdn", lambda: last(pages - 1, half), "a screen down")
        d.cause("j", lambda: last(pages, half), "a line down")
        d.see("g", "page 1 selected")
        d.see("right", "page 2 selected")
        d.see("left", "page 1 selected")
        d.see("n", "page 2 selected")
        d.see("N", "page 1 selected")
        # Among the lines of the pages, the line of the one selected is brought to sight.
        d.cause("G", lambda: last(pages, half), "the last pages")
        d.press("right")
        d.wait_until(lambda: any(re.match(r" {4,}2 [▤✗] ", line) for line in d.lines), "page 2 in sight")
        d.see("esc", " workers ─", gone="esc back")


def test_quitting_can_wait_for_what_is_running(tmp_path: Path) -> None:
    # More documents than workers, so that these are busy for longer than a frame takes to show it.
    with Dashboard(tmp_path, SMALL, "-w", "2", env=patient(tmp_path)) as d:
        drop(tmp_path, {f"{n}.pdf": pdfs.text_pages(6, is_tagged=True) for n in range(6)})
        d.wait_until(lambda: "2/2" in d.head, "two busy workers")
        d.see("ctrl+c", "Quit?", "then quit")
        d.press("f")
        assert d.wait_exit(60) == 0
    finished = [folder for folder in (tmp_path / "output").iterdir() if (folder / "manifest.json").exists()]
    assert finished
    for folder in finished:
        assert len(json.loads((folder / "manifest.json").read_text())["pages"]) == 6


def test_help_names_every_key_there_is(tmp_path: Path) -> None:
    def missing(*screens: str) -> list[str]:
        patterns = {keys: rf"(?:│|  ) *{re.escape(keys)} {{2,}}\S" for keys in _BOUND}
        return [keys for keys, pattern in patterns.items() if not any(re.search(pattern, text) for text in screens)]

    with Dashboard(tmp_path, (200, 80)) as d:
        d.see("?", "─ Keys ─", "Next job", "Copy the path")
        d.wait_until(lambda: not {"j ↓", "v"} & {*missing(d.text)}, "the first keys")
        first = d.text
        d.press("pgdn")
        d.wait_until(lambda: not missing(first, d.text), "the help to name every key")


@ON_A_SMALL_ONE
def test_what_is_typed_right_after_a_slash_is_the_filter(paused: Dashboard) -> None:
    d = paused
    d.type("/xxd000021")
    d.wait_for("/ xxd000021")
    d.wait_until(lambda: "Queued 0 " in d.tabs, "the counts of what passes")
    d.press("esc")
    d.wait_until(lambda: f"Queued {JOBS} " in d.tabs, "all jobs, none of them cancelled")


_PAGE = re.compile(r" +(\d+) [▤✗] (?:text only|failed) +(?:text|none) +\d+\.\d  \S.*")
_FILTERING = "name  !name  state:failed"
_BOUND = (
    """
j ↓|k ↑|g home|G end|pgdn|pgup|ctrl+d|ctrl+u|enter|esc|1|2|3|4|5|tab|/|n|N|s|S|space|v|a|A|[|]|f|F|: ctrl+p|? f1|+ =|-
J|K|t|b|x|X|p|P|r|R|d|D|w|z|Z|H|o|i|u|y|Y|l|e|,|q ctrl+c
""".replace("\n", "|")
    .strip("|")
    .split("|")
)
"""What the help must show, binding by binding."""


def a_mix() -> dict[str, bytes]:
    """Documents that come out well and others that cannot."""
    files = {
        "harbour.pdf": pdfs.report(),
        "columns.pdf": pdfs.two_columns(),
        "form.pdf": pdfs.with_outline_and_form(),
        "languages.pdf": pdfs.unicode_text(),
        "plain.pdf": pdfs.text_pages(3, is_tagged=True),
        "cut off.pdf": pdfs.truncated(),
        "locked.pdf": pdfs.encrypted("secret"),
        "noise.pdf": pdfs.damaged(),
        "locked too.pdf": pdfs.encrypted("other"),
    }
    real = sorted((CORPUS / "ordinary").glob("*.pdf"), key=lambda file: file.stat().st_size)
    return files | {file.name: file.read_bytes() for file in real[:4]}


def clipboard_of(dashboard: Dashboard) -> list[str]:
    """What has been put on the terminal's clipboard (OSC 52)."""
    return [base64.b64decode(code).decode() for code in re.findall(rb"\x1b]52;c;([\w+/=]*)\x07", dashboard.received)]


def count_of(dashboard: Dashboard, view: str) -> int:
    """How many jobs a view has."""
    found = re.search(rf"{view} (\d+)", dashboard.tabs)
    return int(found[1]) if found else 0


def id_of(dashboard: Dashboard, name: str) -> int:
    """The job of a file; puts the cursor on it."""
    dashboard.press("/")
    dashboard.wait_for(_FILTERING)
    dashboard.type(name)
    dashboard.wait_until(lambda: len(dashboard.rows) == 1 and dashboard.cursor == dashboard.ids[0], f"{name} alone")
    job_id = dashboard.ids[0]
    dashboard.press("esc")
    dashboard.wait_gone(_FILTERING)
    dashboard.wait_until(lambda: dashboard.cursor == job_id, f"the cursor on {name}")
    return job_id


def go_to(dashboard: Dashboard, job_id: int) -> None:
    """Put the cursor on a job, wherever it is by now."""
    dashboard.press("/")
    dashboard.wait_for(_FILTERING)
    dashboard.type(f"#{job_id}")
    dashboard.wait_until(lambda: dashboard.ids == [job_id] and dashboard.cursor == job_id, f"#{job_id} alone")
    dashboard.press("esc")
    dashboard.wait_gone(_FILTERING)
    dashboard.wait_until(lambda: dashboard.cursor == job_id, f"the cursor on #{job_id}")
