"""Finding words in what is shown, also where a line ends between them."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from tui.dashboard.reader.typesetting import Row

Place = tuple[int, int, int]
"""A row, and its characters from the first to before the last that are found there."""


class Found:
    """All places of some words: a place for each row that one of them is in, and what is one find."""

    def __init__(self, rows: Sequence[Row], wanted: str) -> None:
        """Capitals count only if there are any in `wanted`; blanks stand for ends of lines too."""
        plain = ["".join(text for text, _ in row) for row in rows]
        starts = [0, *accumulate(len(text) + 1 for text in plain)]
        self.finds: list[list[Place]] = []
        self._by_row: dict[int, list[tuple[int, int]]] = {}
        words = wanted.split()
        if not words:
            return
        pattern = re.compile(r"\s+".join(map(re.escape, words)), 0 if wanted != wanted.lower() else re.IGNORECASE)
        for found in pattern.finditer("\n".join(plain)):
            places: list[Place] = []
            row = bisect_right(starts, found.start()) - 1
            while row < len(plain) and starts[row] < found.end():
                first, end = max(found.start() - starts[row], 0), min(found.end() - starts[row], len(plain[row]))
                if first < end:
                    places.append((row, first, end))
                    self._by_row.setdefault(row, []).append((first, end))
                row += 1
            self.finds.append(places)

    def __len__(self) -> int:
        return len(self.finds)

    def in_row(self, row: int) -> Sequence[tuple[int, int]]:
        """What of a row is found."""
        return self._by_row.get(row, ())

    def row_of(self, number: int) -> int:
        """Where a find begins."""
        return self.finds[number][0][0]

    def first_from(self, row: int) -> int:
        """The first find in this row or below it, else the first of all."""
        place = next((number for number in range(len(self.finds)) if self.row_of(number) >= row), None)
        return place or 0
