"""Puts the lines of one heading together that the layout model has put into boxes of their own."""

from collections.abc import Sequence

from engine.convert.page.blocks import Block, Kind, RefinedPage, around
from engine.convert.text.layoutblocks import rewrite
from engine.convert.text.listlabels import find_label
from engine.convert.text.pagetext import PageText
from engine.convert.text.textflow import visual_lines
from engine.convert.text.textline import Line

_MOST_LINES = 3
_STEP = 1.45
"""From one to the next, in sizes of the text, at most."""
_FLUSH, _CENTRED = 0.4, 0.6
"""Where lines begin, and where their middles are, is one place if they differ by less, in sizes of the text."""
_BLANK = 0.25
"""In sizes of the text."""
_LARGER = 1.05
"""Than text is what is set apart from it by its size."""


def join_lines(page: RefinedPage, text: PageText) -> None:
    """Join headings with the line right below that is set as they are and had had no room in the one above."""
    blocks: list[Block] = []
    for block in page.blocks:
        before = blocks[-1] if blocks else None
        if before is not None and _is_rest(before, block, text):
            before.box = around([before.box, block.box])
            rewrite(before, [*text.lines_of(before), *text.lines_of(block)], text)
        else:
            blocks.append(block)
    page.blocks = blocks


def _is_rest(heading: Block, block: Block, text: PageText) -> bool:
    if heading.kind is not Kind.HEADING or block.kind not in (Kind.HEADING, Kind.PARAGRAPH):
        return False
    fragments, others = text.lines_of(heading), text.lines_of(block)
    if not fragments or not others or not all(line.is_upright for line in (*fragments, *others)):
        return False
    lines, rest = visual_lines(fragments), visual_lines(others)
    if len(lines) >= _MOST_LINES or len(rest) > 1 or find_label(rest[0], text) is not None:
        return False
    last, next_ = lines[-1], rest[0]
    size = max(word.font.size for word in last.words)
    if not 0 < next_.baseline - last.baseline < _STEP * size or not _are_alike(lines, next_):
        return False
    right = text.right_limit(heading.box)
    if right is None:
        return False
    first = next_.words[0]
    width = last.end - last.start + _BLANK * size + first.end - first.start
    middle = (last.start + last.end) / 2
    if abs(middle - (next_.start + next_.end) / 2) < _CENTRED * size:
        return width > 2 * (right - middle)
    left = last.words[1].start if len(lines) == 1 and find_label(last, text) and len(last.words) > 1 else last.start
    is_flush = min(abs(next_.start - last.start), abs(next_.start - left)) < _FLUSH * size
    return is_flush and last.start + width > right and _is_set_apart(next_, text)


def _are_alike(lines: Sequence[Line], rest: Line) -> bool:
    """Whether a line is set in nothing but what others are set in."""
    looks = {_look(line) for line in lines}
    return looks == {_look(rest)} and {word.font.size for word in rest.words} <= {
        word.font.size for line in lines for word in line.words
    }


def _look(line: Line) -> tuple[str, bool, bool]:
    font = max(line.words, key=lambda word: len(word.text)).font
    return (font.name, font.bold, font.italic)


def _is_set_apart(line: Line, text: PageText) -> bool:
    """Whether a line is not set as text is."""
    _, bold, italic = _look(line)
    return bold or italic or line.size > _LARGER * text.body_size
