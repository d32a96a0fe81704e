"""Reads a page's blocks from the boxes of the layout model and the characters of the page."""

from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise
from statistics import median

from pymupdf4llm.helpers.document_layout import LayoutBox, PageLayout

from engine.convert.page.blocks import FURNITURE, Block, Box, Kind, RefinedPage, Span, around
from engine.convert.text.codetext import is_code, write_code
from engine.convert.text.headedtables import find_tables, gather_heads
from engine.convert.text.layouttables import read_table, table_in_text
from engine.convert.text.pagetext import PageText
from engine.convert.text.textflow import compose, set_lines, styled, visual_lines
from engine.convert.text.textline import Line, Word, dominant_size

_KINDS = {
    "title": Kind.HEADING,
    "section-header": Kind.HEADING,
    "list-item": Kind.LIST_ITEM,
    "caption": Kind.CAPTION,
    "footnote": Kind.FOOTNOTE,
    "table": Kind.TABLE,
    "picture": Kind.PICTURE,
    "formula": Kind.FORMULA,
    "page-header": Kind.PAGE_HEADER,
    "page-footer": Kind.PAGE_FOOTER,
}
"""What the layout model's classes are; all others are paragraphs."""
_ONE_SIZE = FURNITURE | {Kind.HEADING}
"""What is set in one size: a title's second line in another is a heading of its own."""
_PROSE = frozenset({Kind.PARAGRAPH, Kind.LIST_ITEM, Kind.FOOTNOTE, Kind.CAPTION})

_CLOSERS = tuple('.!?:;。！？：；…"”’»)')


def read_blocks(layout: PageLayout, text: PageText) -> RefinedPage:
    """The page's boxes as blocks, in the order of the boxes.

    Every character of the page is in one block: that of the smallest box around it. Text in no box makes paragraphs of
    its own, each after the block above it.
    """
    boxes = [box for box in layout.boxes if box.x1 > box.x0 and box.y1 > box.y0]
    lines = [line for line in text.lines if _is_on_page(line.box, layout)]
    assigned, rest = _assign(lines, boxes)
    blocks: list[Block] = []
    in_tables = _headed_tables(boxes, assigned, text)
    for number, (box, fragments) in enumerate(zip(boxes, assigned, strict=True)):
        blocks += in_tables[number] if number in in_tables else read_box(box, fragments, text)
    for display in (line for line in rest if is_display(line)):
        _insert(blocks, _text_block(Kind.FORMULA, display.box, [display], text))
    for paragraph in paragraphs([line for line in rest if not is_display(line)]):
        _insert(blocks, _text_block(Kind.PARAGRAPH, around(line.box for line in paragraph), paragraph, text))
    page = RefinedPage(layout.page_number, float(layout.width), float(layout.height), blocks)
    mark_open_end(page)
    return page


def rewrite(block: Block, lines: list[Line], text: PageText) -> None:
    """Give a block the text of these lines, and remember them."""
    text.remember(block, lines)
    if block.kind is Kind.CODE:
        written = write_code(lines, right=text.right_limit(block.box))
        block.spans = [Span(written)] if written else []
        left = min((line.words[0].lead or line.start for line in lines if line.is_upright), default=block.box[0])
        block.box = (min(block.box[0], left), *block.box[1:])
    elif block.kind is Kind.PARAGRAPH:
        block.spans = set_lines(lines, text.vocabulary, lambda: text.right_limit(block.box))
    else:
        block.spans = compose(lines, text.vocabulary)
    block.size = dominant_size(lines)


def is_display(line: Line) -> bool:
    """Whether a line is a formula set apart, as LaTeX."""
    return line.words[0].font.display


def _headed_tables(
    boxes: Sequence[LayoutBox], assigned: Sequence[list[Line]], text: PageText
) -> dict[int, list[Block]]:
    """For each box that is a part of a table which the model has not seen: the table at the first, else nothing."""
    kinds = [_KINDS.get(box.boxclass, Kind.PARAGRAPH) for box in boxes]
    frames: list[Box] = [(float(box.x0), float(box.y0), float(box.x1), float(box.y1)) for box in boxes]
    gather_heads(kinds, frames, assigned)
    result: dict[int, list[Block]] = {}
    for numbers, block in find_tables(kinds, frames, assigned, text):
        result.update((number, []) for number in numbers)
        result[min(numbers)] = [block]
    return result


