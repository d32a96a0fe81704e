"""hotfolio's dashboard in a terminal: what its rows say, and keys with what they must bring about."""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.forked import start_forked
from tests.e2e.terminal import DEADLINE_S, SMALL, Process, Terminal

_QUICK = {"HOTFOLIO_OCR": "never", "HOTFOLIO_SETTLE": "0.2", "HOTFOLIO_SETTLE_DAMAGED": "0.4"}
IN_MEMORY = {"HOTFOLIO_BACKEND": "in-memory"}
"""For what is about the queue and the screen alone: no library is loaded that reads documents."""
_ROW = re.compile(r"(▌| )(●| )\s*(\d+)(?: {1,4}([+-]\d+))?\s+(\S.*)")


@dataclass(frozen=True, slots=True)
class Row:
    """A job's row as it is on the screen."""

    id: int
    priority: int
    rest: str
    """From the name on."""
    is_cursor: bool
    is_marked: bool


class Dashboard(Terminal):
    """`hotfolio` in a folder that has an `input`, without OCR and with a short settling time."""

    def __init__(
        self, folder: Path, size: tuple[int, int] = SMALL, *arguments: str, env: Mapping[str, str] | None = None
    ) -> None:
        (folder / "input").mkdir(exist_ok=True)
        super().__init__(arguments, folder, size, _QUICK | dict(env or {}))
        self.wait_for("? help", "q quit", "workers")

    def _start(self, command: Sequence[str], env: Mapping[str, str], tty: int) -> Process:
        return start_forked(self.folder, command, env, [tty] * 3, terminal=os.ttyname(tty))

    @property
    def rows(self) -> list[Row]:
        """The rows of the queue list, from top to bottom; none while something else is on the screen."""
        lines = self.lines
        found = self._list_lines(lines)
        if found is None:
            return []
        first, last, width = found
        matches = (_ROW.match(line[:width].removeprefix("│")) for line in lines[first:last])
        return [
            Row(int(m[3]), int(m[4] or 0), m[5].rstrip(), is_cursor=m[1] == "▌", is_marked=m[2] == "●")
            for m in matches
            if m
        ]

    @property
    def list_height(self) -> int:
        """How many rows there is room for, 0 while something else is on the screen."""
        found = self._list_lines(self.lines)
        return found[1] - found[0] if found else 0

    @property
    def ids(self) -> list[int]:
        """The jobs of the rows in sight."""
        return [row.id for row in self.rows]

    @property
    def cursor(self) -> int | None:
        """The job under the cursor, None if it is out of sight."""
        return next((row.id for row in self.rows if row.is_cursor), None)

    @property
    def marked(self) -> set[int]:
        """The marked jobs in sight."""
        return {row.id for row in self.rows if row.is_marked}

    def row(self, job_id: int) -> Row:
        """A job's row, which must be in sight."""
        return next((row for row in self.rows if row.id == job_id), Row(job_id, 0, "", False, False))

    @property
    def head(self) -> str:
        """The two lines that tell how the engine is."""
        return "\n".join(self.lines[:2])

    @property
    def tabs(self) -> str:
        """The line of the views, the filter, the marks and the order."""
        return self.lines[2].removeprefix("╭─")

    # --- keys, and what they must bring about ---

    def see(self, key: str, *texts: str, gone: str | None = None) -> None:
        """Press a key that brings these texts to the screen, which must not be there yet, and takes one away."""
        self.wait_gone(*texts)
        self.press(key)
        what = f"{key!r} to bring {texts}" + (f" and to take {gone!r} away" if gone else "")
        self.wait_until(lambda: self._shows(texts, gone), what)

    def cause(self, key: str, condition: Callable[[], object], what: str, timeout: float = DEADLINE_S) -> None:
        """Press a key that makes a condition true, which must not be so yet."""
        # Waited for, since what has just been read may be half a frame.
        self.wait_until(lambda: not condition(), f"anything but {what} before {key!r} is pressed")
        self.press(key)
        self.wait_until(condition, f"{what} after {key!r}", timeout)

    def move(self, key: str, job_id: int) -> None:
        """Press a key that puts the cursor on another job."""
        self.cause(key, lambda: self.cursor == job_id, f"the cursor on #{job_id}")

    # --- below ---

    def _shows(self, texts: tuple[str, ...], gone: str | None) -> bool:
        screen = self.text
        return all(text in screen for text in texts) and (gone is None or gone not in screen)

    def _list_lines(self, lines: list[str]) -> tuple[int, int, int] | None:
        """First and last row of the list, and how wide it is; None while something else is on the screen."""
        head = next((n for n, line in enumerate(lines) if " NAME" in line and " STATE" in line), None)
        foot = next((n for n, line in enumerate(lines) if line.startswith(("╰", " workers ─", " ▲ ", " / "))), None)
        if head is None or foot is None:
            return None
        return head + 1, foot, lines[head].index("ETA") + 3
