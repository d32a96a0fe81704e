"""A person's first hour with the dashboard, in tmux: only keys are pressed that the screen names, or that `?` finds."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import pdfs
from tests.places import ROOT

TMUX = shutil.which("tmux")
SIZES = [(80, 24), (120, 40), (200, 50)]
PASSWORD = "sesame"
LETTERS = 12
_DEADLINE_S = 60.0
_QUICK = {"HOTFOLIO_OCR": "never", "HOTFOLIO_SETTLE": "0.2", "HOTFOLIO_SETTLE_DAMAGED": "0.4"}
_TOLD = {"Enter": "enter", "Space": "space", "Right": "→", "Escape": "esc"}
"""What the screen calls keys that tmux calls otherwise."""

Look = Callable[[str, str], None]
"""Is given a name, and the screen with its colours, as tmux captures it."""


class Tmux:
    """A pane of a server of its own, with a shell in it that knows `hotfolio`."""

    def __init__(self, folder: Path, size: tuple[int, int], look: Look) -> None:
        self._run = [TMUX or "tmux", "-f", "/dev/null", "-S", str(folder / "tmux")]
        self._look = look
        (folder / "bin").mkdir()
        command = folder / "bin" / "hotfolio"
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m tui "$@"\n')
        command.chmod(0o755)
        kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TMUX", "TMUX_PANE")}
        own = {
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "COLORTERM": "truecolor",
            "LC_ALL": "C.UTF-8",
            "PS1": "$ ",  # of a shell that takes it
        }
        width, height = map(str, size)
        start = ["new-session", "-d", "-x", width, "-y", height, "-c", str(folder), "sh"]
        subprocess.run([*self._run, *start], env=kept | _QUICK | own, check=True)

    def close(self) -> None:
        """End the server, and what runs in it."""
        subprocess.run([*self._run, "kill-server"], check=False)

    @property
    def text(self) -> str:
        """What is on the screen."""
        return self._captured()

    def picture(self, name: str) -> None:
        """Have the screen looked at as it is now."""
        self._look(name, self._captured("-e", "-N"))

    def type(self, text: str) -> None:
        """Type text as it is."""
        self._do("send-keys", "-l", text)

    def press(self, key: str) -> None:
        """Press a key by tmux's name for it."""
        self._do("send-keys", key)

    def wait(self, condition: Callable[[], object], what: str) -> None:
        """Until something holds."""
        until = time.monotonic() + _DEADLINE_S
        while not condition():
            assert time.monotonic() < until, f"waited in vain for {what} on this screen:\n{self.text}"
            time.sleep(0.05)

    def wait_for(self, *texts: str) -> None:
        """Until all of these are on the screen."""
        self.wait(lambda: all(text in self.text for text in texts), str(texts))

    def wait_gone(self, text: str) -> None:
        """Until this is there no more."""
        self.wait(lambda: text not in self.text, f"{text} to go")

    def wait_for_prompt(self) -> None:
        """Until the shell can be told something."""
        self.wait(lambda: self.text.rstrip().endswith(("$", "#")), "the shell")

    def told(self, key: str, what: str, *shows: str) -> None:
        """Press a key that the screen tells to do this, and wait for what it brings."""
        self.wait_for(f"{_TOLD.get(key, key)} {what}")
        self.press(key)
        self.wait_for(*shows)

    def find(self, wish: str, key: str, what: str) -> None:
        """Find a key by what one wants: `?`, and a word."""
        self.press("?")
        self.wait_for("Type what you want")
        self.type(wish)
        found = re.compile(rf" {re.escape(key)} +{re.escape(what)}")
        self.wait(lambda: found.search(self.text), f"{key} {what}")
        self.press("Escape")  # the wish
        self.wait_for("Or look through all")
        self.press("Escape")
        self.wait_gone("names for [keys]")

    def _captured(self, *how: str) -> str:
        return self._do("capture-pane", "-p", *how)

    def _do(self, *order: str) -> str:
        return subprocess.run([*self._run, *order], check=True, capture_output=True, text=True).stdout


@contextmanager
def tmux(folder: Path, size: tuple[int, int], look: Look = lambda *_: None) -> Iterator[Tmux]:
    """A pane of this size, ended afterwards; `look` is shown the screen now and then."""
    pane = Tmux(folder, size, look)
    try:
        yield pane
    finally:
        pane.close()


