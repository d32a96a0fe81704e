"""Finds what stands above and below: accents, limits of operators, braces, signs put upon others."""

from collections.abc import Callable, Sequence

from engine.convert.formulas.mathpieces import Piece, Role, built, main_size, overlap, without
from engine.convert.formulas.mathsymbols import ACCENTS, FUNCTIONS, INTEGRALS, TAKE_LIMITS
from engine.convert.page.blocks import Box, around

_NEAR = 0.75
"""A limit is at most so far from its operator, in sizes of it."""
_SMALL = 0.85
_WIDE = {"hat": "widehat", "tilde": "widetilde", "bar": "overline", "vec": "overrightarrow"}

Write = Callable[[Sequence[Piece]], str]
"""Writes pieces as LaTeX."""


# --- accents ---


def with_accents(pieces: list[Piece], write: Write) -> list[Piece]:
    """The pieces, those with an accent as one with it."""
    for accent in [piece for piece in pieces if _may_be_accent(piece)]:
        base = _base_of(accent, without(pieces, [accent]))
        if not base:
            continue
        command = ACCENTS[accent.char]
        if len(base) > 1 or (accent.width > 0.7 * base[0].size and command == "hat" and base[0].width > accent.width):
            command = _WIDE.get(command, command)
        inner = write(base)
        latex = "\\hbar" if (command, inner) == ("bar", "h") else f"\\{command}{{{inner}}}"
        whole = built(latex, base, role=Role.BUILT if len(base) > 1 else base[0].role)
        whole.role = Role.ORDINARY if whole.role is Role.WORD else whole.role
        largest = max(base, key=lambda piece: piece.size)
        whole.baseline, whole.axis = largest.baseline, largest.axis
        whole.box = around([*(piece.box for piece in base), _ink(accent)])
        whole.members += accent.members
        pieces = [*without(pieces, [accent, *base]), whole]
    return pieces


def _may_be_accent(piece: Piece) -> bool:
    return (piece.char in ACCENTS and piece.role is not Role.RELATION) or piece.char == "∼"


def _ink(accent: Piece) -> Box:
    """Where an accent is: those of OpenType fonts have no width, and their ink is left of where they stand."""
    if accent.width > 0.05 * accent.size:
        return accent.box
    x0, y0, _, y1 = accent.box
    return (x0 - 0.55 * accent.size, y0, x0 + 0.05 * accent.size, y1)


def _base_of(accent: Piece, pieces: Sequence[Piece]) -> list[Piece]:
    """What stands close below an accent."""
    x0, y0, x1, y1 = _ink(accent)
    middle = (x0 + x1) / 2
    below = [
        piece
        for piece in pieces
        if piece.box[1] > y0 - 0.05 * accent.size
        and -0.25 * piece.size < piece.box[1] - y1 < (0.35 if x1 - x0 < 0.62 * accent.size else 0.55) * piece.size
        and piece.size < 1.3 * accent.size
        and piece.role in (Role.ORDINARY, Role.NUMBER, Role.WORD, Role.BUILT, Role.OPERATOR)
        and (len(piece.latex) < 2 or piece.role is not Role.WORD)
    ]
    if x1 - x0 > 0.62 * accent.size:
        covered = [p for p in below if overlap(p.start, p.end, x0, x1) > 0.4 * (p.end - p.start)]
        if covered:
            return covered
    beneath = [p for p in below if p.start - 0.25 * p.size < middle < p.end + 0.3 * p.size]
    nearest = min(beneath, key=lambda piece: abs(piece.middle[0] - middle), default=None)
    return [nearest] if nearest is not None else []


# --- limits ---


def with_limits(
    pieces: list[Piece], write: Write, *, is_display: bool, bases: Sequence[Piece] | None = None
) -> list[Piece]:
    """The pieces, operators (or `bases`) as one with what stands above and below them."""
    if bases is None:
        bases = [piece for piece in pieces if _takes_limits(piece)]
    for base in sorted(bases, key=lambda piece: piece.size):
        small = [p for p in pieces if p is not base and p.size < _SMALL * base.size]
        above, below = _beside(base, small, -1), _beside(base, small, 1)
        if not above and not below:
            continue
        latex = base.latex
        if base.role is Role.OPERATOR:
            # Where the limits are not where the mathematical style puts them.
            latex += "\\limits" if base.char in INTEGRALS or not is_display else ""
            latex += f"_{{{write(below)}}}" if below else ""
            latex += f"^{{{write(above)}}}" if above else ""
        elif base.role is Role.WORD:
            name = base.latex.removeprefix("\\")
            latex = f"\\{name}" if name in FUNCTIONS and name in TAKE_LIMITS else f"\\operatorname*{{{name}}}"
            latex += f"_{{{write(below)}}}" if below else ""
            latex += f"^{{{write(above)}}}" if above else ""
        else:
            latex = f"\\overset{{{write(above)}}}{{{latex}}}" if above else latex
            latex = f"\\underset{{{write(below)}}}{{{latex}}}" if below else latex
        parts = [base, *above, *below]
        role = base.role if base.role in (Role.RELATION, Role.OPERATOR) else Role.BUILT
        whole = built(latex, parts, role=role)
        whole.size, whole.baseline, whole.axis = base.size, base.baseline, base.axis
        whole.char = base.char
        if base.role is Role.OPERATOR and whole.axis is None:
            whole.axis = base.middle[1]
        pieces = [*without(pieces, parts), whole]
    return pieces


