"""Words by MuPDF's spans, against those by its characters."""

from typing import Any

import pytest

from engine.convert.text.pagetext import PageText
from engine.convert.text.rawwords import is_told_by_spans, listed_words
from engine.convert.text.textline import Word
from tests.engine.convert.drawn import DrawnPage


def _words(text: PageText) -> list[Word]:
    return [word for line in text.lines for word in line.words]


def test_words_are_those_that_characters_make() -> None:
    page = DrawnPage()
    page.lines(50, 60, "Every item must be looked at", "before all else.")
    page.write(50, 100, "un", font="hebo")
    page.write(50 + 12, 100, "bold and on")
    page.write(50, 120, "    return item", font="cour")
    drawn = page.pdf.reload_page(page.page)
    by_spans, by_characters = (PageText.of(drawn, by_spans=way) for way in (True, False))
    assert by_spans.listed is not None
    assert by_characters.listed is None
    for word, other in zip(_words(by_spans), _words(by_characters), strict=True):
        assert (word.text, word.font, word.blank_after) == (other.text, other.font, other.blank_after)
        assert (word.start, word.end, word.baseline) == pytest.approx((other.start, other.end, other.baseline), abs=0.5)
        assert word.lead == pytest.approx(other.lead, abs=0.1)
        assert len(word.edges) == len(word.text) + 1


def _line(text: str, font: str = "Helvetica", **values: Any) -> dict[str, Any]:
    span = {"text": text, "font": font, "char_flags": 0, "origin": (0.0, 0.0), "bbox": (0, 0, 10, 10)}
    look = {"size": 10.0, "flags": 0, "color": 0, "alpha": 255}
    return {"dir": (1.0, 0.0), "wmode": 0, "spans": [span | look], **values}


@pytest.mark.parametrize(
    ("line", "is_told"),
    [
        (_line("Every item"), True),
        (_line("Jede Prüfung"), True),
        (_line("\u05e9\u05dc\u05d5\u05dd"), False),
        (_line("Every item", dir=(0.0, 1.0)), False),
        (_line("Every item", wmode=1), False),
        (_line("x", font="CMMI10"), False),
        (_line("Every item", font="F1"), False),
    ],
)
def test_what_needs_its_characters_is_not_told_by_spans(line: dict[str, Any], is_told: bool) -> None:
    assert is_told_by_spans([{"type": 0, "lines": [line]}, {"type": 3}]) is is_told


def test_spans_that_other_words_are_listed_for_tell_nothing() -> None:
    assert listed_words(_line("Every item"), iter([(0, 0, 5, 10, "Every", 0, 0, 0)]), {}) is None
    assert listed_words(_line("Every"), iter([(0, 0, 5, 10, "Everything", 0, 0, 0)]), {}) is None
    assert listed_words(_line("Every "), iter([(0, 0, 5, 10, "Everything", 0, 0, 0)]), {}) is None


def test_a_page_whose_words_are_listed_otherwise_is_read_by_its_characters() -> None:
    page = DrawnPage()
    page.lines(50, 60, "Every item")
    text = PageText.of(page.pdf.reload_page(page.page), by_spans=True)
    text.listed = [(0, 0, 5, 10, "Other", 0, 0, 0)]
    assert [word.text for word in _words(text)] == ["Every", "item"]