def first_hour(pane: Tmux, folder: Path) -> None:
    """All that a person must be able to do without having read anything."""
    _drop(folder, "annual report.pdf", pdfs.text_pages(4))
    _drop(folder, "contract.pdf", pdfs.encrypted(PASSWORD))
    _drop(folder, "upload.pdf", pdfs.damaged())
    pane.type("hotfolio --workers 2\n")
    pane.wait_for("1 done", "2 failed", "? help")

    # Why has a job failed?
    pane.press("5")
    pane.wait_gone("annual report.pdf")
    _go_to(pane, "upload.pdf")
    pane.told("Enter", "detail", "damaged beyond repair", "esc back")
    pane.picture("failed")
    pane.press("Escape")
    pane.wait_gone("esc back")

    # Give the other one its password, wrong and right.
    _go_to(pane, "contract.pdf")
    pane.told("u", "password", "Password")
    pane.type("open")
    pane.press("Enter")
    pane.wait_for("does not open it")
    pane.picture("password")
    pane.type(PASSWORD)
    pane.press("Enter")
    pane.wait_for("2 done", "1 failed")

    # Pause, and cancel seven of what comes in then; take that back; let another one go first.
    pane.press("1")
    pane.find("stop for a while", "P", "Pause or resume all")
    pane.press("P")
    pane.wait_for("paused")
    for number in range(1, LETTERS + 1):
        _drop(folder, f"letter {number:02}.pdf", pdfs.text_pages(1, title=f"Letter {number}"))
    _wait_queued(pane, LETTERS)
    pane.press("2")
    pane.press("g")
    pane.wait(lambda: _cursor_on(pane, "letter 01.pdf"), "the first letter under the cursor")
    pane.find("several at once", "space", "Mark")
    for number in range(1, 8):
        pane.press("Space")
        pane.wait(lambda number=number: f"{number} marked" in pane.text, f"{number} marks")  # type: ignore[misc]
    pane.told("x", "cancel", "Cancel 7 jobs")
    pane.picture("cancel")
    pane.press("y")
    _wait_queued(pane, LETTERS - 7)
    pane.wait_for("to undo")
    pane.press("z")
    _wait_queued(pane, LETTERS)
    pane.press("Escape")  # the marks
    pane.wait_gone("marked")
    pane.press("G")
    pane.wait(lambda: _cursor_on(pane, "letter 12.pdf"), "the last letter under the cursor")
    pane.press("+")
    pane.wait(lambda: any("+1 letter 12.pdf" in row for row in _rows(pane)), "its priority")
    pane.find("more workers", "]", "One worker more")
    pane.press("]")
    pane.wait_for("0/3 workers")
    pane.picture("queue")
    pane.press("P")
    pane.wait_for(f"{LETTERS + 2} done")

    # Where is the result, and what does its third page look like?
    pane.press("1")
    pane.wait_for("annual report.pdf")
    pane.press("/")
    pane.wait_for("name  !name")
    pane.type("annual")
    pane.press("Enter")
    pane.wait_for("annual report.pdf")
    pane.wait_for("i look")
    pane.told("y", "copy path", "or select it")
    path = str(folder / "output" / "annual report")
    pane.wait(lambda: path in "".join(line.rstrip() for line in pane.text.split("\n")), path)
    pane.press("i")
    pane.wait_for("Page 1 of 4")
    for page in (2, 3):
        pane.press("Right")
        pane.wait_for(f"Page {page} of 4")
    pane.wait_for("marker-3")
    pane.wait_gone("Rendering the page")
    pane.picture("page")
    pane.press("Escape")
    pane.wait_for(" workers ─", "/annual")
    pane.press("Escape")  # the filter
    pane.wait_for(f"1 All {LETTERS + 3}")

    # Leave the work to itself, and come back.
    pane.press("P")
    pane.wait_for("paused")
    _drop(folder, "minutes.pdf", pdfs.text_pages(2))
    _wait_queued(pane, 1)
    pane.press("q")
    pane.wait_for("Go on in the background")
    pane.picture("quit")
    pane.press("b")
    pane.wait_for("Going on in the background (process")
    pane.wait_for_prompt()
    pane.type("hotfolio\n")
    pane.wait_for("paused", "? help")
    _wait_queued(pane, 1)
    pane.press("P")
    pane.wait_for(f"{LETTERS + 3} done")
    pane.press("q")
    pane.wait_gone("? help")
    pane.wait_for_prompt()
    pane.type("hotfolio stop; echo stopped: $?\n")
    pane.wait_for("stopped: 0")


def _drop(folder: Path, name: str, data: bytes) -> None:
    (folder / "input").mkdir(exist_ok=True)
    file = folder / "input" / name
    draft = file.with_suffix(".tmp")
    draft.write_bytes(data)
    os.utime(draft, (time.time() - 3600,) * 2)
    draft.rename(file)


def _go_to(pane: Tmux, name: str) -> None:
    """Go down, or up again, until the cursor is on this job."""
    for key in ("j", "j", "j", "k", "k", "k"):
        if _cursor_on(pane, name):
            return
        before = pane.text
        pane.press(key)
        until = time.monotonic() + 2
        while pane.text == before and time.monotonic() < until:
            time.sleep(0.05)
    pane.wait(lambda: _cursor_on(pane, name), f"the cursor on {name}")


def _wait_queued(pane: Tmux, count: int) -> None:
    """The view of what waits counts so many; its name is shorter where there is little room."""
    pane.wait(lambda: f"2 Queued {count} " in pane.text or f"2 Wait {count} " in pane.text, f"{count} that wait")


def _cursor_on(pane: Tmux, name: str) -> bool:
    return any(row.startswith("▌") and name in row for row in _rows(pane))


def _rows(pane: Tmux) -> list[str]:
    """The lines of the list, without the panel beside it."""
    return [line.partition("││")[0].lstrip("│") for line in pane.text.split("\n")]
