"""Finds large brackets and what is between them: matrices, cases, binomials, or just something tall."""

from collections.abc import Callable, Sequence
from itertools import pairwise

from engine.convert.formulas.mathlines import LineWriter, lines_of
from engine.convert.formulas.mathpieces import AXIS, Piece, Role, built, main_size, overlap, without
from engine.convert.formulas.mathsymbols import PAIRS, delimiter

_TALL = 1.12
"""Of its size is higher than the usual bracket."""
_ABOVE = 0.6
"""So far above and below brackets, in sizes, reaches what is between them."""
_COLUMN_GAP = 0.42
"""Columns of a matrix are at least so far apart, in sizes of what is in it."""
_MATRIX = (1.15, 1.28)
"""The lines of a matrix are so far apart, in sizes; those of a binomial are not."""
_PARTS = {
    **dict.fromkeys("⎛⎜⎝", "("),
    **dict.fromkeys("⎞⎟⎠", ")"),
    **dict.fromkeys("⎡⎢⎣", "["),
    **dict.fromkeys("⎤⎥⎦", "]"),
    **dict.fromkeys("⎧⎨⎩", "{"),
    **dict.fromkeys("⎫⎬⎭", "}"),
}
_EITHER = frozenset("⎪⏐│⎸⎹")
_ENVIRONMENTS = {
    "()": "pmatrix",
    "[]": "bmatrix",
    "{}": "Bmatrix",
    "||": "vmatrix",
    "∣∣": "vmatrix",
    "‖‖": "Vmatrix",
    "∥∥": "Vmatrix",
}
_SIZES = ((2.6, "Bigg"), (2.0, "bigg"), (1.5, "Big"), (0.0, "big"))

Write = Callable[[Sequence[Piece]], str]
"""Writes pieces as LaTeX."""


def with_whole_brackets(pieces: list[Piece]) -> list[Piece]:
    """The pieces, those that make up one bracket, or one bar, as one."""
    columns: list[list[Piece]] = []
    for piece in sorted((p for p in pieces if _is_part(p)), key=lambda p: (p.start, p.box[1])):
        column = next((c for c in columns if _goes_on(c, piece)), None)
        if column is not None:
            column.append(piece)
        else:
            columns.append([piece])
    for column in columns:
        if len(column) == 1 and column[0].char not in _PARTS and column[0].char not in _EITHER:
            continue
        char = next((_PARTS[p.char] for p in column if p.char in _PARTS), "")
        if not char:
            first = column[0].char
            char = "|" if first in _EITHER or first in "|∣" else "‖" if first == "∥" else first
        whole = built(delimiter(char), column)
        whole.char, whole.axis = char, (whole.box[1] + whole.box[3]) / 2
        whole.role = Role.OPENING if char in PAIRS else Role.BAR if char in "|‖" else Role.CLOSING
        pieces = [*without(pieces, column), whole]
    return pieces


def _is_part(piece: Piece) -> bool:
    # The parts of OpenType fonts are all said to be the whole.
    is_bracket = piece.role in (Role.OPENING, Role.CLOSING, Role.BAR) and bool(piece.char) and piece.is_math
    return piece.char in _PARTS or piece.char in _EITHER or is_bracket


def _goes_on(column: Sequence[Piece], piece: Piece) -> bool:
    last = max(column, key=lambda other: other.box[3])
    if abs(last.start - piece.start) > 0.15 * piece.size:
        return False
    if Role.PART not in (last.role, piece.role) and last.char != piece.char:
        return False
    # Brackets in lines below each other do not touch.
    most = 0.25 if Role.PART in (last.role, piece.role) or piece.role is Role.BAR else 0.03
    return -0.7 * piece.size < piece.box[1] - last.box[3] < most * piece.size


