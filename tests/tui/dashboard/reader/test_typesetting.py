"""Passages in lines: widths, tables, pages, and that no more is laid out than is asked for."""

import pytest

from tui.dashboard.reader.tones import Tone
from tui.dashboard.reader.typesetting import Typesetting, column_widths
from tui.text.formatting import cells_of


def plain(setting: Typesetting) -> list[str]:
    return ["".join(text for text, _ in row) for row in setting.rows]


def laid_out(text: str, width: int = 40, pages: list[tuple[int, int]] | None = None) -> Typesetting:
    setting = Typesetting(text, width, pages or [])
    while not setting.is_complete:
        setting.extend(50)
    return setting


def test_text_is_broken_at_blanks_and_keeps_its_tones() -> None:
    setting = laid_out("- one **two three** four five\n- six", 20)
    assert plain(setting) == ["• one two three four", "  five", "• six"]
    assert [tone for _, tone in setting.rows[0]] == [Tone.QUIET, Tone.PLAIN, Tone.STRONG, Tone.PLAIN]


def test_a_table_fits_where_it_can_and_wraps_its_cells() -> None:
    table = "| Name | What it says |\n|---|---|\n| a | one two three four five six |"
    assert plain(laid_out(table, 60)) == [
        "Name │ What it says",
        "─────┼────────────────────────────",
        "a    │ one two three four five six",
    ]
    assert plain(laid_out(table, 24)) == [
        "Name │ What it says",
        "─────┼──────────────────",
        "a    │ one two three",
        "     │ four five six",
    ]
    many = "|" + "abcdef|" * 30 + "\n" + "|-" * 30 + "\n" + "|" + "1|" * 30
    assert all(cells_of(line) <= 40 for line in plain(laid_out(many)))


@pytest.mark.parametrize(
    ("needs", "room", "widths"),
    [([[3, 5]], 10, [3, 5]), ([[3, 50]], 20, [3, 17]), ([[30, 31]], 20, [10, 10]), ([[9, 9, 9]], 10, None)],
)
def test_the_widest_column_gives_way_first(needs: list[list[int]], room: int, widths: list[int] | None) -> None:
    assert column_widths(needs, room) == widths


def test_pages_are_set_apart_and_known() -> None:
    setting = laid_out("# A\n\none\n\ntwo\n\nthree", pages=[(1, 0), (2, 4), (3, 7), (5, 7)])
    lines = plain(setting)
    assert [row for row in lines if "page" in row] == [f"─── page {n} {'─' * 29}" for n in (1, 2, 3, 5)]
    assert setting.page_at(lines.index("one")) == 1
    assert setting.page_at(lines.index("three")) == 2
    assert [page for page, _ in setting.page_rows] == [1, 2, 3, 5]
    (heading,) = setting.headings
    assert (heading.text, heading.page, lines[heading.row]) == ("A", 1, "# A")
    assert lines[setting.row_of_line(4)].startswith("─── page 2 ")
    assert lines[setting.row_of_line(6)] == "three"


def test_the_beginning_is_laid_out_without_the_rest() -> None:
    setting = Typesetting("\n\n".join(f"Line {n}" for n in range(10_000)), 40)
    setting.extend(20)
    assert 20 <= len(setting.rows) < 25
    assert not setting.is_complete
    before = list(setting.rows)
    setting.extend(20)
    assert setting.rows[: len(before)] == before


@pytest.mark.parametrize("width", [1, 20, 37, 200])
def test_no_row_is_wider_than_there_is_room(width: int) -> None:
    text = (
        "# 日本語の見出し 日本語の見出し\n\n"
        + "> 引用 " * 40
        + "\n\n```\n"
        + "x" * 300
        + "\n```\n\n- "
        + "y" * 90
        + "\n\n|a|b|\n|-|-|\n|"
        + "z" * 90
        + "|日本語日本語|"
    )
    assert max(map(cells_of, plain(laid_out(text, width)))) <= max(width, 20)
