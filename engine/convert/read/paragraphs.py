"""Puts the lines of a page together by their places alone: rows, paragraphs, listings, in reading order.

What MuPDF gives as a line may be a part of one, and its blocks end where the file's author has jumped about. So lines
are put together anew: what stands side by side on one baseline is a row, rows below each other are a group, groups are
read column by column, and within a group the paragraphs begin where lines are set in, end early or stand apart.
"""

import itertools
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median

from engine.convert.page.blocks import Block, Box, Kind, Span, around
from engine.convert.refine.columns import reading_order
from engine.convert.text.textflow import join, past_hyphen

_SAME_BASELINE = 0.3
"""Lines whose baselines differ by less, in sizes of their text, stand side by side."""
_SAME_SIZE = 0.12
"""Sizes of text that differ by less, as a part of them, are one."""
_BLANK, _WIDE = 0.12, 1.5
"""Gaps in a row, in sizes of its text: from the first on a blank, from the second on a column's."""
_LEADING = 1.9
"""Baselines of a group are at most so many sizes of the text apart."""
_APART = 1.25
"""A paragraph begins after a gap so many times as large as those between most lines of its group."""
_INDENT, _EARLY = 0.8, 2.0
"""In sizes of the text: so far is the first line of a paragraph set in, and so much room does its last one leave."""
_MOSTLY = 0.6
"""Of a group's lines end early where each is a line of its own."""
_LEAST_ROWS, _LEAST_TEXT = 3, 20
"""Rows, and characters on each side of a gap in most of them, of columns that the file has line by line."""
_BAND = 12.0
"""In points: rows are looked for by their baseline's."""
_MONO_WIDTH = 0.6
"""Of a character, in sizes of a monospaced font."""
_MOST_BLANKS = 60
_BULLET = re.compile(r"[•◦▪‣●○■□∙·⁃➢✓–—*-]\s")
_NUMBER = re.compile(r"(?:\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,4})[.)]|\[\d{1,3}\])\s")
_COUNT = re.compile(r"[(\[]?(\d{1,3})[.)\]]\s")
_ENDS = re.compile(r"[.!?:;。！？：；][\"'”’»)\]]*$")
_JOINED_WITH_CARE = re.compile("[-‐\u00ad_—―./=(:&?\u3000-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uff65]$")
"""After which the next line may follow without a blank."""
_HYPHENS = ("-", "‐", "\u00ad")
_WORD = re.compile(r"\w(?:[\w'’‐-]*\w)?")


@dataclass(slots=True)
class Piece:
    """A line as MuPDF gives it, or what is left of it."""

    text: str
    box: Box
    baseline: float
    size: float
    """In points."""
    is_bold: bool = False
    is_mono: bool = False
    is_upright: bool = True


class _Row:
    """Pieces side by side, from left to right."""

    __slots__ = ("baseline", "is_bold", "is_mono", "is_upright", "pieces", "size", "x0", "x1", "y0", "y1")

    def __init__(self, piece: Piece) -> None:
        self.pieces = [piece]
        self.x0, self.y0, self.x1, self.y1 = piece.box
        self.baseline, self.size = piece.baseline, piece.size
        self.is_bold, self.is_mono, self.is_upright = piece.is_bold, piece.is_mono, piece.is_upright

    def add(self, piece: Piece) -> None:
        """Put one more piece into its place."""
        self.pieces.append(piece)
        self.pieces.sort(key=lambda each: each.box[0])
        x0, y0, x1, y1 = piece.box
        self.x0, self.y0, self.x1, self.y1 = min(self.x0, x0), min(self.y0, y0), max(self.x1, x1), max(self.y1, y1)
        self.is_bold, self.is_mono = self.is_bold and piece.is_bold, self.is_mono and piece.is_mono

    @property
    def is_tabular(self) -> bool:
        """Whether it has a gap as between the columns of a table, that behind a label aside."""
        parts = self.pieces
        if len(parts) == 1:
            return False
        first = 1 if len(parts) > 1 and _is_label(f"{parts[0].text.strip()} ") else 0
        return any(parts[at + 1].box[0] - parts[at].box[2] > _WIDE * self.size for at in range(first, len(parts) - 1))

    @property
    def text(self) -> str:
        """Its text, with two blanks for a column's gap."""
        if len(self.pieces) == 1:
            return self.pieces[0].text.strip()
        text = ""
        end = self.x0
        for piece in self.pieces:
            gap = piece.box[0] - end
            if text and gap > _BLANK * self.size and not text.endswith(" "):
                text += "  " if gap > _WIDE * self.size and not _is_label(f"{text} ") else " "
            text += piece.text
            end = piece.box[2]
        return text.strip()


