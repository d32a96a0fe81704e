"""What a terminal shows, cell by cell: text that can be read and a row that can be told from others, on any of them."""

import os
import sys
from pathlib import Path

import pytest
from pyte.screens import Char

from tests import pdfs
from tests.e2e.dashboard import IN_MEMORY, Dashboard
from tests.e2e.terminal import Terminal

SIZE = (100, 24)
LEAST_CONTRAST = 4.5
"""Of text and its ground (WCAG 2.2, 1.4.3)."""
PLAIN = {"COLORTERM": ""}
TERMINALS = {
    "true colours": {},
    "light, in true colours": {"HOTFOLIO_THEME": "hotfolio-light"},
    "256 colours": {"TERM": "xterm-256color"} | PLAIN,
    "xterm": {"TERM": "xterm"} | PLAIN,
    "xterm-16color": {"TERM": "xterm-16color"} | PLAIN,
    "screen": {"TERM": "screen"} | PLAIN,
    "linux": {"TERM": "linux"} | PLAIN,
    "ASCII": {"TERM": "vt100", "LANG": "C", "LC_ALL": "C"} | PLAIN,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With files that are converted, and one that cannot be."""
    (tmp_path / "input").mkdir()
    for name, data in {
        "a.pdf": pdfs.text_pages(1),
        "b.pdf": pdfs.text_pages(2),
        "c.pdf": b"%PDF-1.7 and no more",
    }.items():
        (tmp_path / "input" / name).write_bytes(data)
        os.utime(tmp_path / "input" / name, (1e9, 1e9))
    return tmp_path


def luminance(colour: str) -> float:
    """Relative (WCAG 2.2), of six hexadecimal digits."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(cell: Char) -> float:
    darker, lighter = sorted((luminance(cell.fg), luminance(cell.bg)))
    return (lighter + 0.05) / (darker + 0.05)


def look(cell: Char) -> tuple[object, ...]:
    return cell.bg, cell.reverse, cell.bold


def check_readable(dashboard: Dashboard, *, has_colours: bool, has_many: bool) -> None:
    for y, row in enumerate(dashboard.cells()):
        for x, cell in enumerate(row):
            where = f"{cell} at {x},{y} on\n{dashboard.text}"
            if not has_colours:
                assert (cell.fg, cell.bg) == ("default", "default"), where
            elif cell.data.isalnum() and has_many:
                assert contrast(cell) >= LEAST_CONTRAST, f"{contrast(cell):.2f}: {where}"
            elif cell.data.isalnum():
                assert cell.fg != cell.bg or cell.fg == "default", where
                assert "default" in (cell.fg, cell.bg) or cell.reverse, where  # their names say not what they look like


@pytest.mark.parametrize(
    ("terminal", "is_without"),
    [
        *((name, False) for name in TERMINALS),
        *((name, True) for name in ("true colours", "256 colours", "xterm", "ASCII")),
    ],
)
def test_text_can_be_read_and_the_row_under_the_cursor_is_another(
    folder: Path, terminal: str, is_without: bool
) -> None:
    env = TERMINALS[terminal] | ({"NO_COLOR": "1"} if is_without else {})
    kind = {"has_colours": not is_without, "has_many": "colours" in terminal}
    with Dashboard(folder, SIZE, env=IN_MEMORY | env) as dashboard:
        dashboard.wait_for("2 done", "1 failed")
        dashboard.wait_until(lambda: len(dashboard.text.split(".pdf")) > 3, "all rows")
        dashboard.wait_quiet(1.0)  # rows move a moment later
        check_readable(dashboard, **kind)
        rows = {name: next(y for y, line in enumerate(dashboard.lines) if f"{name}.pdf" in line) for name in "abc"}
        shown = dashboard.cells()
        looks = {name: {look(cell) for cell in shown[y][10:60]} for name, y in rows.items()}
        under = [name for name, y in rows.items() if dashboard.lines[y].startswith(("▌", ">"))]
        assert len(under) == 1
        (cursor,) = under
        for name in {*rows} - {cursor}:
            assert not looks[cursor] & looks[name]
        for key, title in (("?", "Next job"), ("enter", "HISTORY"), ("/", "name  !name")):
            dashboard.press(key)
            dashboard.wait_for(title)
            check_readable(dashboard, **kind)
            dashboard.press("esc")
            dashboard.wait_gone(title)


@pytest.mark.parametrize("name", ["dumb", "unknown"])
def test_a_terminal_that_cannot_draw_is_told_what_to_use(tmp_path: Path, name: str) -> None:
    with Terminal([sys.executable, "-m", "tui"], tmp_path, SIZE, {"TERM": name}) as terminal:
        assert terminal.wait_exit() == 2
        assert "`hotfolio run`" in " ".join(terminal.lines)
    assert not (tmp_path / "output").exists()
