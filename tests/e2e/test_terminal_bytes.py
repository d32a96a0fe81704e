"""What reaches the terminal, byte by byte: no file name can steer it, and nothing is sent for nothing."""

import base64
import os
import re
import subprocess
import sys
import time
import unicodedata
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pymupdf
import pytest

from engine.base.safetext import display_name
from tests import pdfs
from tests.e2e.dashboard import IN_MEMORY, Dashboard
from tests.e2e.terminal import LARGE

HOSTILE = [
    b"[/]x.pdf",  # a folder `[`, as a slash is in no name
    b"[@click=app.quit]x.pdf",
    b"[bold red]loud[/bold red].pdf",
    b"\x1b[31mred.pdf",
    b"\x1b[2J\x1b[Hgone.pdf",
    b"\x1b]0;owned\x07.pdf",
    b"\x1b]2;owned too\x1b\\.pdf",
    b"\x1b]52;c;b3duZWQ=\x07.pdf",
    b"\x1bP1;1|owned\x1b\\.pdf",
    b"\x1bcreset.pdf",
    b"new\nline.pdf",
    b"back\rward\x08s\x0b.pdf",
    b"bell\x07 and \x7f.pdf",
    b"c1 \xc2\x9b31m \xc2\x9d0;owned\xc2\x9c.pdf",
    "evil \u202efdp.exe.pdf".encode(),
    "zero\u200bwidth \u2066isolate\u2069.pdf".encode(),
    "line\u2028separator.pdf".encode(),
    b"caf\xe9.pdf",
    b"\xff\xfe\x9b.pdf",
    b"x" * 251 + b".pdf",
    "\u6f22\u5b57\U0001f600e\u0301.pdf".encode(),
    "\U000e0041tag.pdf".encode(),
]
SPLITS = (0, 1, 3, 6, 8, 10, 13, 16, 17, 19, 20, 22)
"""Where the list is cut into what one file has all of in its name: each costs a dozen keys, and waits for them."""


def named_by(payloads: Sequence[bytes]) -> bytes:
    """A file's name that has all of these in it."""
    return b" ".join(payload.removesuffix(b".pdf") for payload in payloads) + b".pdf"


