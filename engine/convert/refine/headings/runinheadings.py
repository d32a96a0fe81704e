"""Cuts headings off the paragraphs that they stand in: in the same line before a wide gap, or in a line of their own.

LaTeX sets the headings of its lowest levels into the first line of the text, bold, with a gap of the font's size behind
them; manual pages set text in, and headings and the terms of lists of terms not.
"""

from collections.abc import Sequence
from itertools import pairwise
from statistics import median_low

from engine.convert.page.blocks import Block, Kind, RefinedPage, around
from engine.convert.refine.headings.headinglines import join_lines
from engine.convert.refine.headings.headingstyles import LEVELS
from engine.convert.text.layoutblocks import rewrite
from engine.convert.text.listlabels import find_label
from engine.convert.text.pagetext import PageText
from engine.convert.text.textflow import ends_early, visual_lines
from engine.convert.text.textline import Line, Word

_KINDS = frozenset({Kind.PARAGRAPH, Kind.HEADING, Kind.LIST_ITEM})
_GAP, _SLACK = 1.0, 0.04
"""Behind such a heading, in sizes of the text: that is what TeX sets, however wide the blanks of the line are."""
_WIDER = 1.2
"""Than most other blanks of the line."""
_INDENT = 2.2
"""No first line of a paragraph is set in by more."""
_LONGEST = 120
"""Characters of such a heading."""
_CENTRED = 0.6
"""Of the text's size: middles of lines that are less apart, twice, are one above the other."""
_OUTDENT = 0.8
"""Of the text's size: by so much a heading or term stands out to the left."""


class RunInHeadings:
    """Makes blocks of their own of headings, and of terms, that stand in one with the text they are of."""

    name = "headings"

    def apply(self, page: RefinedPage, text: PageText) -> None:
        """Cut paragraphs and headings, and join the lines of one heading; no text is changed."""
        join_lines(page, text)
        blocks: list[Block] = []
        for block in page.blocks:
            lines = text.lines_of(block)
            if block.kind not in _KINDS or not lines or not all(line.is_upright for line in lines):
                blocks.append(block)
                continue
            lines = visual_lines(lines)
            if block.kind is Kind.LIST_ITEM and find_label(lines[0], text) is not None:
                blocks.append(block)
                continue
            for part in _parts(block, lines, text):
                blocks += _run_in(part, text) if part.kind is Kind.PARAGRAPH else [part]
        page.blocks = blocks


def _parts(block: Block, lines: list[Line], text: PageText) -> list[Block]:
    """A block cut before and after each line that stands out to the left and had had room for more."""
    parts = [[lines[0]]]
    own = max(line.end for line in lines)
    right = max(text.right_limit(block.box) or 0.0, own)
    for before, after in pairwise(lines):
        out = _OUTDENT * after.size
        is_term = (
            after.start - before.start > out and ends_early(before, after, right) and not _is_centred(before, after)
        )
        is_far = before.start - after.start > _INDENT * after.size
        is_next = before.start - after.start > out and ends_early(before, after, right if is_far else own)
        if is_term or is_next:
            parts.append([after])
        else:
            parts[-1].append(after)
    if len(parts) == 1:
        return [block]
    made = []
    for part in parts:
        made.append(Block(block.kind, around(line.box for line in part), depth=block.depth))
        rewrite(made[-1], part, text)
    made[-1].goes_on = block.goes_on
    return made


def _is_centred(before: Line, after: Line) -> bool:
    return abs(before.start + before.end - after.start - after.end) < _CENTRED * after.size


def _run_in(block: Block, text: PageText) -> list[Block]:
    """A paragraph as the heading that it begins with, and its text; as it is if it begins with none."""
    lines = visual_lines(text.lines_of(block))
    if any(after.start > lines[0].start + _OUTDENT * after.size for after in lines[1:]):
        return [block]  # the term of a list
    for number, line in enumerate(lines):
        count = next((i for i, word in enumerate(line.words) if not word.font.bold), len(line.words))
        if count == len(line.words):
            continue
        if not count or not _has_gap(line.words, count):
            return [block]
        head = [*lines[:number], Line(line.words[:count], line.direction, line.is_vertical)]
        rest = [Line(line.words[count:], line.direction, line.is_vertical), *lines[number + 1 :]]
        return _cut(block, head, rest, text)
    return [block]


def _has_gap(words: Sequence[Word], count: int) -> bool:
    """Whether a wide gap is behind the first words of a line."""
    gaps = [after.start - before.end for before, after in pairwise(words) if before.blank_after]
    gap, size = words[count].start - words[count - 1].end, words[count].font.size
    return abs(gap - _GAP * size) < _SLACK * size and gap >= _WIDER * median_low([*gaps, 0.0])


def _cut(block: Block, head: list[Line], rest: list[Line], text: PageText) -> list[Block]:
    if sum(len(line.text) for line in head) > _LONGEST or head[-1].text.endswith((":", ",", ";")):
        return [block]
    # A level tells the steps to come that it is one; which, they find out.
    heading = Block(Kind.HEADING, around(line.box for line in head), level=LEVELS)
    rewrite(heading, head, text)
    rewrite(block, rest, text)
    block.box = around(line.box for line in rest)
    return [heading, block]
