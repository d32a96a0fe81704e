"""Makes of what the layout model sees in a form what it is: a title, and lines of labels with what was filled in."""

from collections.abc import Sequence
from itertools import pairwise

from pymupdf4llm.helpers.document_layout import LayoutBox, PageLayout

from engine.convert.page.blocks import Box, around
from engine.convert.text.formfields import SIGNS
from engine.convert.text.pagetext import PageText
from engine.convert.text.textflow import visual_lines
from engine.convert.text.textline import Line, Word, dominant_size

_LARGER = 1.2
"""Times the size of what is below it: a title."""
_APART = 6.0
"""Times the size of their font: two labels of one line are so far apart; a field may be further from its own."""


_MOST_WORDS = 6
"""Of a label beside a text field; in a line with more words it is a gap in a text."""


def set_lines_apart(layout: PageLayout, text: PageText) -> None:
    """Have a title in a table be a heading above it, and each line with fields be a box of its own, with its labels.

    A table stays one if it has columns.
    """
    boxes: list[LayoutBox] = []
    for box in layout.boxes:
        if box.boxclass == "table" and box.table and box.table.get("cells"):
            boxes += _title_of(box, text)
            if all(len(row) == 1 and row[0] is not None for row in box.table["cells"]):
                boxes += [LayoutBox(*row[0], "text") for row in box.table["cells"]]
                continue
        boxes.append(box)
    tables = [_frame(box) for box in boxes if box.boxclass == "table"]
    lines = visual_lines([line for line in text.lines if not any(_is_in(line, table) for table in tables)])
    rows = [row for line in lines if line.is_upright for row in _rows(line, text)]
    found: list[LayoutBox] = []
    for box in boxes:
        found += [box] if box.boxclass in ("table", "picture") else _without(box, rows, lines)
    for row in rows:
        _insert(found, LayoutBox(*row, "text"))
    layout.boxes = found


def _rows(line: Line, text: PageText) -> list[Box]:
    """The parts of a line that have fields, each around a label or several and what was filled in."""
    words = sorted(line.words, key=lambda word: word.start)
    filled = [any(_holds(field.box, word) for field in text.fields) for word in words]
    parts = [[0]]
    for before, after in pairwise(range(len(words))):
        gap = words[after].start - words[before].end
        if gap > _APART * line.size and not filled[after]:
            parts.append([after])
        else:
            parts[-1].append(after)
    return [
        around(words[n].box for n in part)
        for part in parts
        if any(filled[n] for n in part)
        and (sum(not filled[n] for n in part) <= _MOST_WORDS or any(words[n].text in SIGNS for n in part))
    ]


def _without(box: LayoutBox, rows: Sequence[Box], lines: Sequence[Line]) -> list[LayoutBox]:
    """A box without the rows in it, in as many parts as they leave."""
    frame = _frame(box)
    inside = [line for line in lines if _is_in(line, frame)]
    taken = [any(_is_in(line, row) for row in rows) for line in inside]
    if not any(taken):
        return [box]
    parts: list[list[Line]] = [[]]
    for line, is_taken in zip(inside, taken, strict=True):
        if is_taken:
            parts.append([])
        else:
            parts[-1].append(line)
    return [LayoutBox(*around(line.box for line in part), box.boxclass) for part in parts if part]


def _insert(boxes: list[LayoutBox], new: LayoutBox) -> None:
    """Put a box after the last one that is above it and shares its column, else before the first one below it."""
    place = None
    for number, box in enumerate(boxes):
        if min(box.x1, new.x1) > max(box.x0, new.x0) and box.y0 <= new.y0:
            place = number + 1
    if place is None:
        place = next((number for number, box in enumerate(boxes) if box.y0 > new.y0), len(boxes))
    boxes.insert(place, new)


def _title_of(table: LayoutBox, text: PageText) -> list[LayoutBox]:
    """What stands at the top of a table, alone and in larger letters; it is taken out of the table."""
    lines = visual_lines([line for line in text.lines if _is_in(line, _frame(table))])
    size = dominant_size(lines)
    titles: list[Line] = []
    for line in lines:
        if line.size < _LARGER * size:
            break
        titles.append(line)
    if not titles or len(titles) == len(lines):
        return []
    frame = around(line.box for line in titles)
    cells = table.table["cells"]
    rows = [row for row in cells if not any(cell is not None and (cell[1] + cell[3]) / 2 < frame[3] for cell in row)]
    if not rows:
        return []
    table.table["cells"] = rows
    table.y0 = min(cell[1] for row in rows for cell in row if cell is not None)
    return [LayoutBox(*frame[:3], min(frame[3], table.y0), "section-header")]


def _frame(box: LayoutBox) -> Box:
    return (float(box.x0), float(box.y0), float(box.x1), float(box.y1))


def _holds(box: Box, word: Word) -> bool:
    x0, y0, x1, y1 = box
    x, y = (word.start + word.end) / 2, word.baseline - 0.3 * word.font.size
    return x0 <= x <= x1 and y0 <= y <= y1


def _is_in(line: Line, box: Box) -> bool:
    x0, y0, x1, y1 = box
    middle = line.baseline - 0.3 * line.size
    return line.is_upright and y0 <= middle <= y1 and line.end > x0 and line.start < x1