NAMES = [named_by(HOSTILE[start:end]) for start, end in pairwise(SPLITS)]
# All that Textual and the dashboard have sent to a terminal of 16.7 million colours; a file's name can hold as much, so
# the payloads above are none of these.
_SENT_BY_US = re.compile(
    r"\x1b\[(?:(?:[01234579]|2[2-9]|[34]8;2;\d+;\d+;\d+|[34]9)(?:;|(?=m)))*m"  # styles, of which no colour by number
    r"|\x1b\[\d+;\d+H"  # a place
    r"|\x1b\[\?(?:25|7|1000|1003|1004|1006|1015|1016|1049|2004|2026|2048)[hl]|\x1b\[\?(?:2026|2048)\$p"  # modes
    r"|\x1b\[>\d*u|\x1b\[<u|\x1b\[=\d;\du"  # keyboard
    r"|\x1b\]22;[a-z]*\x07"  # the pointer's shape
    r"|\x1b\[>0q|\x1b\[16t|\x1b\[c"  # what shows pictures, and how large a cell is
    r"|\x1b\[2J"  # all blank, before the first line
    r"|\x1b\[2[23];0t|\x1b\]2;hotfolio[\w:, ]*\x07"  # the window's title, which has no names
)
_COPIED = re.compile(r"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A folder with every hostile name in its input, and a document that is hostile inside."""
    for name in NAMES:
        file = os.path.join(os.fsencode(tmp_path), b"input", name)  # noqa: PTH118 - of bytes
        os.makedirs(os.path.dirname(file), exist_ok=True)  # noqa: PTH103, PTH120
        with open(file, "wb") as stream:  # noqa: PTH123
            stream.write(pdfs.text_pages(1, title="\x1b]0;a title\x07 [/] \u202e", is_tagged=True))
        os.utime(file, (time.time() - 3600,) * 2)
    inside = tmp_path / "input" / "inside.pdf"
    inside.write_bytes(hostile_inside())
    os.utime(inside, (time.time() - 3600,) * 2)
    return tmp_path


def hostile_inside() -> bytes:
    doc = pymupdf.open(stream=pdfs.text_pages(1, is_tagged=True), filetype="pdf")
    doc[0].insert_text((72, 700), "[/] [@click=app.quit]x \x1b]0;text\x07 \x9b31m", fontsize=11)
    doc.set_toc([[1, "\x1b[31m[/] entry", 1]])
    data: bytes = doc.tobytes()
    doc.close()
    return data


def test_no_hostile_name_reaches_the_terminal(hostile: Path) -> None:
    count = len(NAMES) + 1
    with Dashboard(hostile, LARGE) as d:
        d.wait_until(lambda: f"All {count} " in d.tabs, "all jobs")
        d.wait_until(lambda: f"Done {count} " in d.tabs, "all to be converted", timeout=60)
        d.press("s", "g")
        d.wait_until(lambda: "id ▲" in d.tabs and d.ids[:1] == [1] and d.cursor == 1, "the first job under the cursor")
        seen = set()
        for _ in range(count):
            d.wait_until(lambda: d.cursor is not None, "the cursor")
            job_id = d.cursor
            seen.add(job_id)
            d.see("enter", "esc back", gone=" workers ─")
            d.wait_for(f"#{job_id} ", "source", "HISTORY")
            d.see("esc", " workers ─", gone="esc back")
            if "inside.pdf" in d.row(job_id or 0).rest:
                for key, shown in (("o", "marker-1"), ("i", "▀")):
                    d.see(key, shown, gone=" workers ─")
                    d.see("esc", " workers ─", gone="esc back")
            d.press("y")
            d.wait_until(lambda: "Copied" in d.text or "cannot be copied" in d.text, "an answer to y")
            d.press("j")
            if len(seen) < count:
                d.wait_until(lambda before=job_id: d.cursor not in (None, before), "the cursor on the next job")
        assert len(seen) == count
        d.press("space", "a", "A", "/")
        d.wait_for("name  !name")
        d.type("[/]x")
        d.wait_until(lambda: len(d.rows) == 1 and "[/]x.pdf" in d.rows[0].rest, "the job with markup in its name")
        d.press("esc")
        d.wait_gone("name  !name")
        d.see("e", f"Export {count} jobs?")
        d.press("1")
        d.wait_for("jobs exported to")
        # Once more, now with the questions that name a job, while nothing is started.
        d.see("P", "‖ paused")
        d.press("a", "r")
        d.wait_until(lambda: f"Queued {count} " in d.tabs, "all to wait again")
        d.press("A", "g")
        d.wait_until(lambda: not d.marked and d.rows and d.rows[0].is_cursor, "the first job under the cursor")
        for number in range(count):
            job_id = d.cursor
            d.see("X", f"Cancel #{job_id} ", "Go on as before")
            d.cause("n", lambda: "Go on as before" not in d.text and " workers ─" in d.text, "the list")
            d.press("j")
            if number < count - 1:
                d.wait_until(lambda before=job_id: d.cursor not in (None, before), "the cursor on the next job")
        d.press("q")
        d.wait_for("Quit?")
        d.press("s")
        assert d.wait_exit() == 0
        assert d.title.startswith("hotfolio")
        received = d.received

    assert_harmless(received, hostile)
    for name in HOSTILE:
        payload = name.removesuffix(b".pdf")
        if display_name(name).encode() != name:
            assert payload not in received
            assert payload.replace(b"\n", b"\r\n") not in received
    for visible in (rb"\x1b]0;owned", rb"\u202e", rb"new\x0aline", rb"caf\xe9", rb"\x9b31m"):
        assert visible in received, f"{visible!r} was never to be seen"


def assert_harmless(received: bytes, folder: Path) -> None:
    """Take out what the dashboard itself sends; what is left must be text that no terminal acts upon."""

    def without_paths(copied: re.Match[str]) -> str:
        is_path = base64.b64decode(copied[1]).startswith(os.fsencode(folder))
        return "" if is_path else copied[0]

    text = received.decode()  # strictly: no byte may be anything but UTF-8
    text = _COPIED.sub(without_paths, _SENT_BY_US.sub("", text)).replace("\r\n", "")  # ends of a whole frame's lines
    for place, char in enumerate(text):
        assert unicodedata.category(char) not in _HIDDEN, repr(text[max(0, place - 60) : place + 60])


def test_the_check_itself_finds_what_must_not_be(tmp_path: Path) -> None:
    style = b"\x1b[1;1H\x1b[1;38;2;1;2;3;48;2;4;5;6m"
    for name in HOSTILE:
        if display_name(name).encode() != name:
            with pytest.raises((AssertionError, UnicodeDecodeError)):
                assert_harmless(style + b"text " + name + b" text\x1b[0m\r\n", tmp_path)
    assert_harmless(style + b"text\x1b[0m\r\n\x1b]52;c;" + base64.b64encode(bytes(tmp_path)) + b"\x07", tmp_path)


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    """A folder in which everything is converted already."""
    (tmp_path / "input").mkdir()
    for number in range(5):
        (tmp_path / "input" / f"{number}.pdf").write_bytes(pdfs.text_pages(1, is_tagged=True))
    subprocess.run(
        [sys.executable, "-m", "tui", "run", "--once", "--ocr", "never"],
        cwd=tmp_path,
        env=os.environ | IN_MEMORY,
        check=True,
        capture_output=True,
    )
    return tmp_path


def test_nothing_is_sent_while_nothing_changes(finished: Path) -> None:
    with Dashboard(finished, LARGE, env=IN_MEMORY) as d:
        d.wait_until(lambda: "Done 5 " in d.tabs and len(d.rows) == 5, "the jobs of before")
        d.wait_for(" free")  # how much room there is on the disk: looked at once, after two seconds
        d.wait_quiet(1.0)
        before = d.received
        assert d.sent_within(2.5) == b""  # ten times what the screen is asked to look for changes
        d.move("j", d.ids[1])  # and it is alive
        assert len(d.received) > len(before)
        d.wait_quiet(1.0)
        assert d.sent_within(2.5) == b""


def test_it_falls_silent_when_the_work_is_done(tmp_path: Path) -> None:
    with Dashboard(tmp_path, env=IN_MEMORY) as d:
        for number in range(3):
            (tmp_path / "input" / f"{number}.pdf").write_bytes(pdfs.text_pages(1, is_tagged=True))
        d.wait_until(lambda: "Done 3 " in d.tabs and "○ idle" in d.head, "the work to be done")
        # The rate of the last half minute falls to nothing first, and the picture of the last minutes moves on.
        d.wait_quiet(2.25, timeout=50)


def test_a_failure_is_told_on_the_desktop_and_its_name_steers_nothing(tmp_path: Path) -> None:
    (tmp_path / "input").mkdir()
    ready = tmp_path / "ready"
    ready.write_bytes(b"%PDF-1.7\nNothing of a PDF follows.")
    os.utime(ready, (time.time() - 3600,) * 2)
    with Dashboard(tmp_path, env={"HOTFOLIO_BELL": "1", "HOTFOLIO_NOTIFY": "osc9", "TMUX": ""}) as d:
        d.wait_for("No jobs yet")  # what fails before anybody looks is told to nobody
        ready.rename(tmp_path / "input" / "\x07\x1b]0;owned\x07;.pdf")
        d.wait_until(lambda: b"\x1b]9;" in d.received, "a notification")
        d.wait_until(lambda: re.search(rb"\x1b\]9;[^\x07]*\x07", d.received), "the end of it")
        (told,) = re.findall(rb"\x1b\]9;([^\x07]*)\x07", d.received)
        before = d.received.partition(b"\x1b]9;")[0]
        assert told.startswith(rb"hotfolio: \x07\x1b]0;owned\x07;.pdf failed: ")
        assert before.endswith(b"\x07")  # the bell, right before
        assert b"\x1b]0;" not in d.received
