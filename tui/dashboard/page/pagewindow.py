"""Window: the part of a page that is looked at, nearer or farther, here or there."""

from dataclasses import dataclass, replace
from typing import Self

from engine.job.snapshot import WHOLE_PAGE, Area

_SHARES = (1.0, 0.7, 0.5, 0.35, 0.25, 0.17, 0.12)
"""How much of the page's width and height is in sight at each level."""
_STEP = 0.5
"""Of what is in sight, moved at once."""


@dataclass(frozen=True, slots=True)
class Window:
    """Where its middle is, as shares of the page's width and height; it never leaves the page."""

    level: int = 0
    x: float = 0.5
    y: float = 0.5

    @property
    def area(self) -> Area:
        """The part of the page."""
        share = _SHARES[self.level]
        if share == 1:
            return WHOLE_PAGE
        left, top = self.x - share / 2, self.y - share / 2
        return max(left, 0.0), max(top, 0.0), min(left + share, 1.0), min(top + share, 1.0)

    @property
    def percent(self) -> int:
        """How large things are, the whole page being 100."""
        return round(100 / _SHARES[self.level])

    def zoomed(self, by: int) -> Self:
        """Nearer, or with a negative step farther; the first step goes to the top, where most pages begin."""
        level = max(0, min(self.level + by, len(_SHARES) - 1))
        y = 0.0 if self.level == 0 and level else self.y
        return replace(self, level=level, y=y)._within()

    def moved(self, x: int, y: int) -> Self:
        """Moved by so many steps."""
        step = _SHARES[self.level] * _STEP
        return replace(self, x=self.x + x * step, y=self.y + y * step)._within()

    def over(self, box: Area) -> Self:
        """Moved so that a part of the page is in sight, or its upper left corner if it is too large for that."""
        left, top, right, bottom = self.area
        if left <= box[0] and box[2] <= right and top <= box[1] and box[3] <= bottom:
            return self
        half = _SHARES[self.level] / 2
        x, y = min((box[0] + box[2]) / 2, box[0] + half), min((box[1] + box[3]) / 2, box[1] + half)
        return replace(self, x=x, y=y)._within()

    def _within(self) -> Self:
        half = _SHARES[self.level] / 2
        return replace(self, x=max(half, min(self.x, 1 - half)), y=max(half, min(self.y, 1 - half)))
