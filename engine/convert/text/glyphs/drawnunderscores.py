r"""Reads underscores that are drawn: TeX makes a rule of `\_` in its old encoding of fonts, which has none.

`\textunderscore` of LaTeX (2e, encoding OT1) is a rule 0.3 em wide on the baseline; the gap that it stands in would be
read as a blank.
"""

from collections.abc import Iterable, Iterator, Sequence

from engine.convert.page.blocks import Box, around
from engine.convert.text.textline import Line, Word

_NARROWEST, _WIDEST = 0.2, 0.6
"""In sizes."""
_THICKEST = 0.12
"""In sizes; a stroke's box may be of no height."""
_OFF = 0.06
"""In sizes, from the baseline: fractions have their rules further up, and what underlines further down."""
_BESIDE = 0.15
"""In sizes: how far it may be from the letters that it belongs to, or run into them."""
_BLANK = 0.2
"""In sizes: such a gap after it is one between words."""
_BAND, _MOST_POINTS = 16.0, 2.0
"""Points: a map may have a hundred thousand rules."""


def put_underscores(lines: Sequence[Line], rules: Iterable[Box]) -> None:
    """Put a character in place of each rule that stands between the letters of a word, or right before or after one.

    MuPDF ends a line at such a gap, so what is before it and what is after it may be of two.
    """
    bands: dict[int, list[Line]] = {}
    for line in lines:
        if line.is_upright:
            bands.setdefault(int(line.baseline // _BAND), []).append(line)
    for rule in sorted(rule for rule in rules if rule[3] - rule[1] < _MOST_POINTS and rule[2] - rule[0] < _BAND):
        band = int(rule[1] // _BAND)
        near = [line for number in (band - 1, band, band + 1) for line in bands.get(number, ()) if _is_one(rule, line)]
        beside = [found for line in near for found in _beside(rule, line)]
        if any(is_below for _, _, is_below in beside):
            continue
        for word, is_before, _ in sorted(beside, key=lambda found: not found[1])[:1]:
            _grow(word, rule, is_before=is_before)
            if is_before:
                starts = [word.start for line in near for word in line.words if word.start > rule[0]]
                gap = min(starts, default=rule[2]) - rule[2]
                word.blank_after = _BLANK * word.font.size < gap


def _is_one(rule: Box, line: Line) -> bool:
    """Whether a rule is as high, and as wide, as one would be."""
    x0, y0, x1, y1 = rule
    size = line.size
    return (
        _NARROWEST * size < x1 - x0 < _WIDEST * size
        and y1 - y0 < _THICKEST * size
        and abs((y0 + y1) / 2 - line.baseline) < _OFF * size
    )


def _beside(rule: Box, line: Line) -> Iterator[tuple[Word, bool, bool]]:
    """The words of a line that end or begin where a rule is, whether they end there, and whether they are above it."""
    x0, _, x1, _ = rule
    slack = _BESIDE * line.size
    for word in line.words:
        if abs(word.end - x0) < slack:
            yield word, True, False
        elif abs(word.start - x1) < slack:
            yield word, False, False
        elif word.start < x1 - slack and word.end > x0 + slack:
            yield word, False, True


def _grow(word: Word, rule: Box, *, is_before: bool) -> None:
    if is_before:
        word.text, word.edges = f"{word.text}_", [*word.edges[:-1], rule[0], rule[2]]
    else:
        word.text, word.edges = f"_{word.text}", [rule[0], rule[2], *word.edges[1:]]
    word.box = around([word.box, rule])
    word.raw = ()
