"""Words and lines as they stand on a page, with font and place."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from engine.convert.page.blocks import Box, around


@dataclass(frozen=True, slots=True)
class Font:
    """How characters are set; one object per font and style of a page."""

    name: str
    size: float
    bold: bool
    italic: bool
    mono: bool
    strike: bool
    color: int
    visible: bool
    hidden: bool = False
    """Nobody can see it; `visible` is false of a scan's text layer too."""
    math: bool = False
    """What is set in it is LaTeX."""
    display: bool = False
    """A formula on a line of its own."""


@dataclass(slots=True)
class Word:
    """Characters without a blank between them, of one font.

    `edges` are the left edges of its characters and the right edge of the last, along the direction of writing, and
    `baseline` is across it, both in points; for upright text that is x and y.
    """

    text: str
    font: Font
    edges: list[float]
    baseline: float
    box: Box
    blank_after: bool = False
    is_gap: bool = False
    """No character is in the blank after it."""
    link: str = ""
    lead: float | None = None
    """Where the blanks begin that its line has before it, as code has; None without."""
    raw: Sequence[dict[str, Any]] = ()
    """Its characters as MuPDF gives them, with the box of their ink; of what was put together otherwise, none."""

    @property
    def start(self) -> float:
        """Along the direction of writing."""
        return self.edges[0]

    @property
    def end(self) -> float:
        """Along the direction of writing."""
        return self.edges[-1]

    def split(self, index: int) -> tuple["Word", "Word"]:
        """As two words without a blank between them, cut before the character at `index`."""
        x0, y0, x1, y1 = self.box
        share = index / len(self.text)
        if abs(x1 - x0) >= abs(y1 - y0):
            cut = min(max(self.edges[index], x0), x1) if x0 <= self.edges[index] <= x1 else x0 + share * (x1 - x0)
            boxes: tuple[Box, Box] = ((x0, y0, cut, y1), (cut, y0, x1, y1))
        else:
            cut = y0 + share * (y1 - y0)
            boxes = ((x0, y0, x1, cut), (x0, cut, x1, y1))
        return (
            Word(
                self.text[:index],
                self.font,
                self.edges[: index + 1],
                self.baseline,
                boxes[0],
                link=self.link,
                lead=self.lead,
                raw=self.raw[:index],
            ),
            Word(
                self.text[index:],
                self.font,
                self.edges[index:],
                self.baseline,
                boxes[1],
                self.blank_after,
                self.is_gap,
                self.link,
                raw=self.raw[index:],
            ),
        )


@dataclass
class Line:
    """Words that stand side by side, in reading order; its words do not change once it is made."""

    words: list[Word]
    direction: tuple[float, float] = (1.0, 0.0)
    is_vertical: bool = False
    """CJK set from top to bottom."""

    @property
    def text(self) -> str:
        """With single blanks."""
        return "".join(word.text + " " * word.blank_after for word in self.words).strip()

    @cached_property
    def is_upright(self) -> bool:
        """Whether it runs from left to right, as the page is shown."""
        return abs(self.direction[0] - 1) < 1e-3 and not self.is_vertical

    @cached_property
    def start(self) -> float:
        """Of its first word, along the direction of writing."""
        return min(word.start for word in self.words)

    @cached_property
    def end(self) -> float:
        """Of its last word, along the direction of writing."""
        return max(word.end for word in self.words)

    @cached_property
    def size(self) -> float:
        """The font size of most of its characters."""
        return dominant_size([self])

    @cached_property
    def baseline(self) -> float:
        """Of its largest words, across the direction of writing."""
        return max(self.words, key=lambda word: (word.font.size, len(word.text))).baseline

    @cached_property
    def box(self) -> Box:
        """Around its characters."""
        return around(word.box for word in self.words)


def dominant_size(lines: Iterable[Line]) -> float:
    """The font size of most characters, in points to a tenth; 0 without any."""
    lines = [*lines]
    sizes = {word.font.size for line in lines for word in line.words}
    if len(sizes) < 2:
        return round(sizes.pop(), 1) if sizes else 0.0
    exact: dict[float, int] = {}
    for line in lines:
        for word in line.words:
            size = word.font.size
            exact[size] = exact.get(size, 0) + len(word.text)
    weights: dict[float, int] = {}
    for size, weight in exact.items():
        size = round(size, 1)
        weights[size] = weights.get(size, 0) + weight
    return max(weights, key=lambda size: weights[size])
