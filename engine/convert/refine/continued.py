"""Joins what the end of a page or of a column has cut in two: paragraphs, list items, listings and tables.

In a tagged document the structure element says what belongs together. Elsewhere it has to be told from what stands on
both sides of the cut. A joined block stands where it began.
"""

import re
from dataclasses import dataclass, field, replace

from engine.convert.page.blocks import (
    FURNITURE,
    Block,
    Box,
    Cell,
    Continuation,
    Kind,
    RefinedPage,
    Span,
    merged,
    stripped,
)
from engine.convert.text.textflow import join

_PASSED_OVER = FURNITURE | {Kind.FOOTNOTE, Kind.CAPTION, Kind.PICTURE}
"""What may stand between the two parts."""
_TEXT = frozenset({Kind.PARAGRAPH, Kind.LIST_ITEM})
_SAME_SIZE = 0.06
"""Sizes of text that differ by less, as a part of them, are one."""
_ASIDE = 2.0
"""The edges of the two parts of a table are off by at most so many times its text's size."""
_WIDE = 0.9
"""The first part has a whole line, so it is at least so much of the other's width."""
_LOW = 0.6
"""Of the page's height: text that ends further up is not cut by the page's end."""
_HIGH = 0.2
"""Of the page's height: a table that has been moved to the top of a page begins above this."""
_ENDS = re.compile(r"[.!?:;…。！？：；][\"'”’»)\]]*$")
_GOES_ON_BY = re.compile(r"[,\-‐–—(\u00ad]$")
_MARKED = re.compile(r"(?:[•◦▪‣●○■□∙·*–—-]|\(?(?:\d{1,3}|[a-z])[.)])\s")
_AGAIN = re.compile(
    r"\(?\b(?:cont(?:inued|inuation|['’.]?d|\.)|fortsetzung|suite|continuación|continua)\b", re.IGNORECASE
)
_MOST_HEADER_ROWS = 3
_COLUMN = 0.2
"""Of the page's width: a block that begins further left than this stands in another column, or over several."""
_SAME_PLACE = 1.0
"""In points: lines that begin at one place are set in alike, whatever else is on their pages."""
_MOST_BLANKS = 40
"""Of the indentation of a listing."""
_CENTRE = 3.0
"""Points that the middle of a block may be off that of its page."""


@dataclass(slots=True)
class _Open:
    """What the next block may be the rest of."""

    page: int
    index: int
    """Of the block it began as, on its page."""
    last: Block
    """Its last part so far."""
    page_height: float
    left: float
    """Where it begins, from the left edge of the text of its column."""
    edge: float
    """That edge."""


@dataclass(slots=True)
class _Changes:
    """What becomes of a page."""

    added: list[tuple[int, tuple[int, Box], Block, float]] = field(default_factory=list)
    """To which of its blocks, from which page and place on it, what, and by how many points it is set in."""
    removed: set[int] = field(default_factory=set)


class Continued:
    """Joins blocks across pages and columns.

    It has to observe pages as the steps before it leave them: a running head that is still text would stand between.
    """

    name = "continued"

    def __init__(self) -> None:
        self._open: _Open | None = None
        self._aside: _Open | None = None
        self._changes: dict[int, _Changes] = {}
        self._number = 0

    def observe(self, page: RefinedPage) -> None:
        """Find what goes on, and keep what is to be moved to where it began."""
        if page.number != self._number + 1:
            self._open = None  # A page that could not be read is between.
        self._number = page.number
        self._aside = None
        is_first = True
        has_caption = False
        for index, block in enumerate(page.blocks):
            if block.kind in _PASSED_OVER:
                has_caption |= block.kind is Kind.CAPTION and not _AGAIN.search(block.text)
                continue
            before = self._open
            if self._aside is not None and _goes_on(self._aside, block):
                before, is_first = self._aside, True
            if (
                before is not None
                and not (has_caption and block.kind is Kind.TABLE)
                and (_goes_on(before, block) if is_first else _goes_on_beside(before.last, block))
            ):
                place = (page.number, page.as_shown(block.box))
                self._change(before.page).added.append((before.index, place, block, _indent(before, block, page)))
                self._change(page.number).removed.add(index)
                before.last, before.page_height = block, page.height
                self._open, self._aside = before, None
            else:
                self._aside = before if is_first and _is_float(before, block, page) else None
                edge = _column_edge(block, page)
                self._open = _Open(page.number, index, block, page.height, block.box[0] - edge, edge)
            is_first = has_caption = False

    def apply(self, page: RefinedPage) -> None:
        """Add to blocks what was found to be their rest, and take away what went elsewhere."""
        changes = self._changes.get(page.number)
        if changes is None:
            return
        for index, place, rest, indent in changes.added:
            block = page.blocks[index]
            start = len(block.rows) if block.rows else len(block.text)
            _add(block, rest, indent)
            block.continued = [*block.continued, Continuation(*place, start)]
        page.blocks = [block for index, block in enumerate(page.blocks) if index not in changes.removed]

    def _change(self, page: int) -> _Changes:
        return self._changes.setdefault(page, _Changes())


