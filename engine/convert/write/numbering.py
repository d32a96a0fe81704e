"""Decides how labels of list items are written, for all writers alike."""

import re

from engine.convert.page.blocks import Block

_NUMBER = re.compile(r"\(?(\d{1,9})[.)]?$")

_TICKS = frozenset("✓✔✗✘✕✖☐☑☒")
"""And crosses, and the boxes they are put into."""


def number_of(label: str) -> int | None:
    """The number that an item is written with; None if it is written with a bullet."""
    found = _NUMBER.match(label)
    return int(found[1]) if found is not None else None


def label_as_text(label: str) -> str:
    """What of a label has to stand in the item's text: it is neither a bullet nor a number, or says yes or no."""
    return label if label in _TICKS or (len(label) > 1 and number_of(label) is None) else ""


class Numbering:
    """Follows the numbers of a document's lists."""

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}  # of the last item, by depth

    def outside(self) -> None:
        """Note that something stands outside of all lists."""
        self._numbers = {}

    def starts_anew(self, item: Block) -> bool:
        """Note an item; whether a numbered list begins again with it right behind another of the same depth."""
        for depth in [depth for depth in self._numbers if depth > item.depth]:
            del self._numbers[depth]
        number = number_of(item.label)
        if number is None:
            self._numbers.pop(item.depth, None)
            return False
        before = self._numbers.get(item.depth)
        self._numbers[item.depth] = number
        return before is not None and number <= before
