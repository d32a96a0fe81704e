"""Underscores that TeX has drawn."""

import pymupdf
import pytest

from engine.convert.text.pagetext import PageText
from engine.convert.text.textflow import visual_lines

SIZE = 10.0


def read(*parts: str, rise: float = 0.0, thick: float = 0.4) -> str:
    """A line of words as it is read; `_` among them is a rule of 0.3 em, with the room that TeX gives it."""
    page = pymupdf.open().new_page(width=400, height=100)
    x = 50.0
    for part in parts:
        if part == "_":
            page.draw_line((x + 0.6, 50 - rise), (x + 3.6, 50 - rise), width=thick)
            x += 4.0
        elif part == " ":
            x += 3.3
        else:
            page.insert_text((x, 50), part, fontsize=SIZE, fontname="tiro")
            x += pymupdf.get_text_length(part, "tiro", SIZE)
    return " ".join(line.text for line in visual_lines(PageText.of(page).lines))


def test_a_rule_between_letters_is_an_underscore() -> None:
    assert read("glp", "_", "set", "_", "name") == "glp_set_name"


def test_before_and_after_a_word_it_is_part_of_it() -> None:
    assert read("see", " ", "_", "init", " ", "or", " ", "end", "_") == "see _init or end_"


@pytest.mark.parametrize(("rise", "thick"), [(2.5, 0.4), (-1.2, 0.4), (0, 2.0)])
def test_fractions_underlines_and_bars_are_none(rise: float, thick: float) -> None:
    assert "_" not in read("one", "_", "two", rise=rise, thick=thick)


def test_what_is_below_letters_is_none() -> None:
    page = pymupdf.open().new_page(width=400, height=100)
    page.insert_text((50, 50), "underlined", fontsize=SIZE)
    page.draw_line((55, 50), (59, 50), width=0.4)
    assert [line.text for line in PageText.of(page).lines] == ["underlined"]