def _goes_on(before: _Open, block: Block) -> bool:
    """Whether the first block of a page is the rest of the last one before."""
    last = before.last
    if last.node or block.node:
        if last.node == block.node:
            return _are_alike(last, block)
        # WeasyPrint makes the part of a table on each page an element, with the head repeated.
        both = last.kind is Kind.TABLE and block.kind is Kind.TABLE and _is_same_table(last, block)
        return both and _has_head_again(last, block)
    if last.kind is Kind.TABLE and block.kind is Kind.TABLE:
        return _is_same_table(last, block)
    return last.box[3] > _LOW * before.page_height and _is_same_text(last, block)


def _is_float(before: _Open | None, block: Block, page: RefinedPage) -> bool:
    """Whether a page begins with a table that was moved there, into a listing or a sentence that is not at its end."""
    if before is None or block.kind is not Kind.TABLE or block.node or block.box[1] > _HIGH * page.height:
        return False
    text = before.last.text.rstrip()
    if before.last.kind is Kind.CODE:
        return any(text.count(opening) > text.count(closing) for opening, closing in ("()", "[]", "{}"))
    return before.last.kind in _TEXT and not _ENDS.search(text)


def _goes_on_beside(last: Block, block: Block) -> bool:
    """Whether a block at the top of a column is the rest of the one at the foot of the column before."""
    if last.node or block.node or block.box[3] > last.box[1] or block.box[0] < last.box[2] - last.size:
        return False
    return _is_same_text(last, block)


def _are_alike(last: Block, block: Block) -> bool:
    """Whether two parts of one structure element can be one block."""
    if last.kind is Kind.LIST_ITEM:
        return block.kind is Kind.PARAGRAPH or (block.kind is Kind.LIST_ITEM and not block.label)
    return last.kind is block.kind


def _is_same_table(last: Block, block: Block) -> bool:
    aside = _ASIDE * (last.size or 10.0)
    if _columns(last) != _columns(block) or abs(last.box[0] - block.box[0]) >= aside:
        return False
    # Without a grid a table is as wide as its text, which differs from page to page.
    return abs(last.box[2] - block.box[2]) < aside or _has_head_again(last, block)


def _has_head_again(last: Block, block: Block) -> bool:
    return bool(last.rows and block.rows) and _is_repeated(last.rows[0], block.rows[0])


def _is_same_text(last: Block, block: Block) -> bool:
    if abs(last.size - block.size) > _SAME_SIZE * max(last.size, block.size):
        return False
    if last.kind is Kind.CODE and block.kind is Kind.CODE:
        return True
    if last.kind not in _TEXT or block.kind not in _TEXT or block.label:
        return False
    end, start = last.text.rstrip(), block.text.lstrip()
    if not end or not start or _ENDS.search(end) or _MARKED.match(start):
        return False
    if last.box[2] - last.box[0] < _WIDE * (block.box[2] - block.box[0]):
        return False
    return start[0].islower() or bool(_GOES_ON_BY.search(end))


def _indent(before: _Open, block: Block, page: RefinedPage) -> float:
    """How far right of where the block began its rest does, in points, as if they stood in one column."""
    if block.kind is not Kind.CODE:
        return 0.0
    if abs(block.box[0] - before.edge - before.left) < _SAME_PLACE:
        return 0.0
    edge = _column_edge(block, page)
    # On a page with nothing but a listing there is no other text to tell the edge by.
    if abs(block.box[0] - before.edge) < _COLUMN * page.width:
        edge = min(edge, before.edge)
    return block.box[0] - edge - before.left


def _column_edge(block: Block, page: RefinedPage) -> float:
    """The left edge of the column that a block stands in."""
    left, _, right, _ = block.box
    return min(
        (
            other.box[0]
            for other in page.blocks
            if other.kind not in FURNITURE
            and left - _COLUMN * page.width < other.box[0] <= left
            and min(other.box[2], right) > max(other.box[0], left)
            and not _is_centred(other, page)
        ),
        default=left,
    )