def _takes_limits(piece: Piece) -> bool:
    if piece.role is Role.WORD:
        return piece.latex.removeprefix("\\") in TAKE_LIMITS or len(piece.latex) > 3
    return piece.role in (Role.OPERATOR, Role.RELATION) and "{" not in piece.latex


def _beside(base: Piece, small: Sequence[Piece], direction: int) -> list[Piece]:
    """The small pieces in a row above (-1) or below (1) a base, if their middle is its own."""
    near, far = (3, 1) if direction < 0 else (1, 3)
    edge = base.box[far]
    row = [
        piece
        for piece in small
        if -0.15 * base.size < direction * (piece.box[near] - edge) < _NEAR * base.size
        and direction * (piece.middle[1] - edge) > 0
    ]
    row.sort(key=lambda piece: piece.start)
    groups: list[list[Piece]] = []
    reach = 0.0
    for piece in row:
        if groups and piece.start - reach < 0.35 * base.size:
            groups[-1].append(piece)
            reach = max(reach, piece.end)
        else:
            groups.append([piece])
            reach = piece.end
    middle = base.middle[0]
    for group in groups:
        start, end = min(p.box[0] for p in group), max(p.box[2] for p in group)
        nearest = min(direction * (p.box[near] - edge) for p in group)
        is_centred = abs((start + end) / 2 - middle) < 0.3 * base.size + 0.03 * (end - start)
        if is_centred and overlap(start, end, base.box[0], base.box[2]) > 0 and nearest < 0.6 * base.size:
            return _with_further(base, group, small, direction)
    return []


def _with_further(base: Piece, group: list[Piece], small: Sequence[Piece], direction: int) -> list[Piece]:
    """A limit with the lines of it that are further from the operator."""
    near, far = (3, 1) if direction < 0 else (1, 3)
    start = min(p.start for p in group) - 2 * base.size
    end = max(p.end for p in group) + 2 * base.size
    found = list(group)
    while True:
        reach = max(direction * piece.box[far] for piece in found)
        more = [
            piece
            for piece in without(small, found)
            if start < piece.middle[0] < end
            and direction * (piece.middle[1] - base.middle[1]) > 0
            and -0.6 * piece.size < direction * piece.box[near] - reach < 0.3 * piece.size
            and direction * piece.box[far] > reach
            and abs(piece.middle[0] - base.middle[0]) < 2 * base.size
        ]
        if not more:
            return found
        found += more


# --- braces above and below ---

_TIPS = {"╭": "over", "╮": "over", "╰": "under", "╯": "under"}


def with_braces(pieces: list[Piece], write: Write) -> list[Piece]:
    """The pieces, those with a horizontal brace above or below as one with it and with what is written at it."""
    for brace in _braces(pieces):
        tips, command = brace
        y = tips[0].middle[1]
        tips = [*tips, *(p for p in pieces if p.char == "─" and abs(p.middle[1] - y) < 0.5 * p.size)]
        others = without(pieces, tips)
        x0, y0, x1, y1 = around(tip.box for tip in tips)
        em = tips[0].size
        covered = [p for p in others if x0 - 0.15 * em < (p.start + p.end) / 2 < x1 + 0.15 * em]
        is_over = command == "overbrace"
        inner = [p for p in covered if (p.middle[1] > y0 if is_over else p.middle[1] < y1) and _is_close(p, y0, y1, em)]
        if not inner:
            continue
        note = [
            p
            for p in without(others, inner)
            if (p.box[3] <= y0 + 0.1 * em if is_over else p.box[1] >= y1 - 0.1 * em)
            and _gap(p, y0, y1) < 0.8 * em
            and p.size < 0.9 * main_size(inner)
            and x0 - 3 * em < p.middle[0] < x1 + 3 * em
        ]
        latex = f"\\{command}{{{write(inner)}}}"
        if note:
            latex += f"{'^' if is_over else '_'}{{{write(note)}}}"
        whole = built(latex, [*inner, *note, *tips])
        largest = max(inner, key=lambda piece: piece.size)
        whole.size, whole.baseline, whole.axis = largest.size, largest.baseline, largest.axis
        pieces = [*without(others, [*inner, *note]), whole]
    return pieces


def _braces(pieces: Sequence[Piece]) -> list[tuple[list[Piece], str]]:
    """The horizontal braces: the four pieces of TeX's, or one glyph."""
    found: list[tuple[list[Piece], str]] = []
    for piece in sorted((p for p in pieces if p.char and p.char in "⏞⏟"), key=lambda p: (round(p.baseline), p.start)):
        last = found[-1][0][-1] if found else None
        if last is not None and last.char == piece.char and piece.start - last.box[2] < 0.3 * piece.size:
            found[-1][0].append(piece)
        else:
            found.append(([piece], "overbrace" if piece.char == "⏞" else "underbrace"))
    tips = sorted((p for p in pieces if p.char in _TIPS), key=lambda piece: (round(piece.baseline), piece.start))
    for number in range(0, len(tips) - 3, 4):
        four = tips[number : number + 4]
        shape = "".join(tip.char for tip in four)
        if shape in ("╭╯╰╮", "╰╮╭╯"):
            found.append((four, "overbrace" if shape[0] == "╭" else "underbrace"))
    return found


def _gap(piece: Piece, y0: float, y1: float) -> float:
    return max(piece.box[1] - y1, y0 - piece.box[3])


def _is_close(piece: Piece, y0: float, y1: float, em: float) -> bool:
    return _gap(piece, y0, y1) < 1.6 * em