class Fences:
    """Puts together what is between large brackets."""

    def __init__(self, write: Write, *, is_display: bool) -> None:
        self._write = write
        self._is_display = is_display

    def apply(self, pieces: list[Piece]) -> list[Piece]:
        """The pieces, each pair of large brackets as one with what is between them."""
        while True:
            pair = self._innermost(pieces)
            if pair is None:
                break
            opening, closing = pair
            inner = _between(opening, closing, pieces)
            pieces = [*without(pieces, [opening, closing, *inner]), self._pair(opening, closing, inner)]
        return self._with_cases(pieces)

    def _innermost(self, pieces: Sequence[Piece]) -> tuple[Piece, Piece] | None:
        """The narrowest pair of large brackets that belong together."""
        tall = sorted((p for p in pieces if _is_tall(p)), key=lambda piece: piece.start)
        best: tuple[Piece, Piece] | None = None
        open_: list[Piece] = []
        for piece in tall:
            partner = self._partner(open_, piece)
            if partner is not None:
                del open_[open_.index(partner) :]
                if best is None or piece.start - partner.start < best[1].start - best[0].start:
                    best = (partner, piece)
            elif piece.role is not Role.CLOSING:
                open_.append(piece)
        return best

    @staticmethod
    def _partner(open_: Sequence[Piece], piece: Piece) -> Piece | None:
        if piece.role is Role.OPENING:
            return None
        for other in reversed(open_):
            shared = overlap(other.box[1], other.box[3], piece.box[1], piece.box[3])
            if shared < 0.7 * max(other.height, piece.height):
                continue
            if piece.role is Role.BAR and other.char == piece.char:
                return other
            if piece.role is Role.CLOSING and other.role is Role.OPENING:
                return other
        return None

    def _pair(self, opening: Piece, closing: Piece, inner: list[Piece]) -> Piece:
        latex = self._filled(opening, closing, inner)
        whole = built(latex, [opening, *inner, closing])
        whole.axis = (opening.middle[1] + closing.middle[1]) / 2
        whole.size = max(main_size(inner), opening.size if not inner else 0.0)
        whole.baseline = whole.axis + AXIS * whole.size
        return whole

    def _filled(self, opening: Piece, closing: Piece, inner: list[Piece]) -> str:
        rows = lines_of(inner)
        if len(rows) < 2:
            return f"\\left{delimiter(opening.char)} {self._write(inner)} \\right{delimiter(closing.char)}"
        columns = _columns(rows)
        if (
            len(rows) == 2
            and len(columns) == 1
            and opening.char + closing.char == "()"
            and not _MATRIX[0] <= _distance(rows) / main_size(inner) <= _MATRIX[1]
        ):
            over, under = (self._write(row) for row in rows)
            return f"\\binom{{{over}}}{{{under}}}"
        body = self._rows(rows, columns)
        environment = _ENVIRONMENTS.get(opening.char + closing.char)
        if environment is not None:
            return f"\\begin{{{environment}}} {body} \\end{{{environment}}}"
        matrix = f"\\begin{{matrix}} {body} \\end{{matrix}}"
        return f"\\left{delimiter(opening.char)} {matrix} \\right{delimiter(closing.char)}"

    def _rows(self, rows: Sequence[Sequence[Piece]], columns: Sequence[tuple[float, float]]) -> str:
        return " \\\\ ".join(" & ".join(self._cells(row, columns)) for row in rows)

    def _cells(self, row: Sequence[Piece], columns: Sequence[tuple[float, float]]) -> list[str]:
        cells: list[list[Piece]] = [[] for _ in columns]
        for piece in row:
            x = (piece.start + piece.end) / 2
            place = min(range(len(columns)), key=lambda i: max(columns[i][0] - x, x - columns[i][1], 0.0))
            cells[place].append(piece)
        return [self._write(cell) if cell else "" for cell in cells]

    def _with_cases(self, pieces: list[Piece]) -> list[Piece]:
        """The pieces, a large brace or bar without a partner as one with what it belongs to."""
        alone = sorted((p for p in pieces if _is_tall(p)), key=lambda piece: -piece.start)
        for sign in alone:
            if sign.role is Role.OPENING:
                right = [p for p in without(pieces, [sign]) if p.start > sign.start and _is_beside(p, sign)]
                rows = lines_of(right)
                if len(rows) > 1:
                    body = self._rows(rows, _columns(rows))
                    if sign.char == "{":
                        latex = f"\\begin{{cases}} {body} \\end{{cases}}"
                    else:
                        latex = f"\\left{delimiter(sign.char)} \\begin{{matrix}} {body} \\end{{matrix}} \\right."
                    pieces = self._with(pieces, [sign, *right], latex, sign)
                    continue
            elif sign.role is Role.CLOSING and sign.char == "}":
                left = [p for p in without(pieces, [sign]) if p.start < sign.start and _is_beside(p, sign)]
                rows = lines_of(left)
                if len(rows) > 1:
                    body = self._rows(rows, _columns(rows))
                    latex = f"\\begin{{rcases}} {body} \\end{{rcases}}"
                    pieces = self._with(pieces, [*left, sign], latex, sign)
                    continue
            ratio = sign.height / sign.size
            size = next(name for least, name in _SIZES if ratio > least)
            sign.latex = f"\\{size}{delimiter(sign.char)}"
        return pieces

    def _with(self, pieces: list[Piece], parts: list[Piece], latex: str, sign: Piece) -> list[Piece]:
        whole = built(latex, parts)
        whole.axis = sign.middle[1]
        whole.size = main_size(without(parts, [sign]))
        whole.baseline = whole.axis + AXIS * whole.size
        return [*without(pieces, parts), whole]


def _is_tall(piece: Piece) -> bool:
    if piece.role not in (Role.OPENING, Role.CLOSING, Role.BAR) or not piece.char:
        return False
    return piece.height > _TALL * piece.size and not piece.latex.startswith(("\\big", "\\Big"))


def _between(opening: Piece, closing: Piece, pieces: Sequence[Piece]) -> list[Piece]:
    top, bottom = min(opening.box[1], closing.box[1]), max(opening.box[3], closing.box[3])
    return [
        piece
        for piece in pieces
        if piece is not opening
        and piece is not closing
        and opening.start < (piece.start + piece.end) / 2 < closing.start
        and top - _ABOVE * opening.size < piece.middle[1] < bottom + _ABOVE * opening.size
    ]


def _is_beside(piece: Piece, sign: Piece) -> bool:
    return sign.box[1] - 0.3 * piece.size < piece.middle[1] < sign.box[3] + 0.3 * piece.size


def _distance(rows: Sequence[Sequence[Piece]]) -> float:
    """From one line's baseline to the next."""
    baselines = [LineWriter.baseline_of(row) for row in rows]
    return min(abs(after - before) for before, after in pairwise(baselines))


def _columns(rows: Sequence[Sequence[Piece]]) -> list[tuple[float, float]]:
    """Where the columns are: between them is a gap in all rows."""
    size = main_size([piece for row in rows for piece in row])
    found: list[tuple[float, float]] = []
    for start, end in sorted((piece.start, piece.end) for row in rows for piece in row):
        if found and start - found[-1][1] < _COLUMN_GAP * size:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found