def _is_on_page(box: Box, layout: PageLayout) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return bool(0 <= x <= layout.width and 0 <= y <= layout.height)


def _assign(lines: Iterable[Line], boxes: Sequence[LayoutBox]) -> tuple[list[list[Line]], list[Line]]:
    """For each box the (parts of) lines in it, and those in none."""
    order = sorted(range(len(boxes)), key=lambda i: (boxes[i].x1 - boxes[i].x0) * (boxes[i].y1 - boxes[i].y0))
    edges = [(i, boxes[i].x0, boxes[i].y0, boxes[i].x1, boxes[i].y1) for i in order]
    assigned: list[list[Line]] = [[] for _ in boxes]
    rest: list[Line] = []
    pictures = {number for number, box in enumerate(boxes) if box.boxclass == "picture"}
    for line in lines:
        owners = _owners(line, edges)
        if pictures.intersection(owners):
            _take_out(line, owners, pictures)
        first = 0
        for last in range(1, len(owners) + 1):
            if last == len(owners) or owners[last] != owners[first]:
                part = Line(line.words[first:last], line.direction, line.is_vertical)
                owner = owners[first]
                (rest if owner is None else assigned[owner]).append(part)
                first = last
    return assigned, rest


def _owners(line: Line, edges: Sequence[tuple[int, float, float, float, float]]) -> list[int | None]:
    """For each word of a line the box it is in, if any.

    A box is as tight as the model makes it, so a word may reach out by half of its size; and a word in no box goes with
    the word beside it.
    """
    box = line.box
    reach = 0.5 * line.size
    near = [
        e
        for e in edges
        if e[1] <= box[2] + reach and e[3] >= box[0] - reach and e[2] <= box[3] + reach and e[4] >= box[1] - reach
    ]
    if not near:
        return [None] * len(line.words)
    upright = line.is_upright
    owners = [_owner(word, near, 0.0, upright) for word in line.words]
    if None in owners:
        for i, word in enumerate(line.words):
            if owners[i] is None:
                owners[i] = _owner(word, near, 0.35 * word.font.size, upright)
        for i in [*range(1, len(owners)), *range(len(owners) - 2, -1, -1)]:
            beside = i - 1 if owners[i - 1 : i] != [None] and i else i + 1
            if owners[i] is None and beside < len(owners) and owners[beside] is not None:
                gap = max(line.words[i].start - line.words[beside].end, line.words[beside].start - line.words[i].end)
                if gap < line.words[i].font.size:
                    owners[i] = owners[beside]
    return owners


def _take_out(line: Line, owners: list[int | None], pictures: Collection[int]) -> None:
    """Give words in a picture, as one of bullets is, to the box that has the rest of their line."""
    order = range(1, len(owners))
    for pairs in ([(i, i - 1) for i in order], [(i - 1, i) for i in reversed(order)]):
        for inner, outer in pairs:
            if owners[inner] in pictures and owners[outer] is not None and owners[outer] not in pictures:
                word, beside = line.words[inner], line.words[outer]
                if max(word.start - beside.end, beside.start - word.end) < 0.5 * word.font.size:
                    owners[inner] = owners[outer]


def _owner(
    word: Word, edges: Sequence[tuple[int, float, float, float, float]], reach: float, upright: bool
) -> int | None:
    x0, y0, x1, y1 = word.box
    x = (x0 + x1) / 2
    # The middle of small letters: that of the box would be far up or down for a quote or a comma.
    y = word.baseline - 0.25 * word.font.size if upright else (y0 + y1) / 2
    for i, left, top, right, bottom in edges:
        if left - reach <= x <= right + reach and top - reach <= y <= bottom + reach:
            return i
    return None


def read_box(box: LayoutBox, fragments: list[Line], text: PageText) -> list[Block]:
    """A box with the lines in it as blocks."""
    kind = _KINDS.get(box.boxclass, Kind.PARAGRAPH)
    frame: Box = (float(box.x0), float(box.y0), float(box.x1), float(box.y1))
    if any(is_display(line) for line in fragments):
        return _with_displays(kind, frame, box, fragments, text)
    return _read_frame(kind, frame, box, fragments, text)


