"""Finds the thin lines that are drawn through text, not those below it: what they run through is struck out."""

from bisect import bisect_right
from collections.abc import Iterable
from typing import Any, Self

from engine.convert.page.blocks import Box

_THIN = 2.0
"""In points; a line is three times as long as it is thick as well."""
_LOWEST, _HIGHEST = 0.18, 0.5
"""Of the font size above the baseline: lower is a line below text, higher one above it."""
_BAND = 10.0


class Strikes:
    """The thin horizontal lines of a page, found by their height."""

    def __init__(self, boxes: Iterable[Box] = ()) -> None:
        self._bands: dict[int, list[Box]] = {}
        middles: list[float] = []
        for box in boxes:
            x0, y0, x1, y1 = box
            if y1 - y0 < _THIN and x1 - x0 > 3 * (y1 - y0):
                self._bands.setdefault(int(y0 // _BAND), []).append(box)
                middles.append((y0 + y1) / 2)
        self._middles = sorted(middles)

    @classmethod
    def of(cls, blocks: Iterable[dict[str, Any]]) -> Self:
        """From the blocks of a dictionary of PyMuPDF's, with vector graphics."""
        return cls(tuple(block["bbox"]) for block in blocks if block["type"] == 3)

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self._bands)

    def may_run_through(self, baseline: float, size: float) -> bool:
        """Whether there is any at the height of a line of upright text, from wherever to wherever."""
        at = bisect_right(self._middles, baseline - _HIGHEST * size)
        return at < len(self._middles) and self._middles[at] < baseline - _LOWEST * size

    def through(self, baseline: float, size: float, start: float, end: float) -> list[tuple[float, float]]:
        """From where to where lines run through a line of upright text: those that are no longer than it is."""
        top, bottom = baseline - _HIGHEST * size, baseline - _LOWEST * size
        return [
            (x0, x1)
            for band in range(int(top // _BAND), int(bottom // _BAND) + 1)
            for x0, y0, x1, y1 in self._bands.get(band, ())
            if top < (y0 + y1) / 2 < bottom and start - size < x0 and x1 < end + size
        ]


NO_STRIKES = Strikes()