def blocks_of(pieces: Sequence[Piece], *, in_columns: bool = True) -> list[Block]:
    """What is on a page, as paragraphs and listings in reading order; as the file has it without `in_columns`."""
    groups = [part for group in _groups(_rows(pieces)) for part in _without_gutter(group)]
    if in_columns:
        boxes = [Block(Kind.PARAGRAPH, _box(group), size=group[0].size) for group in groups]
        for block, group in zip(boxes, groups, strict=True):
            block.spans = [Span(row.pieces[0].text) for row in group[:4]]
        places = {id(block): place for place, block in enumerate(boxes)}
        groups = [groups[places[id(block)]] for block in reading_order(boxes)]
    vocabulary = _Vocabulary(pieces)
    return [block for group in _with_rows_joined(groups) for block in _blocks(group, vocabulary)]


class _Vocabulary(Collection[str]):
    """The page's words in lower case, without those that a line's end may have cut; asked for by few pages."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self._pieces = pieces

    @cached_property
    def _words(self) -> frozenset[str]:
        lines = (piece.text.strip().partition(" ")[2] for piece in self._pieces)
        whole = (line.rpartition(" ")[0] if line.endswith(_HYPHENS) else line for line in lines)
        return frozenset(_WORD.findall("\n".join(whole).lower()))

    def __contains__(self, word: object) -> bool:
        return word in self._words

    def __iter__(self) -> Iterator[str]:
        return iter(self._words)

    def __len__(self) -> int:
        return len(self._words)


def _rows(pieces: Iterable[Piece]) -> list[_Row]:
    """Pieces side by side as one: neighbours in the file, and whatever else touches."""
    rows: list[_Row] = []
    bands: dict[int, list[_Row]] = {}
    for piece in pieces:
        row = _row_of(piece, rows, bands) if piece.is_upright else None
        if row is not None:
            row.add(piece)
            continue
        rows.append(_Row(piece))
        if piece.is_upright:
            bands.setdefault(int(piece.baseline // _BAND), []).append(rows[-1])
    return rows


def _row_of(piece: Piece, rows: Sequence[_Row], bands: dict[int, list[_Row]]) -> _Row | None:
    last = rows[-1] if rows else None
    if last is not None and _is_beside(last, piece) and piece.box[0] > last.x0:
        return last
    slack = _SAME_BASELINE * piece.size
    first, final = int((piece.baseline - slack) // _BAND), int((piece.baseline + slack) // _BAND)
    for band in range(first, final + 1):
        for row in bands.get(band, ()):
            gap = max(piece.box[0] - row.x1, row.x0 - piece.box[2])
            if gap < 0.8 * piece.size and _is_beside(row, piece):
                return row
    return None


def _is_beside(row: _Row, piece: Piece) -> bool:
    """Whether a piece is on a row's line, and not over what is there."""
    size = max(row.size, piece.size)
    if not row.is_upright or abs(row.baseline - piece.baseline) > _SAME_BASELINE * size:
        return False
    x0, _, x1, _ = piece.box
    slack = 0.3 * size
    return all(x0 > part.box[2] - slack or x1 < part.box[0] + slack for part in row.pieces)


def _groups(rows: Iterable[_Row]) -> list[list[_Row]]:
    """Rows of like text, each below the one before."""
    groups: list[list[_Row]] = []
    for row in rows:
        if groups and _follows(groups[-1][-1], row):
            groups[-1].append(row)
        else:
            groups.append([row])
    return groups