def _with_displays(kind: Kind, frame: Box, box: LayoutBox, fragments: list[Line], text: PageText) -> list[Block]:
    """The formulas in a box, and what is before, between and behind them, each as blocks of its own."""
    shown = sorted((line for line in fragments if is_display(line)), key=lambda line: line.box[1])
    parts: list[list[Line]] = [[] for _ in range(len(shown) + 1)]
    for line in fragments:
        if not is_display(line):
            middle = (line.box[1] + line.box[3]) / 2
            parts[sum((s.box[1] + s.box[3]) / 2 < middle for s in shown)].append(line)
    # What only a formula has made look like a table or a heading is text.
    rest = kind if kind in _PROSE | FURNITURE else Kind.PARAGRAPH
    blocks: list[Block] = []
    for number, part in enumerate(parts):
        if part:
            blocks += _read_frame(rest, around(line.box for line in part), box, part, text)
            rest = Kind.PARAGRAPH if rest is Kind.LIST_ITEM else rest
        if number < len(shown):
            blocks.append(_text_block(Kind.FORMULA, shown[number].box, [shown[number]], text))
    return blocks


def _read_frame(kind: Kind, frame: Box, box: LayoutBox, fragments: list[Line], text: PageText) -> list[Block]:
    if kind is Kind.TABLE:
        return [read_table(box.table, frame, fragments, text)] if fragments else []
    if kind is Kind.PICTURE:
        picture = Block(kind, frame, image=box.image if isinstance(box.image, str) else "")
        texts = [
            _text_block(Kind.PARAGRAPH, around(line.box for line in lines), lines, text)
            for lines in paragraphs(fragments)
        ]
        return [picture, *texts]
    table = table_in_text(frame, fragments, text) if kind is Kind.PARAGRAPH else None
    if table is not None:
        return [table]
    columns = _columns(fragments) if kind in _PROSE else []
    if columns:
        return [
            _text_block(kind, around(line.box for line in lines), lines, text)
            for column in columns
            for lines in _by_gaps(visual_lines(column))
        ]
    lines = visual_lines(fragments)
    if kind is Kind.FORMULA and any(word.font.math for line in lines for word in line.words):
        kind = Kind.PARAGRAPH
    if kind is Kind.FORMULA and not lines and any(is_display(line) for line in text.lines):
        return []  # Its characters are in a formula that another box is around.
    if kind is Kind.FORMULA:
        block = _text_block(kind, frame, lines, text)
        block.image = box.image if isinstance(box.image, str) else ""
        return [block]
    if not lines:
        return []
    if kind is Kind.FOOTNOTE:
        return [_text_block(kind, around(line.box for line in note), note, text) for note in _footnotes(lines)]
    parts = _by_gaps(lines) if kind is Kind.PARAGRAPH else _by_font(lines, kind) if kind in _ONE_SIZE else [lines]
    if len(parts) > 1:
        return [_text_block(kind, around(line.box for line in part), part, text) for part in parts]
    return [_text_block(kind, frame, lines, text)]


def _columns(fragments: Sequence[Line]) -> list[list[Line]]:
    """The two columns of prose that the model has put into one box, from left to right; none if it has not.

    They are parted by a gap that no line crosses, with two lines or more on each side, of four words each or more: what
    is shorter may be a table's row, or an item's label, which are read across.
    """
    if len(fragments) < 4 or not all(fragment.is_upright for fragment in fragments):
        return []
    size = dominant_size(fragments)
    ordered = sorted(fragments, key=lambda fragment: fragment.start)
    reached = ordered[0].end
    for number, fragment in enumerate(ordered):
        if fragment.start - reached > 0.4 * size:
            sides = [ordered[:number], ordered[number:]]
            if all(len(side) >= 2 and sum(len(f.words) for f in side) >= 4 * len(side) for side in sides):
                return sides
        reached = max(reached, fragment.end)
    return []


def _by_font(lines: list[Line], kind: Kind) -> list[list[Line]]:
    """Lines in parts of one size, and of a running head one face: the model may take the text below it for a part."""
    parts = [[lines[0]]]
    for before, after in pairwise(lines):
        other_face = kind in FURNITURE and is_code([before]) != is_code([after])
        if other_face or abs(before.size - after.size) > 0.1 * before.size:
            parts.append([after])
        else:
            parts[-1].append(after)
    return parts


