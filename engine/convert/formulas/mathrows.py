"""Sorts the pieces of a page: which stand in lines of text, and which are set apart, in each column."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from engine.convert.formulas.bars import axis_of
from engine.convert.formulas.mathpieces import AXIS, Piece, Role
from engine.convert.formulas.mathsymbols import FUNCTIONS, TAKE_LIMITS
from engine.convert.text.textline import Line

_LONG = 4
"""Words make a line one of running text, by which columns are known."""
_SIDES = 4
"""Lines there are at least on each side of a gutter."""
_CROSSING = 0.4
"""Of the lines beside a gutter may cross it."""


@dataclass(eq=False)
class Row:
    """A line of text with what stands in it."""

    baseline: float
    size: float
    pieces: list[Piece] = field(default_factory=list)

    @property
    def start(self) -> float:
        """Where its first piece begins."""
        return min(piece.start for piece in self.pieces)

    @property
    def end(self) -> float:
        """Where its last piece ends."""
        return max(piece.end for piece in self.pieces)

    @property
    def words(self) -> list[Piece]:
        """What in it is text."""
        return [piece for piece in self.pieces if is_text(piece)]

    @property
    def share_of_words(self) -> float:
        """Of its ink that is text."""
        total = sum(piece.end - piece.start for piece in self.pieces)
        return sum(piece.end - piece.start for piece in self.words) / total if total else 1.0


@dataclass
class Column:
    """The rows of a column, and the pieces that stand in none."""

    rows: list[Row]
    apart: list[Piece]


def is_text(piece: Piece) -> bool:
    """Whether a piece is a word of running text."""
    return piece.role is Role.WORD and len(piece.latex) > 1 and piece.latex not in FUNCTIONS | TAKE_LIMITS


def columns_of(pieces: Sequence[Piece], lines: Sequence[Line]) -> list[Column]:
    """The columns of a page; what crosses a gutter makes one of its own."""
    long = [line for line in lines if line.is_upright and len(line.words) >= _LONG]
    gutters = _gutters(long)
    bands = sorted(
        (line.baseline - 0.8 * line.size, line.baseline + 0.3 * line.size)
        for line in long
        if any(line.start < gutter < line.end for gutter in gutters)
    )
    parts: list[list[Piece]] = [[] for _ in range(len(gutters) + 2)]
    for piece in pieces:
        x, y = piece.middle
        across = any(top <= y <= bottom for top, bottom in bands) or any(
            piece.start < gutter < piece.end and piece.role is Role.BUILT for gutter in gutters
        )
        parts[-1 if across else bisect_left(gutters, x)].append(piece)
    return [_column(part) for part in parts if part]


def _gutters(lines: Sequence[Line]) -> list[float]:
    """The middles of the gaps between columns, from left to right."""
    if len(lines) < 2 * _SIDES:
        return []
    starts, ends = sorted(line.start for line in lines), sorted(line.end for line in lines)
    found: list[float] = []
    run: list[float] = []
    for x in range(int(starts[0]), int(ends[-1]) + 2):
        left, begun = bisect_left(ends, x), bisect_left(starts, x)
        right = len(lines) - begun
        crossing = begun - left
        if min(left, right) >= _SIDES and crossing <= _CROSSING * min(left, right):
            run.append(float(x))
        elif run:
            found.append((run[0] + run[-1]) / 2)
            run = []
    return found


def _column(pieces: Sequence[Piece]) -> Column:
    rows = _text_rows(pieces)
    apart: list[Piece] = []
    heights = [row.baseline for row in rows]
    taken = {id(piece) for row in rows for piece in row.pieces}
    # Scripts last, and from left to right, since they hang on what stands before them.
    for piece in sorted(pieces, key=lambda piece: (-round(piece.size), piece.start)):
        if id(piece) in taken:
            continue
        row = _row_of(piece, rows, heights)
        if row is None:
            apart.append(piece)
        else:
            row.pieces.append(piece)
    for row in rows:
        row.pieces.sort(key=lambda piece: (piece.start, piece.end))
    return Column(rows, apart)


def _text_rows(pieces: Iterable[Piece]) -> list[Row]:
    """Words by their baselines, from top to bottom; smaller ones beside a line, as in scripts, make none."""
    rows: list[Row] = []
    words = [piece for piece in pieces if is_text(piece) and piece.axis is None]
    for piece in sorted(words, key=lambda piece: piece.baseline):
        if rows and abs(rows[-1].baseline - piece.baseline) < 0.15 * piece.size:
            rows[-1].pieces.append(piece)
            rows[-1].size = max(rows[-1].size, piece.size)
        else:
            rows.append(Row(piece.baseline, piece.size, [piece]))
    kept: list[Row] = []
    for number, row in enumerate(rows):
        beside = rows[max(number - 1, 0) : number] + rows[number + 1 : number + 2]
        is_script = any(
            row.size < 0.88 * other.size and abs(row.baseline - other.baseline) < 0.6 * other.size for other in beside
        )
        if not is_script:
            kept.append(row)
    return kept


def _row_of(piece: Piece, rows: Sequence[Row], heights: Sequence[float]) -> Row | None:
    """The line of text that a piece stands in, if any."""
    place = bisect_left(heights, piece.baseline)
    y = piece.middle[1]
    best: tuple[float, Row] | None = None
    for row in rows[max(place - 3, 0) : place + 4]:
        axis = row.baseline - AXIS * row.size
        if piece.axis is not None:
            fits = abs(piece.axis - axis) < 0.3 * row.size
        elif piece.size > 0.88 * row.size:
            fits = abs(piece.baseline - row.baseline) < 0.35 * row.size
        else:
            fits = row.baseline - 1.15 * row.size < y < row.baseline + 0.5 * row.size and _hangs_on(piece, row)
        off = abs((axis_of(piece) if piece.axis is not None else y) - axis)
        if fits and (best is None or off < best[0]):
            best = (off, row)
    return best[1] if best is not None else None


def _hangs_on(script: Piece, row: Row) -> bool:
    """Whether something of a line stands right before a script, or right behind it."""
    return any(
        -1.2 * script.size < script.start - piece.end < 0.4 * script.size
        or -0.2 * script.size < piece.start - script.end < 0.3 * script.size
        for piece in row.pieces
        if piece.start < script.end + script.size
    )
