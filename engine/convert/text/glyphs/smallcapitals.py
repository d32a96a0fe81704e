"""Reads small capitals, which many programs set as capitals of a smaller size, as the small letters that they are."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from engine.convert.text.textline import Line, Word

_SMALLEST, _LARGEST = 0.68, 0.88
"""Of the size of the capitals beside them; word processors and TeX set 0.8."""
_LEVEL = 0.03
"""Of the font size: what is further up or down is raised or lowered."""


def lower_small_capitals(lines: Sequence[Line]) -> None:
    """Make small letters, of the size of the others, of capitals that go on a word which began with a larger one.

    And of what is set like them in the same line, as the words in between that begin with none.
    """
    for line in lines:
        found = {
            (after.font.size, after.font.name): before.font.size
            for before, after in pairwise(line.words)
            if _go_on_smaller(before, after)
        }
        for word in line.words if found else ():
            size = found.get((word.font.size, word.font.name))
            if size is not None and word.text == word.text.upper():
                word.text = _lower(word.text)
                word.font = replace(word.font, size=size)


def _go_on_smaller(before: Word, after: Word) -> bool:
    size = before.font.size
    return (
        not before.blank_after
        and _SMALLEST * size < after.font.size < _LARGEST * size
        and before.text[-1:].isupper()
        and after.text.isupper()
        and abs(before.baseline - after.baseline) < _LEVEL * size
        and before.font.mono == after.font.mono
    )


def _lower(text: str) -> str:
    """In small letters, as many as before: each has its place on the page."""
    return "".join(
        letter if len(letter) == 1 else capital for capital, letter in zip(text, map(str.lower, text), strict=True)
    )
