"""Sequences of lines that are made when they are looked at: a list of a million costs what is on the screen."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import overload

from tui.dashboard.widgets.lines import Part

Line = Sequence[Part]


class LazyLines(Sequence[Line]):
    """So many lines, each made by its number."""

    def __init__(self, count: int, make: Callable[[int], Line]) -> None:
        self._count = count
        self._make = make

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Line: ...
    @overload
    def __getitem__(self, index: slice) -> list[Line]: ...
    def __getitem__(self, index: int | slice) -> Line | list[Line]:
        """A line, or those of a slice as a list."""
        if isinstance(index, slice):
            return [self._make(number) for number in range(*index.indices(self._count))]
        if not -self._count <= index < self._count:
            raise IndexError(index)
        return self._make(index % self._count)


def chained(sections: Sequence[Sequence[Line]], indent: Sequence[Part] = ()) -> LazyLines:
    """Several sequences as one, each line behind `indent`."""
    ends = list(accumulate(map(len, sections)))

    def make(number: int) -> Line:
        section = bisect_right(ends, number)
        line = sections[section][number - (ends[section - 1] if section else 0)]
        return [*indent, *line] if indent else line

    return LazyLines(ends[-1] if ends else 0, make)
