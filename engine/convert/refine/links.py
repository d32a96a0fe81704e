"""Puts a page's links onto the text they cover."""

from collections.abc import Sequence
from dataclasses import replace

from engine.convert.page.blocks import Block, Cell, RefinedPage
from engine.convert.text.layoutblocks import rewrite
from engine.convert.text.pagetext import Link, PageText
from engine.convert.text.textflow import compose
from engine.convert.text.textline import Line, Word


class Links:
    """Gives characters the target of the link annotation whose rectangle they stand in."""

    name = "links"

    def apply(self, page: RefinedPage, text: PageText) -> None:
        """Set `Span.link`; a code block keeps its text, which could not show links."""
        if not text.links:
            return
        for block in page.blocks:
            if not block.rows:
                _link(block, text)
            for cell in (cell for row in block.rows for cell in row):
                _link(cell, text)


def _link(owner: Block | Cell, text: PageText) -> None:
    lines = [_linked(line, text.links) for line in text.lines_of(owner)]
    if not any(word.link for line in lines for word in line.words):
        return
    if isinstance(owner, Block):
        rewrite(owner, lines, text)
    else:
        text.remember(owner, lines)
        owner.spans = compose(lines, text.vocabulary)


def _linked(line: Line, links: Sequence[Link]) -> Line:
    """The line with its words cut at the edges of links."""
    x0, y0, x1, y1 = line.box
    near = [k for k in links if k.box[0] < x1 and k.box[2] > x0 and k.box[1] < y1 and k.box[3] > y0]
    if not near:
        return line
    words: list[Word] = []
    for word in line.words:
        words += _cut(word, near, line.is_upright)
    return Line(words, line.direction, line.is_vertical)


def _cut(word: Word, links: Sequence[Link], upright: bool) -> list[Word]:
    if not upright:
        x, y = (word.box[0] + word.box[2]) / 2, (word.box[1] + word.box[3]) / 2
        return [replace(word, link=_target(links, x, y))]
    y = word.baseline - 0.25 * word.font.size
    targets = [_target(links, (word.edges[i] + word.edges[i + 1]) / 2, y) for i in range(len(word.text))]
    parts: list[Word] = []
    first = 0
    rest = word
    for last in range(1, len(targets) + 1):
        if last == len(targets):
            parts.append(replace(rest, link=targets[first]))
        elif targets[last] != targets[first]:
            part, rest = rest.split(last - first)
            parts.append(replace(part, link=targets[first]))
            first = last
    return parts


def _target(links: Sequence[Link], x: float, y: float) -> str:
    """Of the smallest link at a place; links may lie in each other."""
    found = [k for k in links if k.box[0] <= x <= k.box[2] and k.box[1] <= y <= k.box[3]]
    if not found:
        return ""
    return min(found, key=lambda k: (k.box[2] - k.box[0]) * (k.box[3] - k.box[1])).target
