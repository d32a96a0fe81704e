"""Finds listings by their font and reads them again by the places of their characters."""

import re
from collections.abc import Sequence
from itertools import pairwise

from engine.convert.page.blocks import FURNITURE, Block, Kind, RefinedPage, around
from engine.convert.refine.numberedcode import with_listings
from engine.convert.text.codetext import is_code, is_wrap_sign, line_pitch
from engine.convert.text.layoutblocks import rewrite
from engine.convert.text.listlabels import drawn_bullet, is_bullet, is_label
from engine.convert.text.pagetext import Drawing, PageText
from engine.convert.text.textflow import ends_early, visual_lines
from engine.convert.text.textline import Line

_TEXT = frozenset({Kind.PARAGRAPH, Kind.LIST_ITEM, Kind.CAPTION, Kind.FOOTNOTE, Kind.FORMULA, *FURNITURE})
_ASIDE = 4.5
"""In sizes of the text: what is further left may be a heading that text is set in from."""
_NAMES = re.compile(r"[\w<>. -]+(?:\(\w+\))?")
_NESTED = 6.0
"""Lines of one listing begin at most so far right of where others end, in sizes of the text."""
_MOST_TERMS, _INSET, _CLOSE = 3, 1.0, 2.2
"""Lines of terms; and how far right of them, and at most below, what they mean begins, in sizes of that."""
_TERM = re.compile(r"[-+/]*[\w][\w<>.,=\[\] /-]*")
"""Names and options; what computes something is none."""
_PLAIN_WORD = re.compile(r"[(\"'“‘]?[^\W\d_]+(?:['’-][^\W\d_]+)*[.,;:!?)\"'”’]*")


class Code:
    """Makes listings of text that is all monospaced, each one block, with its lines, indentation and blank lines."""

    name = "code"

    def apply(self, page: RefinedPage, text: PageText) -> None:
        """Change paragraphs and list items into code, split and join them where a listing begins and ends."""
        blocks: list[Block] = []
        _attach_signs(page, text)
        labels = [lines[0] for block in page.blocks if is_label(block.text.strip()) and (lines := text.lines_of(block))]
        for block in with_listings(page.blocks, text):
            is_item = any(_is_left_of(label, line) for label in labels for line in text.lines_of(block)[:1])
            blocks += _parts(block, text) if block.kind in _TEXT and not is_item else [block]
        _call_code(blocks, text)
        joined: list[Block] = []
        for block in blocks:
            if joined and _is_one_listing(joined[-1], block, text):
                before = joined[-1]
                before.box = around([before.box, block.box])
                before.goes_on = block.goes_on
                text.remember(before, [*text.lines_of(before), *text.lines_of(block)])
            else:
                joined.append(block)
        for block, following in pairwise(joined):
            if _is_term(block, following, text):
                block.kind = Kind.PARAGRAPH
                rewrite(block, text.lines_of(block), text)
        for block in joined:
            if block.kind is Kind.CODE and text.lines_of(block):
                rewrite(block, text.lines_of(block), text)
        page.blocks = joined


def _attach_signs(page: RefinedPage, text: PageText) -> None:
    """Give the signs before the rests of lines, which stand in the margin of a listing, to that."""
    for sign in list(page.blocks):
        lines = text.lines_of(sign)
        if not lines or not all(is_wrap_sign(line) for line in lines):
            continue
        for block in page.blocks:
            rows = text.lines_of(block)
            if block is not sign and any(_is_left_of(lines[0], row) and is_code([row]) for row in rows):
                text.remember(block, [*rows, *lines])
                page.blocks = [other for other in page.blocks if other is not sign]
                break


def _is_left_of(sign: Line, line: Line) -> bool:
    size = line.size
    return abs(sign.baseline - line.baseline) < 0.4 * size and 0 < line.start - sign.start < 6 * size


def _call_code(blocks: Sequence[Block], text: PageText) -> None:
    """Make code of monospaced lines that the model takes for headings.

    They are right above or below a listing, or set as little apart as code is, on a page whose text is not monospaced.
    """
    for block in blocks:
        lines = text.lines_of(block)
        if block.kind is Kind.HEADING and is_code(lines) and not text.is_monospaced:
            is_plain = not any(word.font.bold or word.font.italic for line in lines for word in line.words)
            if is_plain and block.size <= text.body_size and not _is_prose(lines):
                block.kind = Kind.CODE
    for before, after in pairwise(blocks):
        for block, other in ((before, after), (after, before)):
            lines = text.lines_of(block)
            is_bold = all(word.font.bold for line in lines for word in line.words)
            if block.kind is Kind.HEADING and other.kind is Kind.CODE and is_code(lines) and not is_bold:
                block.kind = Kind.CODE
                if not _is_one_listing(before, after, text):
                    block.kind = Kind.HEADING


def _parts(block: Block, text: PageText) -> list[Block]:
    """A block of text as it is or as code; cut in two or more where listings and prose are in one box."""
    lines = text.lines_of(block)
    if not any(word.font.mono for line in lines for word in line.words):
        return [block]
    lines = visual_lines(lines)
    if block.kind in FURNITURE and (len(lines) < 2 or not is_code(lines)):
        return [block]
    if is_code(lines):
        if _is_prose(lines):
            for span in block.spans:
                span.code = False
        elif len(lines) == 1 and all(word.font.bold for word in lines[0].words):
            pass  # a heading, more likely, or a term
        elif block.kind is not Kind.FORMULA and not _has_bullet(lines[0], text):
            block.kind = Kind.CODE
            block.label = ""
        return [block]
    runs = _runs(lines)
    if len(runs) == 1:
        return [block]
    parts = []
    for is_listing, run in runs:
        part = Block(Kind.CODE if is_listing else block.kind, around(line.box for line in run), depth=block.depth)
        rewrite(part, run, text)
        parts.append(part)
    parts[-1].goes_on = block.goes_on
    return parts


