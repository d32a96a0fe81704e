"""Finds what horizontal lines make of the pieces around them: fractions, roots, and what is lined above or below."""

from collections.abc import Callable, Sequence

from engine.convert.formulas.mathpieces import AXIS, Piece, Role, Rule, Unreadable, built, main_size, without
from engine.convert.page.blocks import around

_TOUCHES = 0.8
"""What stands nearest to a fraction's bar is so near, in sizes of it."""
_GOES_ON = 0.25
"""What stands further off leaves no larger gap than this."""
_SLACK, _OUTSIDE = 0.15, 0.4
"""The middle of what stands above or below a line is at most so far outside, and its ends are."""

Write = Callable[[Sequence[Piece]], str]
"""Writes pieces as LaTeX."""


def with_bars(pieces: list[Piece], rules: Sequence[Rule], write: Write) -> list[Piece]:
    """The pieces, those that lines belong to as one each; lines that belong to nothing are left."""
    for rule in sorted(rules, key=lambda rule: rule.length):
        near = [p for p in pieces if p.end > rule.start - p.size and p.start < rule.end + p.size]
        if any(_is_tip(piece, rule) for piece in near):
            continue
        made = _root(rule, near, write) or _fraction(rule, near, rules, write) or _lined(rule, near, rules, write)
        if made is not None:
            whole, parts = made
            pieces = [*without(pieces, parts), whole]
    return pieces


def _is_tip(piece: Piece, rule: Rule) -> bool:
    """Whether a piece is the end or the middle of a brace that a line is a part of."""
    if piece.role is not Role.PART or piece.char not in "╭╮╰╯":
        return False
    aside = min(abs(piece.end - rule.start), abs(piece.start - rule.end))
    return aside < 0.3 * piece.size and abs(piece.middle[1] - rule.y) < 0.4 * piece.size


