"""Builds a formula from its glyphs and lines, from the inside out, and writes it as LaTeX."""

from collections.abc import Sequence
from itertools import pairwise

from engine.convert.formulas.bars import refuse_unread, with_bars
from engine.convert.formulas.fences import Fences, with_whole_brackets
from engine.convert.formulas.ligatures import with_ligatures
from engine.convert.formulas.marks import with_accents, with_braces, with_limits
from engine.convert.formulas.mathlines import LineWriter, lines_of
from engine.convert.formulas.mathpieces import Piece, Role, Rule, Unreadable, main_size

_MOST_PIECES = 1500
"""Of one formula; what has more is none."""


class FormulaTree:
    """Writes pieces of a page as LaTeX."""

    def __init__(self, *, is_display: bool) -> None:
        self._is_display = is_display
        self._lines = LineWriter(self.write)
        self._fences = Fences(self.write, is_display=is_display)

    def write(self, pieces: Sequence[Piece]) -> str:
        """Pieces without lines as LaTeX; raises `Unreadable` if they cannot be made out."""
        if len(pieces) > _MOST_PIECES:
            raise Unreadable
        ready = with_whole_brackets(list(pieces))
        ready = with_accents(ready, self.write)
        ready = with_braces(ready, self.write)
        ready = with_limits(ready, self.write, is_display=self._is_display)
        ready = self._fences.apply(ready)
        refuse_unread(ready)
        rows = lines_of(ready)
        if len(rows) < 2:
            return self._lines.line(ready)
        return self._several(rows)

    def with_bars(self, pieces: Sequence[Piece], rules: Sequence[Rule]) -> list[Piece]:
        """The pieces, fractions and roots as one each."""
        return with_bars(with_ligatures(pieces), rules, self.write)

    def with_limits(self, pieces: Sequence[Piece]) -> list[Piece]:
        """The pieces of a page, large operators as one with what stands above and below them."""
        signs = [piece for piece in pieces if piece.role is Role.OPERATOR]
        return with_limits(list(pieces), self.write, is_display=False, bases=signs) if signs else list(pieces)

    def _several(self, rows: Sequence[Sequence[Piece]]) -> str:
        """Lines below each other: aligned at their first relations if those are, else just that."""
        size = main_size([piece for row in rows for piece in row])
        places = [next((p for p in row if p.role is Role.RELATION), None) for row in rows]
        firsts = [place.start for place in places if place is not None]
        is_aligned = len(firsts) > 1 and all(abs(b - a) < 0.25 * size for a, b in pairwise(firsts))
        written = []
        for row, place in zip(rows, places, strict=True):
            if is_aligned and place is not None:
                left = [piece for piece in row if piece.start < place.start]
                right = [piece for piece in row if piece.start >= place.start]
                written.append(f"{self._lines.line(left)} & {self._lines.line(right)}".strip())
            elif is_aligned:
                written.append(f"& {self._lines.line(row)}")
            else:
                written.append(self._lines.line(row))
        environment = "aligned" if is_aligned else "gathered"
        if not self._is_display:
            environment = "matrix"
        if all(piece.size < 0.8 * size for row in rows for piece in row):
            environment = "matrix"
        body = " \\\\ ".join(written)
        return f"\\begin{{{environment}}} {body} \\end{{{environment}}}"
