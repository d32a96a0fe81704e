"""Finds formulas that are set apart on lines of their own, and the numbers at the margin that belong to them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.convert.formulas.mathpieces import Piece, Role, without
from engine.convert.formulas.mathrows import Column, Row, is_text
from engine.convert.page.blocks import Box, around

_APART = 1.3
"""In sizes: so far below each other stand two formulas and no lines of one."""
_NEAR_ROWS = 3
"""Lines of text above and below say where a column's text begins."""
_NUMBER = re.compile(
    r"[(\[](?:[A-Za-z]{1,3}[.-]?)?\d+(?:[.\-–]\d+)*[a-z]?[′']*[)\]]|[(\[][A-Z][)\]]|\([ivx]+\)|\(\*+\)"
)


@dataclass
class Display:
    """Pieces of a formula set apart, and its number."""

    pieces: list[Piece]
    number: str
    number_pieces: list[Piece]

    @property
    def box(self) -> Box:
        """Around all of it."""
        return around(piece.box for piece in [*self.pieces, *self.number_pieces])


def displays(column: Column) -> Iterator[Display]:
    """The formulas that are set apart in a column, taken out of its lines."""
    apart = list(column.apart)
    rows = [row for row in column.rows if not _is_part_of_display(row, column)]
    for row in without_rows(column.rows, rows):
        apart += row.pieces
    column.rows = rows
    for group in _groups(apart, rows):
        line = _flush_line(group, column)
        if line is None:
            yield from _numbered(group)
        else:
            column.rows.append(line)


def _flush_line(group: Sequence[Piece], column: Column) -> Row | None:
    """A group as a line of text, if it is one that begins where text does, as the last of a paragraph."""
    size = max(piece.size for piece in group)
    plain = [piece.baseline for piece in group if piece.axis is None and piece.size > 0.88 * size]
    if not plain or max(plain) - min(plain) > 0.3 * size or _number_in(group):
        return None
    near = sorted(column.rows, key=lambda row: abs(row.baseline - plain[0]))[: 2 * _NEAR_ROWS]
    near = [row for row in near if len(row.words) > 3 and row.share_of_words > 0.5]
    if not near:
        return None
    left, right = min(row.start for row in near), max(row.end for row in near)
    start, end = min(piece.start for piece in group), max(piece.end for piece in group)
    if start - left > size or end - start > 0.8 * (right - left):
        return None
    return Row(plain[0], size, sorted(group, key=lambda piece: (piece.start, piece.end)))


def without_rows(rows: Sequence[Row], others: Sequence[Row]) -> list[Row]:
    """The rows that are not among others."""
    left_out = set(map(id, others))
    return [row for row in rows if id(row) not in left_out]


def _is_part_of_display(row: Row, column: Column) -> bool:
    """Whether the words of a line stand in a formula: few, with mathematics around them, and indented or centred."""
    pieces = [*row.pieces, *_alongside(row, column.apart)]
    if not any(piece.is_math and piece.role is not Role.WORD for piece in pieces):
        return False
    if len(row.words) < 4 and any(_embraces(piece, row) for piece in column.apart):
        return True
    number = _number_in(pieces)
    body = without(pieces, number)
    words = [piece for piece in body if is_text(piece)]
    total = sum(piece.end - piece.start for piece in body)
    share = sum(word.end - word.start for word in words) / total if total else 1.0
    edges = _edges(row, column)
    if edges is None:
        return share < 0.35 and len(words) <= 2
    left, right = edges
    start, end = min(p.start for p in body), max(p.end for p in body)
    indent = start - left
    if share > 0.6 or indent < 1.2 * row.size:
        return False
    is_centred = abs((start + end) - (left + right)) / 2 < 1.2 * row.size
    if number and indent > 1.2 * row.size:
        return True
    return is_centred or (len(words) <= 2 and indent > 2.2 * row.size)


def _embraces(piece: Piece, row: Row) -> bool:
    """Whether a large bracket stands right beside a line."""
    return (
        piece.role in (Role.OPENING, Role.CLOSING, Role.BAR)
        and piece.height > 1.6 * row.size
        and piece.box[1] < row.baseline - 0.2 * row.size
        and piece.box[3] > row.baseline - 0.4 * row.size
        and min(abs(row.start - piece.end), abs(piece.start - row.end)) < 3 * row.size
    )


def _alongside(row: Row, apart: Sequence[Piece]) -> list[Piece]:
    """Pieces that stand in no line, at the height of a line of few words."""
    return [p for p in apart if p.box[1] < row.baseline - 0.2 * row.size and p.box[3] > row.baseline - 0.5 * row.size]


def _edges(row: Row, column: Column) -> tuple[float, float] | None:
    """Where the text around a line begins and ends; None without text around it."""
    place = column.rows.index(row)
    near: list[Row] = []
    for direction in (-1, 1):
        count, other = 0, place + direction
        while 0 <= other < len(column.rows) and count < _NEAR_ROWS:
            candidate = column.rows[other]
            if len(candidate.words) > 3 and candidate.share_of_words > 0.5:
                near.append(candidate)
                count += 1
            other += direction
    if not near:
        return None
    return min(other.start for other in near), max(other.end for other in near)