def _by_gaps(lines: list[Line]) -> list[list[Line]]:
    """The paragraphs in one box: one begins after a gap between lines, or with an indented line after a short one.

    A gap is half as much again as the lines of most are apart. A short line leaves room for the first word of the next.
    """
    if len(lines) < 3 or is_code(lines) or not all(line.is_upright for line in lines):
        return [lines]
    pitch = median(after.baseline - before.baseline for before, after in pairwise(lines))
    left, right = min(line.start for line in lines), max(line.end for line in lines)
    flush = sum(line.start - left < 0.3 * line.size for line in lines) >= 0.6 * len(lines)
    parts = [[lines[0]]]
    for before, after in pairwise(lines):
        size = after.size
        first = after.words[0]
        has_gap = after.baseline - before.baseline > max(1.5 * pitch, pitch + 0.4 * size)
        indented = flush and 0.8 * size < after.start - left < 4 * size and before.start - left < 0.3 * size
        is_short = before.end + (first.end - first.start) + size < right
        if has_gap or (indented and is_short):
            parts.append([after])
        else:
            parts[-1].append(after)
    return parts


def _text_block(kind: Kind, frame: Box, lines: list[Line], text: PageText) -> Block:
    block = Block(kind, frame)
    rewrite(block, lines, text)
    return block


def _footnotes(lines: Sequence[Line]) -> list[list[Line]]:
    """One after the other: a footnote begins with a raised character."""
    notes: list[list[Line]] = []
    for line in lines:
        if notes and styled(line)[0].script != 1:
            notes[-1].append(line)
        else:
            notes.append([line])
    return notes


def paragraphs(fragments: Sequence[Line]) -> list[list[Line]]:
    """Text that no box holds together, as paragraphs: lines close below each other, of one size."""
    paragraphs: list[list[Line]] = []
    open_: list[list[Line]] = []
    for piece in _runs(fragments):
        # Lines come from top to bottom: what is far above goes on no more.
        open_ = [p for p in open_ if piece.baseline - p[-1].baseline < 2 * max(piece.size, p[-1].size)]
        for paragraph in open_:
            if _continues(paragraph[-1], piece):
                paragraph.append(piece)
                break
        else:
            paragraphs.append([piece])
            open_.append(paragraphs[-1])
    return paragraphs


def _runs(fragments: Sequence[Line]) -> list[Line]:
    """Fragments as lines, cut where a gap says that they do not belong together."""
    runs = []
    for line in visual_lines(fragments):
        first = 0
        for last in range(1, len(line.words) + 1):
            if last < len(line.words):
                before, after = line.words[last - 1], line.words[last]
                gap = max(after.start - before.end, before.start - after.end)
                if gap <= 2 * max(before.font.size, after.font.size):
                    continue
            runs.append(Line(line.words[first:last], line.direction, line.is_vertical))
            first = last
    return runs


def _continues(line: Line, following: Line) -> bool:
    size = max(line.size, following.size)
    return (
        line.direction == following.direction
        and min(line.size, following.size) > 0.8 * size
        and 0 < following.baseline - line.baseline < 1.7 * size
        and min(line.end, following.end) > max(line.start, following.start)
    )


def _insert(blocks: list[Block], block: Block) -> None:
    """Put a block after the last one that is above it in its column, else before the first one below."""
    place = None
    for i, other in enumerate(blocks):
        if _shares_column(block.box, other.box) and _middle(other.box) <= _middle(block.box):
            place = i + 1
    if place is None:
        place = next((i for i, other in enumerate(blocks) if _is_below(block.box, other.box)), len(blocks))
    blocks.insert(place, block)


def _is_below(box: Box, other: Box) -> bool:
    return _middle(other) > _middle(box)


def _middle(box: Box) -> float:
    return (box[1] + box[3]) / 2


def _shares_column(one: Box, other: Box) -> bool:
    return min(one[2], other[2]) > max(one[0], other[0])


def mark_open_end(page: RefinedPage) -> None:
    """A page's last block goes on unless it says that it ends."""
    outside = {*FURNITURE, Kind.FOOTNOTE, Kind.PICTURE, Kind.CAPTION}
    last = next((block for block in reversed(page.blocks) if block.kind not in outside), None)
    if last is not None and last.kind is not Kind.HEADING:
        last.goes_on = last.kind in (Kind.TABLE, Kind.CODE) or not last.text.endswith(_CLOSERS)