def _follows(above: _Row, row: _Row) -> bool:
    if above.is_upright != row.is_upright or above.is_mono != row.is_mono:
        return False
    size = max(above.size, row.size)
    if abs(above.size - row.size) > _SAME_SIZE * size:
        return False
    if not row.is_upright:
        return _distance(above, row) < size
    if not 0 < row.baseline - above.baseline < _LEADING * size:
        return False
    shared = min(above.x1, row.x1) - max(above.x0, row.x0)
    return shared > 0.3 * min(above.x1 - above.x0, row.x1 - row.x0)


def _distance(one: _Row, other: _Row) -> float:
    across = max(one.x0, other.x0) - min(one.x1, other.x1)
    down = max(one.y0, other.y0) - min(one.y1, other.y1)
    return max(across, down)


def _without_gutter(group: list[_Row]) -> list[list[_Row]]:
    """The columns of a group that the file has line by line, as groups; the group itself if it has none."""
    if len(group) < _LEAST_ROWS:
        return [group]
    cut = [row for row in group if row.is_tabular]
    if len(cut) < _LEAST_ROWS or 2 * len(cut) < len(group):
        return [group]
    gaps = [
        (row.pieces[at].box[2], row.pieces[at + 1].box[0], row, at) for row in cut for at in range(len(row.pieces) - 1)
    ]
    place = median((left + right) / 2 for left, right, _, _ in gaps)
    through = [(row, at) for left, right, row, at in gaps if left <= place <= right]
    if len(through) < 0.8 * len(cut):
        return [group]
    sizes = [
        min(sum(len(p.text) for p in row.pieces[: at + 1]), sum(len(p.text) for p in row.pieces[at + 1 :]))
        for row, at in through
    ]
    if median(sizes) < _LEAST_TEXT or any(row.x0 < place < row.x1 for row in group if row not in cut):
        return [group]
    sides: tuple[list[Piece], list[Piece]] = ([], [])
    for piece in (piece for row in group for piece in row.pieces):
        sides[piece.box[0] > place - 0.1].append(piece)
    return [part for side in sides for part in _groups(_rows(side))]


def _with_rows_joined(groups: Iterable[list[_Row]]) -> Iterator[list[_Row]]:
    """Groups of one row that stand side by side as one, as the cells of a table's row may come."""
    open_: list[_Row] | None = None
    for group in groups:
        row = group[0]
        if (
            open_ is not None
            and len(group) == 1
            and row.is_upright
            and all(_is_beside(open_[0], piece) for piece in row.pieces)
        ):
            for piece in row.pieces:
                open_[0].add(piece)
            continue
        if open_ is not None:
            yield open_
            open_ = None
        if len(group) == 1 and row.is_upright:
            open_ = group
        else:
            yield group
    if open_ is not None:
        yield open_


def _blocks(group: Sequence[_Row], vocabulary: Collection[str]) -> Iterator[Block]:
    if group[0].is_mono and group[0].is_upright and (len(group) > 1 or group[0].is_tabular):
        yield Block(Kind.CODE, _box(group), [Span(_listing(group), code=True)], size=group[0].size)
        return
    for rows, is_broken in _paragraphs(group):
        spans = _running(rows, vocabulary) if not is_broken else [Span("\n".join(row.text for row in rows))]
        yield Block(Kind.PARAGRAPH, _box(rows), spans, size=round(rows[0].size, 1))