def _groups(pieces: Sequence[Piece], rows: Sequence[Row]) -> Iterator[list[Piece]]:
    """Pieces that belong to one formula or to lines of one: with no line of text and no large gap between them."""
    ordered = sorted(pieces, key=lambda piece: piece.box[1])
    group: list[Piece] = []
    bottom = 0.0
    for piece in ordered:
        size = max((other.size for other in group), default=piece.size)
        if group and (piece.box[1] - bottom > _APART * size or _is_parted(bottom, piece, rows)):
            yield group
            group = []
        bottom = max(bottom, piece.box[3]) if group else piece.box[3]
        group.append(piece)
    if group:
        yield group


def _is_parted(bottom: float, piece: Piece, rows: Sequence[Row]) -> bool:
    """Whether a line of text stands between."""
    return any(
        bottom - 0.3 * row.size < row.baseline - 0.25 * row.size < piece.box[1] + 0.3 * row.size
        and row.start < piece.box[2]
        and row.end > piece.box[0]
        for row in rows
    )


def _numbered(group: Sequence[Piece]) -> Iterator[Display]:
    """A group as one formula, or as one for each of several numbers."""
    numbers: list[list[Piece]] = []
    rest = list(group)
    while True:
        found = _number_in(rest, numbers[0][-1].end if numbers else None)
        if not found:
            break
        numbers.append(found)
        rest = without(rest, found)
    if not rest:
        return
    if len(numbers) < 2:
        pieces = numbers[0] if numbers else []
        yield Display(rest, _text(pieces), pieces)
        return
    numbers.sort(key=lambda pieces: pieces[0].baseline)
    parts: list[list[Piece]] = [[] for _ in numbers]
    bands = _bands(rest)
    for band in bands:
        top, bottom = min(p.box[1] for p in band), max(p.box[3] for p in band)
        y = (top + bottom) / 2
        inside = [i for i, pieces in enumerate(numbers) if top - 2 <= pieces[0].middle[1] <= bottom + 2]
        below = [i for i, pieces in enumerate(numbers) if pieces[0].middle[1] > y]
        place = inside[0] if inside else below[0] if below else len(numbers) - 1
        parts[place] += band
    for part, pieces in zip(parts, numbers, strict=True):
        if part:
            yield Display(part, _text(pieces), pieces)


def _bands(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Pieces by the stretches of height that they share."""
    bands: list[list[Piece]] = []
    bottom = 0.0
    for piece in sorted(pieces, key=lambda piece: piece.box[1]):
        if bands and piece.box[1] < bottom + 0.05 * piece.size:
            bands[-1].append(piece)
            bottom = max(bottom, piece.box[3])
        else:
            bands.append([piece])
            bottom = piece.box[3]
    return bands


def _number_in(pieces: Sequence[Piece], margin: float | None = None) -> list[Piece]:
    """The pieces of a number in brackets at one end of a line, far from everything else; the last one on the page.

    One that ends where another does, at the margin, may be nearer to what stands before it.
    """
    lines: dict[int, list[Piece]] = {}
    for piece in pieces:
        is_plain = piece.role in (Role.NUMBER, Role.OPENING, Role.CLOSING)
        if (not piece.is_math or is_plain) and piece.role is not Role.BUILT:
            lines.setdefault(round(piece.baseline), []).append(piece)
    for baseline in sorted(lines, reverse=True):
        line = sorted(lines[baseline], key=lambda piece: piece.start)
        for part in (_last_run(line), _first_run(line)):
            if not _NUMBER.fullmatch(_text_of(part)):
                continue
            start, end, size = part[0].start, part[-1].end, part[0].size
            others = [p for p in without(pieces, part) if p.box[1] < part[0].box[3] and p.box[3] > part[0].box[1]]
            if not others:
                # On a line of its own, below what was too long to have it beside.
                rest = without(pieces, part)
                middle = (min(p.start for p in rest) + max(p.end for p in rest)) / 2 if rest else end
                if start > middle and len(part) < len(pieces):
                    return part
                others = rest
            room = 0.3 * size if margin is not None and abs(end - margin) < 1 else 0.85 * size
            if others and all(p.start > end + room or p.end < start - room for p in others):
                return part
    return []


def _last_run(line: Sequence[Piece]) -> list[Piece]:
    run = [line[-1]]
    for piece in reversed(line[:-1]):
        if run[0].start - piece.end > 0.3 * piece.size:
            break
        run.insert(0, piece)
    return run


def _first_run(line: Sequence[Piece]) -> list[Piece]:
    run = [line[0]]
    for piece in line[1:]:
        if piece.start - run[-1].end > 0.3 * piece.size:
            break
        run.append(piece)
    return run


def _text_of(pieces: Sequence[Piece]) -> str:
    return "".join(piece.char or piece.latex for piece in pieces)


def _text(pieces: Sequence[Piece]) -> str:
    """A number without its brackets."""
    return _text_of(pieces).strip("()[]")
