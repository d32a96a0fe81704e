"""Signs that are set as several glyphs: negated ones, long arrows, dots."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise

from engine.convert.formulas.mathpieces import Piece, Role, built, without
from engine.convert.formulas.mathsymbols import NEGATION

_NEGATED = {
    "=": "\\neq",
    "∈": "\\notin",
    "∃": "\\nexists",
    "∣": "\\nmid",
    "|": "\\nmid",
    "∥": "\\nparallel",
    "≡": "\\not\\equiv",
    "⊂": "\\not\\subset",
    "⊆": "\\nsubseteq",
    "⊇": "\\nsupseteq",
    "≤": "\\nleq",
    "≥": "\\ngeq",
    "<": "\\nless",
    ">": "\\ngtr",
    "∼": "\\nsim",
    "≅": "\\ncong",
    "→": "\\nrightarrow",
    "←": "\\nleftarrow",
    "⪯": "\\npreceq",
    "⪰": "\\nsucceq",
    "≺": "\\nprec",
    "≻": "\\nsucc",
}
_TOUCHING: dict[str, tuple[str, Role]] = {
    "↦→": ("\\mapsto", Role.RELATION),
    "↦−→": ("\\longmapsto", Role.RELATION),
    "−→": ("\\longrightarrow", Role.RELATION),
    "←−": ("\\longleftarrow", Role.RELATION),
    "=⇒": ("\\Longrightarrow", Role.RELATION),
    "⇐=": ("\\Longleftarrow", Role.RELATION),
    "⇐⇒": ("\\Longleftrightarrow", Role.RELATION),
    "←→": ("\\longleftrightarrow", Role.RELATION),
    "↪→": ("\\hookrightarrow", Role.RELATION),
    "←↩": ("\\hookleftarrow", Role.RELATION),
    "|=": ("\\models", Role.RELATION),
    "∫∫∫": ("\\iiint", Role.OPERATOR),
    "∫∫": ("\\iint", Role.OPERATOR),
    "::=": ("::=", Role.RELATION),
}
"""Glyphs that run into each other."""
_DOTS = {".": "\\ldots", "·": "\\cdots", "⋅": "\\cdots", "∙": "\\cdots"}


def with_ligatures(pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces, those that are one sign as one."""
    found = _with_upright_dots(list(pieces))
    found.sort(key=lambda piece: (round(piece.baseline, 0), piece.start))
    found = _with_dots(found)
    out: list[Piece] = []
    number = 0
    while number < len(found):
        made = _negated(found, number) or _touching(found, number)
        if made is None:
            out.append(found[number])
            number += 1
        else:
            whole, count = made
            out.append(whole)
            number += count
    return out


def _negated(pieces: Sequence[Piece], number: int) -> tuple[Piece, int] | None:
    """A stroke and the sign that it is through."""
    for first, second in ((0, 1), (1, 0)):
        pair = pieces[number : number + 2]
        if len(pair) < 2:
            return None
        stroke, sign = pair[first], pair[second]
        if stroke.char != NEGATION or not sign.char or abs(stroke.baseline - sign.baseline) > 0.2 * sign.size:
            continue
        if not -0.3 * sign.size < stroke.start - sign.start < sign.end - sign.start - 0.15 * sign.size:
            continue
        whole = built(_NEGATED.get(sign.char, f"\\not{{{sign.latex}}}"), pair, role=sign.role)
        whole.box, whole.start, whole.end, whole.baseline = sign.box, sign.start, sign.end, sign.baseline
        whole.has_blank = pair[1].has_blank
        return whole, 2
    return None


def _touching(pieces: Sequence[Piece], number: int) -> tuple[Piece, int] | None:
    for length in (3, 2):
        part = pieces[number : number + length]
        if len(part) < length:
            continue
        known = _TOUCHING.get("".join(piece.char for piece in part))
        if known is None or any(not _is_tied(a, b) for a, b in pairwise(part)):
            continue
        whole = built(known[0], part, role=known[1])
        whole.char = {"\\iint": "∬", "\\iiint": "∭"}.get(known[0], "→")
        whole.baseline = part[-1].baseline
        return whole, length
    return None


def _is_tied(before: Piece, after: Piece) -> bool:
    if abs(before.baseline - after.baseline) > 0.1 * after.size or before.size != after.size:
        return False
    return after.start - before.end < -0.05 * after.size or (
        before.char in "↦↪|" and abs(after.start - before.end) < 0.1 * after.size
    )


def _with_dots(pieces: list[Piece]) -> list[Piece]:
    """Three dots in a row as one."""
    out: list[Piece] = []
    number = 0
    while number < len(pieces):
        three = pieces[number : number + 3]
        if len(three) == 3 and three[0].char in _DOTS and _are_dots(three):
            whole = built(_DOTS[three[0].char], three, role=Role.ORDINARY)
            whole.char, whole.is_math = "…", any(piece.is_math for piece in three)
            out.append(whole)
            number += 3
        else:
            out.append(pieces[number])
            number += 1
    return out


def _are_dots(three: Sequence[Piece]) -> bool:
    first = three[0]
    steps = [b.start - a.start for a, b in pairwise(three)]
    return (
        all(piece.char == first.char and abs(piece.baseline - first.baseline) < 0.5 for piece in three)
        and all(0.2 * first.size < step < 0.7 * first.size for step in steps)
        and abs(steps[0] - steps[1]) < 0.15 * first.size
    )


def _with_upright_dots(pieces: list[Piece]) -> list[Piece]:
    """Three dots one above the other, or going down to the right, as one."""
    dots = _Dots([piece for piece in pieces if piece.char == "."])
    there = set(map(id, dots))
    for top in dots:
        if id(top) not in there:
            continue
        for latex, step in (("\\vdots", 0.0), ("\\ddots", 1.0)):
            three = [top]
            while (dot := dots.below(three[-1], step)) is not None:
                three.append(dot)
            if len(three) == 3:
                whole = built(latex, three, axis=three[1].middle[1], role=Role.ORDINARY)
                whole.char = "⋮" if step == 0 else "⋱"
                pieces = [*without(pieces, three), whole]
                there.difference_update(map(id, three))
                break
    return pieces


class _Dots:
    """Dots from the top down: a table of contents has thousands, and each is asked for the next below it."""

    def __init__(self, dots: list[Piece]) -> None:
        self._dots = sorted(dots, key=lambda piece: piece.baseline)
        self._baselines = [dot.baseline for dot in self._dots]
        self._least = min((dot.size for dot in dots), default=0.0)
        self._most = max((dot.size for dot in dots), default=0.0)

    def __iter__(self) -> Iterator[Piece]:
        return iter(self._dots)

    def below(self, last: Piece, step: float) -> Piece | None:
        """The first one that goes on downwards, or to the right by a `step` too."""
        first = bisect_right(self._baselines, last.baseline + 0.2 * self._least)
        for dot in islice(self._dots, first, None):
            down, aside = dot.baseline - last.baseline, dot.start - last.start
            if down >= 0.55 * self._most:
                return None
            if 0.2 * dot.size < down < 0.55 * dot.size and (
                abs(aside) < 0.05 * dot.size if step == 0 else 0.2 * dot.size < aside < 0.7 * dot.size
            ):
                return dot
        return None
