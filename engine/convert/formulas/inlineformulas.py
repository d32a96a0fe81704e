"""Finds formulas in lines of text: letters and signs of mathematics, and what is set together with them."""

from collections.abc import Iterator, Sequence

from engine.convert.formulas.mathpieces import Piece, Role
from engine.convert.formulas.mathrows import Row, is_text
from engine.convert.formulas.mathsymbols import FUNCTIONS, TAKE_LIMITS, TEXTUAL

_TOUCHING = 0.16
"""Gaps, in sizes: what is closer stands together."""
_THIN = 0.24
"""A thin space, as after a comma or the name of a function; a blank between words is wider."""
_WIDE = 0.42
"""Behind a large sign or a function with scripts."""
_BEFORE_COLON = 0.07
_LOOSE = 0.27
"""Between letters of mathematics."""
_THICK = 0.75
"""Around signs, where a line is stretched."""
_STOPS = frozenset(".;:?!“”\"'‘’…„«»–—")
_BRACKETING = {Role.OPENING, Role.CLOSING}
_SPAN = {Role.RELATION, Role.BINARY}
_FREE = frozenset("⟨⟩")
"""Brackets that need no partner."""
_BRACKETS = {")": "([", "]": "([", "}": "{", "⟩": "⟨", "⌋": "⌊", "⌉": "⌈"}


def inline_formulas(row: Row) -> Iterator[list[Piece]]:
    """The formulas in a line of text, as pieces from left to right."""
    run: list[Piece] = []
    name: Piece | None = None
    for before, piece in zip([None, *row.pieces], row.pieces, strict=False):
        if run and not _goes_on(run, piece, row):
            yield from _trimmed(run, row, name)
            run = []
        if run or not _is_apart(piece, row):
            name = before if not run else name
            run.append(piece)
    yield from _trimmed(run, row, name)


def _is_script(piece: Piece, row: Row) -> bool:
    off = abs(piece.baseline - row.baseline)
    return piece.size < 0.88 * row.size and off > 0.06 * row.size and piece.axis is None


def _is_apart(piece: Piece, row: Row) -> bool:
    """Whether a piece is text, with which no formula begins."""
    return is_text(piece) and not _is_script(piece, row)


def _goes_on(run: Sequence[Piece], piece: Piece, row: Row) -> bool:
    """Whether a piece belongs to the formula that may have begun before it."""
    before = run[-1]
    reach = max(other.end for other in run[-4:])
    gap = (piece.start - reach) / row.size
    if _is_script(piece, row):
        return gap < _THIN and (not is_text(before) or piece.is_math or _is_script(before, row))
    if is_text(piece):
        return False
    if before.char in _STOPS and not before.is_math and not (before.char == ":" and _is_set_apart(run)):
        return False
    if piece.char == ":" and (before.is_math or _is_script(before, row)) and gap > _BEFORE_COLON:
        return gap < _THICK
    if piece.role is Role.COMMA or (piece.char in _STOPS and not piece.is_math):
        return gap < (_TOUCHING if not before.is_math else _THIN)
    if before.role is Role.COMMA:
        return gap < _THIN
    if before.role in _SPAN or piece.role in _SPAN:
        return gap < _THICK
    is_behind_script = _is_script(before, row)
    if any(other.role is Role.OPERATOR or (is_behind_script and _is_function(other)) for other in run[-8:]):
        return gap < (_WIDE if piece.is_math else _LOOSE)
    if before.role in _BRACKETING or piece.role in _BRACKETING:
        return gap < (_LOOSE if is_behind_script else _THIN)
    if _is_function(before) or _is_function(piece) or before.role is Role.OPERATOR or piece.role is Role.BUILT:
        return gap < _THIN
    are_mathematics = piece.is_math and (before.is_math or _is_script(before, row))
    return gap < (_LOOSE if are_mathematics else _TOUCHING)


def _is_set_apart(run: Sequence[Piece]) -> bool:
    """Whether there is a gap before the last piece, as before a colon that is a sign of mathematics."""
    return len(run) > 1 and run[-1].start - run[-2].end > _BEFORE_COLON * run[-1].size


