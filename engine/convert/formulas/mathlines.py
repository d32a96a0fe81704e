"""Writes one line of a formula: scripts at what they belong to, words as what they are, gaps as gaps."""

from collections.abc import Callable, Sequence

from engine.convert.formulas.bars import axis_of
from engine.convert.formulas.mathpieces import AXIS, Piece, Role, main_size
from engine.convert.formulas.mathsymbols import FUNCTIONS, PRIMES

_SCRIPT = 0.88
"""A script is smaller than this share of its line."""
_RAISED, _LOWERED = 0.15, 0.06
"""How far off the baseline scripts stand at least, in sizes."""
_LINES_APART = 0.75
"""The baselines of two lines are at least so far apart, in sizes."""
_QUAD, _QQUAD = 0.9, 1.9
_WORD_GAP = 0.18
"""A gap between words, in sizes."""

Write = Callable[[Sequence[Piece]], str]
"""Writes pieces as LaTeX."""


def lines_of(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Pieces as lines from top to bottom, by the baselines of those that are no scripts."""
    size = main_size(pieces)
    lines: list[list[Piece]] = []
    heights: list[float] = []
    mains = [piece for piece in pieces if piece.size > _SCRIPT * size or piece.axis is not None]
    mains = [piece for piece in mains if not _is_tall_script(piece, size)]
    for piece in sorted(mains, key=lambda p: (axis_of(p), p.start)):
        place = next((i for i, y in enumerate(heights) if abs(y - axis_of(piece)) < 0.4 * size), None)
        if place is None:
            lines.append([piece])
            heights.append(axis_of(piece))
        else:
            lines[place].append(piece)
    if not lines:
        return [list(pieces)] if pieces else []
    _join_close(lines, heights, size)
    taken = {id(piece) for line in lines for piece in line}
    for piece in pieces:
        if id(piece) not in taken:
            nearest = min(range(len(lines)), key=lambda i: _distance(piece, lines[i], heights[i]))
            lines[nearest].append(piece)
    order = sorted(range(len(lines)), key=lambda i: heights[i])
    return [sorted(lines[i], key=lambda piece: piece.start) for i in order]


def _is_tall_script(piece: Piece, size: float) -> bool:
    """Whether it is something built in small letters, as a fraction in an exponent."""
    return piece.axis is not None and piece.size < _SCRIPT * size


def _join_close(lines: list[list[Piece]], heights: list[float], size: float) -> None:
    """Join lines that are too close to be two: one of them holds what stands off its own line."""
    place = 1
    while place < len(lines):
        if abs(heights[place] - heights[place - 1]) < _LINES_APART * size:
            if sum(p.end - p.start for p in lines[place]) > sum(p.end - p.start for p in lines[place - 1]):
                heights[place - 1] = heights[place]
            lines[place - 1] += lines.pop(place)
            heights.pop(place)
        else:
            place += 1


def _distance(piece: Piece, line: Sequence[Piece], height: float) -> float:
    """How far a script is from a line that it may belong to: what stands right before it counts most."""
    y = piece.middle[1]
    before = [other for other in line if other.end <= piece.start + 0.3 * other.size]
    last = max(before, key=lambda other: other.end, default=None)
    if last is None:
        return abs(y - height) + 5 * piece.size
    aside = max(piece.start - last.end, 0.0)
    off = max(last.box[1] - piece.box[3], piece.box[1] - last.box[3], 0.0)
    return abs(y - height) * 0.2 + off * 2 + min(aside, 3 * piece.size)


class LineWriter:
    """Writes a line."""

    def __init__(self, write: Write) -> None:
        self._write = write

    @staticmethod
    def baseline_of(pieces: Sequence[Piece]) -> float:
        """Of most of the pieces that are no scripts."""
        size = main_size(pieces)
        plain = [p for p in pieces if p.size > _SCRIPT * size and p.axis is None] or [
            p for p in pieces if p.size > _SCRIPT * size
        ]
        weights: dict[float, float] = {}
        for piece in plain:
            height = round(axis_of(piece) + AXIS * size, 0)
            weights[height] = weights.get(height, 0.0) + max(piece.end - piece.start, 0.1)
        best = max(weights, key=lambda height: weights[height])
        near = [axis_of(p) + AXIS * size for p in plain if abs(axis_of(p) + AXIS * size - best) <= 1]
        return sum(near) / len(near)

    def line(self, pieces: Sequence[Piece]) -> str:
        """Pieces that stand side by side, as LaTeX."""
        ordered = sorted(pieces, key=lambda piece: (piece.start, piece.end))
        if not ordered:
            return ""
        size, baseline = main_size(ordered), self.baseline_of(ordered)
        out: list[str] = []
        base: Piece | None = None
        reach = 0.0
        number = 0
        while number < len(ordered):
            piece = ordered[number]
            level = _level(piece, base, size, baseline)
            if level:
                scripts = [piece]
                while number + 1 < len(ordered) and _level(ordered[number + 1], base, size, baseline):
                    number += 1
                    scripts.append(ordered[number])
                self._add_scripts(out, base, scripts, size, baseline)
                reach = max(reach, *(script.end for script in scripts))
                number += 1
                continue
            words = self._words(ordered, number, size, baseline)
            if words > 1 or (piece.role is Role.WORD and _is_text(ordered, number, size)):
                taken = ordered[number : number + words]
                self._gap(out, base, piece.start - reach, size)
                out.append(_text(taken, ordered, number, size))
                base = taken[-1]
                reach = max(base.end, base.box[2])
                number += words
                continue
            self._gap(out, base, piece.start - reach, size)
            out.append(_written(piece))
            base = piece
            reach = max(piece.end, piece.box[2])
            number += 1
        return _joined(out)

    def _gap(self, out: list[str], before: Piece | None, gap: float, size: float) -> None:
        if before is None or not out:
            return
        if gap > _QQUAD * size:
            out.append("\\qquad")
        elif gap > _QUAD * size:
            out.append("\\quad")

    def _words(self, ordered: Sequence[Piece], number: int, size: float, baseline: float) -> int:
        """How many pieces from here on are words of a text, with blanks between them."""
        if ordered[number].role is not Role.WORD:
            return 0
        count = 1
        while number + count < len(ordered):
            before, piece = ordered[number + count - 1], ordered[number + count]
            gap = piece.start - before.end
            if (
                piece.role is not Role.WORD
                or _level(piece, before, size, baseline)
                or not _WORD_GAP * size < gap < _QUAD * size
                or piece.latex in FUNCTIONS
                or before.latex in FUNCTIONS
            ):
                break
            count += 1
        return count

    def _add_scripts(
        self, out: list[str], base: Piece | None, scripts: Sequence[Piece], size: float, baseline: float
    ) -> None:
        above = [piece for piece in scripts if _level(piece, base, size, baseline) > 0]
        below = [piece for piece in scripts if _level(piece, base, size, baseline) < 0]
        if base is None or not out:
            out.append("{}")
        primes = ""
        while above and above[0].role is Role.PRIME:
            primes += "'" * PRIMES[above.pop(0).char]
        written = primes
        if below:
            written += f"_{{{self._write(below)}}}"
        if above:
            written += f"^{{{self._write(above)}}}"
        if base is not None and base.role is Role.BUILT and _has_scripts(out[-1]):
            out[-1] = f"{{{out[-1]}}}"
        out[-1] += written


def _has_scripts(latex: str) -> bool:
    """Whether a piece ends in scripts, so that more of them would be an error."""
    depth = 0
    for char in latex:
        depth += (char == "{") - (char == "}")
        if not depth and char in "^_":
            return not latex.startswith(("\\sum", "\\int", "\\prod", "\\big", "\\operatorname"))
    return False


def _level(piece: Piece, base: Piece | None, size: float, baseline: float) -> int:
    """1 of what stands above the line as a script, -1 below, 0 on it."""
    if piece.role is Role.PRIME:
        return 1
    axis = baseline - AXIS * size
    if piece.axis is not None:
        off = axis - piece.axis
        if abs(off) < 0.25 * size or (piece.size > _SCRIPT * size and abs(off) < 0.6 * size):
            return 0
        return _side(piece, base, baseline, size)
    rise = baseline - piece.baseline
    if piece.size > _SCRIPT * size:
        return 0 if abs(rise) < 0.35 * size or base is None else (1 if rise > 0 else -1)
    if piece.role in (Role.OPENING, Role.CLOSING, Role.BAR) and piece.height > 1.6 * piece.size:
        return 0
    if base is not None and (base.axis is not None or base.role is Role.OPERATOR or base.height > 1.3 * base.size):
        return _side(piece, base, baseline, size)
    if rise > _RAISED * size:
        return 1
    return -1 if rise < -_LOWERED * size else 0


def _side(piece: Piece, base: Piece | None, baseline: float, size: float) -> int:
    middle = piece.middle[1]
    if base is not None and (base.axis is not None or base.role is Role.OPERATOR):
        return 1 if middle < base.middle[1] else -1
    return 1 if middle < baseline - AXIS * size else -1


def _is_text(ordered: Sequence[Piece], number: int, size: float) -> bool:
    """Whether a word is text, which has blanks around it, and no name of a function or a variable."""
    piece = ordered[number]
    if len(piece.latex) < 2 or piece.latex in FUNCTIONS:
        return False
    before = ordered[number - 1] if number else None
    after = ordered[number + 1] if number + 1 < len(ordered) else None
    if after is not None and after.role in (Role.OPENING, Role.PRIME) and after.start - piece.end < _WORD_GAP * size:
        return False
    has_room = [
        other is None or gap > _WORD_GAP * size
        for other, gap in (
            (before, piece.start - before.end if before else 0.0),
            (after, after.start - piece.end if after else 0.0),
        )
    ]
    return all(has_room) and (before is not None or after is not None) and piece.size >= 0.9 * size


def _text(words: Sequence[Piece], ordered: Sequence[Piece], number: int, size: float) -> str:
    """Words in a formula, with the blanks that are around them."""
    text = " ".join(word.latex for word in words)
    before = ordered[number - 1] if number else None
    after = ordered[number + len(words)] if number + len(words) < len(ordered) else None
    lead = " " if before is not None and _WORD_GAP < (words[0].start - before.end) / size < _QUAD else ""
    trail = " " if after is not None and _WORD_GAP < (after.start - words[-1].end) / size < _QUAD else ""
    return f"\\text{{{lead}{text}{trail}}}"


def _written(piece: Piece) -> str:
    if piece.role is not Role.WORD:
        return piece.latex
    if piece.latex in FUNCTIONS and not piece.is_bold:
        return f"\\{piece.latex}"
    if piece.is_italic and len(piece.latex) < 4 and not piece.is_bold:
        return " ".join(piece.latex)
    command = "mathbf" if piece.is_bold else "mathit" if piece.is_italic and len(piece.latex) > 1 else "mathrm"
    return piece.latex if piece.is_italic and len(piece.latex) == 1 else f"\\{command}{{{piece.latex}}}"


def _joined(parts: Sequence[str]) -> str:
    """Parts with the blanks that LaTeX needs, and those that make it easy to read."""
    out = ""
    for part in parts:
        if out and part and not (_is_digit(out[-1]) and _is_digit(part[0])) and not _is_tight(out, part):
            out += " "
        out += part
    return out


def _is_tight(before: str, after: str) -> bool:
    """Whether no blank is wanted, as inside of brackets and before commas."""
    if after[0] in ")],!'" or (before[-1] in "([" and not before.endswith(("\\left(", "\\left["))):
        return not before.endswith(("\\\\", "&"))
    return after[0] in "([" and (before[-1].isalnum() or before[-1] in "})]'")


def _is_digit(char: str) -> bool:
    return char.isdigit() or char == "."
