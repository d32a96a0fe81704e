"""Monospaced fonts told by the widths of their characters."""

from typing import Any

import pytest

from engine.convert.text.glyphs.fontnames import monospaced_fonts

_TEXT = "if small: swim (with me)"


def _span(text: str, *, widths: dict[str, float], font: str = "F1", size: float = 10.0) -> dict[str, Any]:
    chars, x = [], 50.0
    for letter in text:
        width = widths.get(letter, 0.6) * size
        chars.append({"c": letter, "bbox": (x, 90.0, x + width, 100.0), "synthetic": False})
        x += width
    return {"font": font, "size": size, "chars": chars}


def _raw(*spans: dict[str, Any], direction: tuple[float, float] = (1.0, 0.0)) -> dict[str, Any]:
    return {"blocks": [{"type": 0, "lines": [{"dir": direction, "spans": list(spans)}]}]}


def test_a_font_is_monospaced_where_narrow_letters_are_as_wide_as_wide_ones() -> None:
    assert monospaced_fonts(_raw(_span(_TEXT, widths={}))) == {"F1"}
    assert monospaced_fonts(_raw(_span("if", widths={}), _span("small swim", widths={}, size=8.0))) == {"F1"}


@pytest.mark.parametrize(
    ("text", "widths"),
    [
        (_TEXT, {"i": 0.3}),
        ("1234567890", {}),  # digits are as wide as each other in most fonts
        ("if", {}),
        ("nouvxyz", {}),
    ],
)
def test_it_is_not_where_they_differ_or_too_few_are_there(text: str, widths: dict[str, float]) -> None:
    assert not monospaced_fonts(_raw(_span(text, widths=widths)))


def test_text_that_lies_sideways_says_nothing() -> None:
    assert not monospaced_fonts(_raw(_span(_TEXT, widths={}), direction=(0.0, -1.0)))


@pytest.mark.parametrize("name", ["Courier", "Example-Regular"])
def test_a_font_with_a_name_is_what_that_says(name: str) -> None:
    assert not monospaced_fonts(_raw(_span(_TEXT, widths={}, font=name)))