def _is_function(piece: Piece) -> bool:
    return piece.role is Role.WORD and piece.latex in FUNCTIONS | TAKE_LIMITS


def _trimmed(run: Sequence[Piece], row: Row, name: Piece | None) -> Iterator[list[Piece]]:
    """What of a run is a formula, if anything; `name` stands before it, and may be that of a function."""
    part = list(run)
    opened = part[0] if part and part[0].role is Role.OPENING else None
    before = -1
    while part and before != len(part):
        before = len(part)
        while part and _is_loose(part[-1], part[-2] if len(part) > 1 else None, row, at_end=True):
            part.pop()
        while part and _is_loose(part[0], part[1] if len(part) > 1 else None, row, at_end=False):
            part.pop(0)
        part = _balanced(part)
    if part and _is_mathematics(part):
        is_argument = opened is not None and (part[0] is opened or part[0] is run[1])
        if name is not None and opened is not None and is_argument and _is_name(name, opened):
            whole = _balanced([name, *run[: run.index(part[-1]) + 1 + (part[0] is not opened)]])
            yield whole if whole[0] is name else part
        else:
            yield part


def _is_name(word: Piece, opened: Piece) -> bool:
    """Whether a word is the name of a function: a bracket stands right behind it."""
    return word.role is Role.WORD and len(word.latex) > 1 and opened.start - word.end < 0.06 * word.size


def _is_loose(piece: Piece, beside: Piece | None, row: Row, *, at_end: bool) -> bool:
    """Whether the first or last piece of a run is none of the formula's."""
    if _is_script(piece, row) and at_end:
        return False
    if piece.role is Role.COMMA or (piece.char in _STOPS and piece.role is not Role.PRIME):
        return True
    if piece.is_math:
        return False
    if piece.role in _SPAN:
        if at_end and piece is row.pieces[-1] and piece.char not in "-–:":
            return False  # The formula goes on in the next line.
        return at_end or piece.char in "-–:=" or beside is None
    if piece.role is Role.NUMBER or (piece.role is Role.WORD and len(piece.latex) == 1):
        return beside is None
    return is_text(piece) or (_is_function(piece) and (at_end or beside is None))


def _balanced(part: list[Piece]) -> list[Piece]:
    """A run without brackets at its ends that have no partner in it."""
    open_: list[int] = []
    unmatched: list[int] = []
    for number, piece in enumerate(part):
        if piece.char in _FREE:
            continue
        if piece.role is Role.OPENING:
            open_.append(number)
        elif piece.role is Role.CLOSING:
            if open_ and part[open_[-1]].char in _BRACKETS.get(piece.char, "([{"):
                open_.pop()
            else:
                unmatched.append(number)
    if not open_ and not unmatched:
        has_own = len(part) > 2 and part[0].role is Role.OPENING and part[-1].role is Role.CLOSING
        if has_own and not part[0].is_math and _closes(part) and not any(p.role is Role.COMMA for p in part):
            return part[1:-1]
        return part
    loose = [*unmatched, *open_]
    first = max((number for number in loose if number < len(part) / 2), default=-1)
    last = min((number for number in loose if number >= len(part) / 2), default=len(part))
    return part[first + 1 : last]


def _closes(part: Sequence[Piece]) -> bool:
    """Whether the first bracket is closed by the last one."""
    depth = 0
    for number, piece in enumerate(part):
        depth += (piece.role is Role.OPENING) - (piece.role is Role.CLOSING)
        if not depth:
            return number == len(part) - 1
    return False


def _is_mathematics(part: Sequence[Piece]) -> bool:
    """Whether there is something in it that no text has."""
    telling = [piece for piece in part if piece.is_math and piece.char not in TEXTUAL and piece.char not in _STOPS]
    if any(_tells(piece) for piece in telling):
        return True
    signs = [piece for piece in part if piece.is_math and piece.role in _SPAN]
    operands = [piece for piece in part if piece.role is Role.NUMBER]
    return bool(signs and operands)


def _tells(piece: Piece) -> bool:
    """Whether a piece makes a formula alone: a letter or something built."""
    if piece.role in _SPAN or piece.role in (Role.COMMA, Role.OPENING, Role.CLOSING, Role.BAR):
        return False
    return piece.role is not Role.NUMBER