def _paragraphs(group: Sequence[_Row]) -> Iterator[tuple[Sequence[_Row], bool]]:
    """The paragraphs of a group, each with whether its lines are lines of their own."""
    if len(group) == 1:
        yield group, False
        return
    if not group[0].is_upright:
        yield group, False
        return
    left, right = min(row.x0 for row in group), max(row.x1 for row in group)
    gaps = [after.baseline - before.baseline for before, after in itertools.pairwise(group)]
    usual = median(gaps)
    early = [_ends_early(before, after, right) for before, after in itertools.pairwise(group)]
    if sum(early) >= _MOSTLY * len(early) or any(row.is_tabular for row in group):
        first = 0
        for at in range(1, len(group) + 1):
            if at == len(group) or gaps[at - 1] > _APART * usual:
                yield group[first:at], True
                first = at
        return
    first = 0
    for at in range(1, len(group)):
        is_apart = gaps[at - 1] > _APART * usual
        if is_apart or _begins(group, first, at, left, is_early=early[at - 1]):
            yield group[first:at], False
            first = at
    yield group[first:], False


def _begins(group: Sequence[_Row], first: int, at: int, left: float, *, is_early: bool) -> bool:
    """Whether a paragraph begins with a row of a group, where the last one begins with `first`; gaps aside."""
    row, above = group[at], group[at - 1]
    if above.is_bold != row.is_bold:
        return is_early or row.is_bold
    text = row.text
    if _BULLET.match(text) or _counts_on(group[first].text, text):
        return True
    if _NUMBER.match(text) and (is_early or row.x0 < above.x0 - _INDENT * row.size):
        return True
    if is_early and _ENDS.search(above.text):
        return True
    is_item = _BULLET.match(group[first].text) or _NUMBER.match(group[first].text)
    if not is_item and row.x0 - above.x0 > _INDENT * row.size and row.x0 - left > _INDENT * row.size:
        # The lines of an item hang below its first one; a paragraph's go back to the edge.
        below = group[at + 1] if at + 1 < len(group) else None
        return is_early or (below is not None and row.x0 - below.x0 > _INDENT * row.size)
    return False


def _counts_on(text: str, following: str) -> bool:
    """Whether two lines begin with numbers of which the second is the next one."""
    before, after = _COUNT.match(text), _COUNT.match(following)
    return before is not None and after is not None and int(before[1]) + 1 == int(after[1])


def _ends_early(row: _Row, below: _Row, right: float) -> bool:
    """Whether the first word of the next line would have fitted, with room to spare."""
    text = below.text
    word = (below.x1 - below.x0) * len(text.split(None, 1)[0]) / max(len(text), 1) if text else 0.0
    return row.x1 + 0.3 * row.size + word < right - _EARLY * row.size


def _running(rows: Sequence[_Row], vocabulary: Collection[str]) -> list[Span]:
    text = rows[0].text
    for row in rows[1:]:
        following = row.text
        if not _JOINED_WITH_CARE.search(text):
            text = f"{text} {following}"
        elif text.endswith(("-", "‐")) and text[-2:-1].isalnum() and following[:1].isalnum():
            words = text.rsplit(None, 1)[-1], following.split(None, 1)[0]
            text = past_hyphen(text, *words, vocabulary) + following
        else:
            spans = [Span(text[-200:])]
            join(spans, [Span(following)], vocabulary)
            text = text[:-200] + "".join(span.text for span in spans) + following
    return [Span(text)]


def _listing(rows: Sequence[_Row]) -> str:
    """Lines of code with their indentation, and blank ones where there is room for them."""
    left = min(row.x0 for row in rows)
    gaps = [after.baseline - before.baseline for before, after in itertools.pairwise(rows)]
    usual = min(gaps, default=0.0)
    lines: list[str] = []
    for number, row in enumerate(rows):
        width = _MONO_WIDTH * row.size or 1.0
        if number and usual > 0:
            lines += [""] * min(round(gaps[number - 1] / usual) - 1, 1)
        line = ""
        for piece in row.pieces:
            column = min(round((piece.box[0] - left) / width), _MOST_BLANKS * 4)
            line = line.ljust(column) + piece.text.rstrip()
        lines.append(line)
    return "\n".join(lines)


def _is_label(text: str) -> bool:
    found = _BULLET.match(text) or _NUMBER.match(text)
    return found is not None and found.end() == len(text)


def _box(rows: Iterable[_Row]) -> Box:
    return around((row.x0, row.y0, row.x1, row.y1) for row in rows)