def _has_bullet(line: Line, text: PageText) -> bool:
    """Whether a line of code has a bullet before it, in whatever font, or drawn."""
    return (len(line.words) > 1 and is_bullet(line.words[0].text)) or drawn_bullet(line, text) is not None


def _runs(lines: Sequence[Line]) -> list[tuple[bool, list[Line]]]:
    """Lines as prose and listings; a listing within prose has two lines or more, or stands in a line of its own."""
    right = max(line.end for line in lines)
    runs: list[tuple[bool, list[Line]]] = []
    for line in lines:
        mono = is_code([line])
        if runs and runs[-1][0] == mono:
            runs[-1][1].append(line)
        else:
            runs.append((mono, [line]))
    settled: list[tuple[bool, list[Line]]] = []
    for number, (mono, run) in enumerate(runs):
        around_it = [*(part[-1] for _, part in runs[max(number - 1, 0) : number]), *run]
        around_it += [part[0] for _, part in runs[number + 1 : number + 2]]
        listing = mono and (len(run) > 1 or _is_own_line(around_it, right))
        if settled and settled[-1][0] == listing:
            settled[-1][1].extend(run)
        else:
            settled.append((listing, run))
    return settled


def _is_own_line(lines: Sequence[Line], right: float) -> bool:
    """Whether the lines around one had had room for more, and none of them was wrapped."""
    return all(ends_early(before, after, right) for before, after in pairwise(lines))


def _is_prose(lines: Sequence[Line]) -> bool:
    """Whether monospaced text is sentences: nothing but words, from a capital letter to a full stop."""
    text = " ".join(line.text for line in lines)
    words = text.split()
    return (
        len(words) >= 6
        and words[0].lstrip("(\"'“‘")[:1].isupper()
        and text.rstrip("\"'”’)").endswith((".", "!", "?", ":"))
        and sum(bool(_PLAIN_WORD.fullmatch(word)) for word in words) >= 0.9 * len(words)
    )


def _is_one_listing(before: Block, after: Block, text: PageText) -> bool:
    """Whether code goes on in the next block: on the same background, else with at most one blank line between."""
    if before.kind is not Kind.CODE or after.kind is not Kind.CODE:
        return False
    first, second = visual_lines(text.lines_of(before)), visual_lines(text.lines_of(after))
    if not first or not second or not 0.9 < before.size / (after.size or 1) < 1.1:
        return False
    if min(before.box[2], after.box[2]) <= max(before.box[0], after.box[0]) and not _is_nested(before, after):
        return False
    step = second[0].baseline - first[-1].baseline
    if step <= 0 or _is_outside(before, first, second) or _is_outside(after, second, first):
        return False
    grounds = [_background(block, text.backgrounds) for block in (before, after)]
    if grounds[0] is not None or grounds[1] is not None:
        return grounds[0] == grounds[1]
    steps = [b.baseline - a.baseline for a, b in pairwise(first)] + [
        b.baseline - a.baseline for a, b in pairwise(second)
    ]
    pitch = line_pitch(steps, before.size)
    return step <= 2.3 * max(pitch, 1.1 * before.size)


def _is_outside(block: Block, lines: Sequence[Line], others: Sequence[Line]) -> bool:
    """Whether a single line of names stands far left of a listing, as what that is set in below."""
    left = min(line.start for line in others)
    return len(lines) == 1 and block.box[0] < left - _ASIDE * block.size and _NAMES.fullmatch(lines[0].text) is not None


def _is_nested(before: Block, after: Block) -> bool:
    """Whether a part of a listing begins right of the end of another, as between lone braces."""
    aside = max(before.box[0], after.box[0]) - min(before.box[2], after.box[2])
    return aside < _NESTED * (before.size or 10.0)


def _is_term(block: Block, following: Block, text: PageText) -> bool:
    """Whether lines of code are terms of which the next block says what they mean: close below, and set in."""
    lines, others = visual_lines(text.lines_of(block)), text.lines_of(following)
    if block.kind is not Kind.CODE or following.kind is not Kind.PARAGRAPH or not others:
        return False
    if not 0 < len(lines) <= _MOST_TERMS or _background(block, text.backgrounds) is not None:
        return False
    if not all(_TERM.fullmatch(line.text.strip()) for line in lines):
        return False
    first = min(others, key=lambda line: line.baseline)
    size = first.size
    inset = min(line.start for line in others) - max(line.start for line in lines)
    return inset > _INSET * size and 0 < first.baseline - lines[-1].baseline < _CLOSE * size


def _background(block: Block, drawings: Sequence[Drawing]) -> tuple[float, ...] | None:
    """The smallest filled area around a block, that is not the whole page's."""
    x0, y0, x1, y1 = block.box
    found = [
        d.box
        for d in drawings
        if d.box[0] <= x0 + 1 and d.box[1] <= y0 + 1 and d.box[2] >= x1 - 1 and d.box[3] >= y1 - 1
    ]
    found = [box for box in found if box[1] > 0 and box[0] > 0]
    return min(found, key=lambda box: (box[2] - box[0]) * (box[3] - box[1]), default=None)
