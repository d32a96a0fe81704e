"""BlockCursor: which block of a page is looked at, and which blocks there are."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.job.snapshot import Area
from tui.dashboard.page.blocktext import PlacedBlock

_NAMES = {"section-header": "heading", "text": "paragraph", "list-item": "list item"}
"""Where the layout model's name is none that a reader has."""


@dataclass(slots=True)
class BlockCursor:
    """On none at first."""

    blocks: Sequence[PlacedBlock] = ()
    at: int | None = None

    @property
    def current(self) -> PlacedBlock | None:
        """The block it is on."""
        return None if self.at is None else self.blocks[self.at]

    @property
    def box(self) -> Area | None:
        """Where that is on the page."""
        return None if self.current is None else self.current.block.area

    @property
    def title(self) -> str:
        """What that is."""
        if self.current is None or self.at is None:
            return ""
        kind = self.current.block.kind
        left_out = ", left out" if self.current.is_left_out else ""
        return f"Block {self.at + 1} of {len(self.blocks)}: {_NAMES.get(kind, kind.replace('-', ' '))}{left_out}"

    def step(self, by: int) -> None:
        """Go to the next one or the one before, from the last to the first."""
        if self.blocks:
            self.at = (0 if by > 0 else -1) % len(self.blocks) if self.at is None else (self.at + by) % len(self.blocks)

    def point(self, x: float, y: float) -> bool:
        """Go to the smallest block that is at a place of the page; returns whether there is one."""
        found = [number for number, placed in enumerate(self.blocks) if _is_in(placed.block.area, x, y)]
        if found:
            self.at = min(found, key=lambda number: _size(self.blocks[number].block.area))
        return bool(found)


def _is_in(area: Area, x: float, y: float) -> bool:
    return area[0] <= x <= area[2] and area[1] <= y <= area[3]


def _size(area: Area) -> float:
    return (area[2] - area[0]) * (area[3] - area[1])
