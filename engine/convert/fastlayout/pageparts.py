"""What pages are taken apart into: boxes of one kind, with the lines in them."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.convert.page.blocks import Box, around
from engine.convert.text.textline import Line

Grid = list[list[Box]]
"""The cells of a table, row by row."""


@dataclass(slots=True)
class Part:
    """A part of a page."""

    kind: str
    """As the layout model calls it."""
    lines: list[Line]
    box: Box
    grid: Grid | None = None
    """Of a table."""

    @classmethod
    def of(cls, kind: str, lines: Sequence[Line]) -> "Part":
        """A part around lines."""
        return cls(kind, [*lines], around(line.box for line in lines))


def is_bold(line: Line) -> bool:
    """Whether all of a line is bold, signs aside."""
    return all(word.font.bold or not any(map(str.isalnum, word.text)) for word in line.words)


def is_mono(line: Line) -> bool:
    """Whether all of a line is monospaced."""
    return all(word.font.mono for word in line.words)