def _within(rule: Rule, pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces that have most of their width above or below a line."""
    return [
        piece
        for piece in pieces
        if rule.start - _SLACK * piece.size <= (piece.start + piece.end) / 2 <= rule.end + _SLACK * piece.size
        and piece.start >= rule.start - _OUTSIDE * piece.size
        and piece.end <= rule.end + _OUTSIDE * piece.size
    ]


# --- roots ---


def _root(rule: Rule, pieces: Sequence[Piece], write: Write) -> tuple[Piece, list[Piece]] | None:
    for sign in pieces:
        if sign.role is not Role.RADICAL:
            continue
        reach = 0.2 * sign.size
        if abs(rule.start - sign.box[2]) > reach or abs(rule.y - sign.box[1]) > reach:
            continue
        inner = [
            piece
            for piece in _within(rule, pieces)
            if piece is not sign
            and (piece.start + piece.end) / 2 < rule.end
            and piece.box[1] > rule.y - 0.15 * piece.size
            and piece.middle[1] < sign.box[3] + 0.2 * sign.size
            and piece.start >= rule.start - 0.25 * piece.size
        ]
        if not inner:
            return None
        index = [
            piece
            for piece in pieces
            if piece.size < 0.8 * main_size(inner)
            and sign.box[0] + 0.1 * sign.size < piece.box[2]
            and piece.middle[0] < sign.box[0] + 0.7 * sign.width
            and piece.box[3] < sign.middle[1] + 0.25 * sign.height
            and piece.box[1] > sign.box[1] - 0.6 * sign.size
        ]
        order = f"[{write(index)}]" if index else ""
        parts = [sign, *index, *inner]
        whole = built(f"\\sqrt{order}{{{write(inner)}}}", parts)
        largest = max(inner, key=lambda piece: piece.size)
        whole.size, whole.baseline, whole.axis = largest.size, largest.baseline, largest.axis
        whole.end = max(whole.end, rule.end)
        return whole, parts
    return None


# --- fractions ---


def _fraction(
    rule: Rule, pieces: Sequence[Piece], rules: Sequence[Rule], write: Write
) -> tuple[Piece, list[Piece]] | None:
    inside = _within(rule, pieces)
    above = _grown([p for p in inside if p.box[3] <= rule.y + 0.1 * p.size], rule.y, -1)
    below = _grown([p for p in inside if p.box[1] >= rule.y - 0.1 * p.size], rule.y, 1)
    if not above or not below or not _is_fraction(rule, above, below, pieces):
        return None
    if any(_is_between(other, rule, part) for other in rules if other is not rule for part in (above, below)):
        return None
    over, under = write(above), write(below)
    whole = built(f"\\frac{{{over}}}{{{under}}}", [*above, *below], axis=rule.y)
    whole.start, whole.end = min(whole.start, rule.start), max(whole.end, rule.end)
    whole.box = around([whole.box, (rule.start, rule.y, rule.end, rule.y)])
    return whole, [*above, *below]


def _grown(pieces: Sequence[Piece], y: float, direction: int) -> list[Piece]:
    """Those of the pieces on one side of a line that hang together with it; direction -1 is up."""
    found: list[Piece] = []
    near, far = (3, 1) if direction < 0 else (1, 3)
    reach = y
    for piece in sorted(pieces, key=lambda piece: direction * piece.box[near]):
        gap = direction * (piece.box[near] - reach)
        if gap > (_GOES_ON if found else _TOUCHES) * piece.size:
            break
        found.append(piece)
        reach = direction * max(direction * reach, direction * piece.box[far])
    return found


def _is_fraction(rule: Rule, above: Sequence[Piece], below: Sequence[Piece], pieces: Sequence[Piece]) -> bool:
    """Whether a line looks like the bar between two parts: as long as the longer one, with both about its middle."""
    em = max(main_size(above), main_size(below))
    middle = (rule.start + rule.end) / 2
    longest = 0.0
    for part in (above, below):
        start, end = min(p.start for p in part), max(p.end for p in part)
        longest = max(longest, end - start)
        if abs((start + end) / 2 - middle) > 0.5 * em + 0.05 * rule.length:
            return False
        if _runs_on(part, pieces):
            return False
    return rule.length - longest < 0.9 * em


def _runs_on(part: Sequence[Piece], pieces: Sequence[Piece]) -> bool:
    """Whether the text of a part goes on beside it, as that of a line above or below an underlined word."""
    words = [piece for piece in part if piece.role is Role.WORD and not piece.is_math and len(piece.latex) > 1]
    if not words:
        return False
    start, end, baseline = min(p.start for p in part), max(p.end for p in part), words[0].baseline
    return any(
        piece.role in (Role.WORD, Role.COMMA)
        and abs(piece.baseline - baseline) < 0.1 * piece.size
        and (-0.1 < (piece.start - end) / piece.size < 0.5 or -0.1 < (start - piece.end) / piece.size < 0.5)
        for piece in without(pieces, part)
    )


def _is_between(other: Rule, rule: Rule, part: Sequence[Piece]) -> bool:
    """Whether another line parts a line from most of what stands above or below it."""
    if other.start > rule.start + 1 or other.end < rule.end - 1:
        return False
    y = sum(piece.middle[1] for piece in part) / len(part)
    return min(y, rule.y) + 0.5 < other.y < max(y, rule.y) - 0.5


# --- lines above and below ---


def _lined(
    rule: Rule, pieces: Sequence[Piece], rules: Sequence[Rule], write: Write
) -> tuple[Piece, list[Piece]] | None:
    """What has a line above or below it."""
    inside = _within(rule, pieces)
    for command, direction in (("overline", 1), ("underline", -1)):
        near, far = (1, 3) if direction > 0 else (3, 1)
        side = [p for p in inside if direction * (p.middle[1] - rule.y) > 0]
        part = _grown([p for p in side if direction * (p.box[near] - rule.y) > -0.1 * p.size], rule.y, direction)
        part = [p for p in part if direction * (p.box[far] - rule.y) < 1.6 * main_size(part)]
        if not part or not any(piece.is_math or piece.role is Role.NUMBER for piece in part):
            continue
        em = main_size(part)
        start, end = min(p.start for p in part), max(p.end for p in part)
        nearest = min(direction * (piece.box[near] - rule.y) for piece in part)
        if nearest > 0.4 * em or abs(rule.start - start) > 0.4 * em or abs(rule.end - end) > 0.4 * em:
            continue
        if any(_is_between(other, rule, part) for other in rules if other is not rule):
            continue
        whole = built(f"\\{command}{{{write(part)}}}", part)
        largest = max(part, key=lambda piece: piece.size)
        whole.baseline, whole.axis = largest.baseline, largest.axis
        whole.box = around([whole.box, (rule.start, rule.y, rule.end, rule.y)])
        return whole, part
    return None


def axis_of(piece: Piece) -> float:
    """The height of the axis that a piece stands on."""
    return piece.axis if piece.axis is not None else piece.baseline - AXIS * piece.size


def refuse_unread(pieces: Sequence[Piece]) -> None:
    """Raise `Unreadable` if a piece has found nothing that it belongs to."""
    if any(piece.role in (Role.RADICAL, Role.PART) for piece in pieces):
        raise Unreadable