def _is_centred(block: Block, page: RefinedPage) -> bool:
    """Whether it is narrow and in the middle of the page, as the authors of a paper above its columns."""
    left, _, right, _ = block.box
    return right - left < page.width / 2 and abs(left + right - page.width) < 2 * _CENTRE


def _columns(table: Block) -> int:
    return max((sum(cell.columns for cell in row) for row in table.rows), default=0)


def _add(block: Block, rest: Block, indent: float) -> None:
    """Make one block of two; `rest` stays as it is."""
    if block.rows:
        _add_rows(block, rest)
    elif block.kind is Kind.CODE:
        _add_code(block, rest, indent)
    else:
        block.spans = _joined(block.spans, rest.spans)
    block.goes_on = rest.goes_on


def _add_code(block: Block, rest: Block, indent: float) -> None:
    """Lines after lines; what is set in more than the other keeps being so."""
    first, second = block.text.rstrip("\n").split("\n"), rest.text.rstrip("\n").split("\n")
    longest = max((first, block), (second, rest), key=lambda part: max(map(len, part[0])))
    width = (longest[1].box[2] - longest[1].box[0]) / max(1, max(map(len, longest[0])))
    blanks = round(indent / width) if width > 0 and not block.node else 0
    if abs(blanks) <= _MOST_BLANKS:
        first = [" " * max(0, -blanks) + line if line else line for line in first]
        second = [" " * max(0, blanks) + line if line else line for line in second]
    style = block.spans[0].style if block.spans else Span("").style
    block.spans = [Span("\n".join([*first, *second]), *style)]


def _add_rows(table: Block, rest: Block) -> None:
    rows, nodes = list(rest.rows), list(rest.row_nodes)
    headers = 0
    while headers < min(len(rows), len(table.rows), _MOST_HEADER_ROWS) and _is_repeated(
        table.rows[headers], rows[headers]
    ):
        headers += 1
    rows, nodes = rows[headers:], nodes[headers:]
    if not headers and rows and not nodes:
        # A reader takes the first row for the head of every table.
        rows[0] = [replace(cell, is_header=False) for cell in rows[0]]
    if rows and _is_rest_of_row(table, rows[0], nodes):
        last = table.rows[-1]
        table.rows[-1] = [
            replace(cell, spans=_joined(cell.spans, more.spans)) for cell, more in zip(last, rows[0], strict=True)
        ]
        rows, nodes = rows[1:], nodes[1:]
    table.rows = table.rows + rows
    table.row_nodes = table.row_nodes + nodes


def _is_repeated(row: list[Cell], other: list[Cell]) -> bool:
    """Whether a row at the top of a page repeats the head of the table."""
    texts = [" ".join(cell.text.split()) for cell in row]
    is_head = all(cell.is_header for cell in row)
    return is_head and any(texts) and texts == [" ".join(cell.text.split()) for cell in other]


def _is_rest_of_row(table: Block, row: list[Cell], nodes: list[str]) -> bool:
    last = table.rows[-1]
    if len(last) != len(row) or all(cell.is_header for cell in last):
        return False
    if nodes and table.row_nodes:
        return nodes[0] == table.row_nodes[-1]
    if row[0].text.strip():
        return _reads_on(table.rows[1:], last, row)
    # Every row so far has had something in its first cell, so one without is none.
    return not row[0].text.strip() and all(each[0].text.strip() for each in table.rows if each)


def _reads_on(rows: list[list[Cell]], last: list[Cell], row: list[Cell]) -> bool:
    """Whether a row is the rest of one that the page's end has cut: in small letters, where rows begin with others."""
    firsts = [each[0].text.strip() for each in rows if each and each[0].text.strip()]
    pairs = [(above.text.rstrip(), below.text.lstrip()) for above, below in zip(last, row, strict=True)]
    return (
        len(firsts) > 1
        and not any(text[0].islower() for text in firsts)
        and row[0].text.lstrip()[0].islower()
        and all(not below or (bool(above) and not _ENDS.search(above)) for above, below in pairs)
    )


def _joined(spans: list[Span], rest: list[Span]) -> list[Span]:
    if not any(span.text.strip() for span in rest):
        return spans
    if not any(span.text.strip() for span in spans):
        return rest
    result, following = stripped(spans), stripped(rest)
    words = {word.strip(".,;:!?()\"'“”").lower() for span in (*spans, *rest) for word in span.text.split()}
    join(result, following, words)
    return merged([*result, *following])
