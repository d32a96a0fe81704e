"""Finds listings that the model takes for something else: those with numbers beside their lines, and tables of code."""

from collections.abc import Sequence
from itertools import pairwise

from engine.convert.page.blocks import FURNITURE, Block, Box, Kind, around
from engine.convert.text.codetext import is_code
from engine.convert.text.pagetext import PageText
from engine.convert.text.textflow import visual_lines
from engine.convert.text.textline import Line

_LEAST_LINES = 3
"""Fewer may be anything."""
_SMALLER = 0.9
"""Of the code's size: numbers are set smaller than this, if in the same kind of font."""


def with_listings(blocks: Sequence[Block], text: PageText) -> list[Block]:
    """The blocks, with code where lines are numbered one by one, and where a table without rules is all code."""
    result: list[Block] = []
    index = 0
    while index < len(blocks):
        run = _numbered_run(blocks[index:], text)
        if run:
            lines = [line for block in run for line in text.lines_of(block)]
            listing = Block(Kind.CODE, around(block.box for block in run), size=run[0].size)
            listing.goes_on = run[-1].goes_on
            text.remember(listing, lines)
            result.append(listing)
            index += len(run)
            continue
        block = blocks[index]
        if block.kind is Kind.TABLE and _is_listing(block, text):
            listing = Block(Kind.CODE, block.box, size=block.size, goes_on=block.goes_on)
            text.remember(listing, text.lines_of(block))
            block = listing
        result.append(block)
        index += 1
    return result


def _numbered_run(blocks: Sequence[Block], text: PageText) -> list[Block]:
    """The blocks at the beginning that are one listing with numbered lines; none if there is none."""
    run: list[Block] = []
    numbers: list[int] = []
    has_code = 0
    for block in blocks:
        lines = visual_lines(text.lines_of(block)) if text.lines_of(block) else []
        if not lines or block.kind in FURNITURE or not all(_is_numbered(line) for line in lines):
            break
        more = [int(line.words[0].text) for line in lines]
        if any(after != before + 1 for before, after in pairwise([*numbers[-1:], *more])):
            break
        run.append(block)
        numbers += more
        has_code += sum(len(line.words) > 1 for line in lines)
    return run if len(numbers) >= _LEAST_LINES and 2 * has_code > len(numbers) else []


def _is_numbered(line: Line) -> bool:
    """Whether a line is a number beside code, or beside a blank line."""
    number, *rest = line.words
    if not (number.text.isascii() and number.text.isdigit() and line.is_upright and len(number.text) < 6):
        return False
    return all(word.font.mono for word in rest) and not any(
        number.font.mono and number.font.size > _SMALLER * word.font.size for word in rest
    )


def _is_listing(table: Block, text: PageText) -> bool:
    """Whether a table is all monospaced, on a page that is not, and no rule runs in it."""
    lines = visual_lines(text.lines_of(table)) if text.lines_of(table) else []
    if len(lines) < _LEAST_LINES or not is_code(lines):
        return False
    x0, y0, x1, y1 = table.box
    size = table.size
    has_rules = any(
        box[0] < x1
        and box[2] > x0
        and y0 - size < box[1]
        and box[3] < y1 + size
        and box[2] - box[0] > 2 * size
        and not any(_is_ground(box, line) for line in lines)
        for box in (drawing.box for drawing in text.drawings)
    )
    prose = sum(not is_code([line]) for line in text.lines)
    return not has_rules and 2 * prose > len(text.lines) - len(text.lines_of(table))


def _is_ground(box: Box, line: Line) -> bool:
    """Whether a drawing is the background of a line's characters alone."""
    slack = 0.5 * line.size
    return (
        abs(box[2] - line.end) < slack
        and box[1] <= line.baseline <= box[3] + slack
        and box[3] - box[1] > slack
        and box[0] > line.start - slack
    )
