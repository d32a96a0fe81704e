"""Which pages of a document are meant by `1-10,15,20-`."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

_PART = re.compile(r"([0-9]{1,8})(?:\s*(-)\s*([0-9]{1,8})?)?")
_MOST_PARTS = 1000


@dataclass(frozen=True, slots=True)
class PageNumbers:
    """The numbers of some pages of a document, from 1, in order."""

    ranges: tuple[tuple[int, int], ...]
    """First and last of each run of consecutive ones."""

    def __len__(self) -> int:
        return sum(last - first + 1 for first, last in self.ranges)

    def __iter__(self) -> Iterator[int]:
        for first, last in self.ranges:
            yield from range(first, last + 1)

    def __contains__(self, page: object) -> bool:
        return isinstance(page, int) and self.place(page) is not None

    def at(self, place: int) -> int:
        """The page at a place, from 0; raises `IndexError` if there is none."""
        if place >= 0:
            for first, last in self.ranges:
                if place <= last - first:
                    return first + place
                place -= last - first + 1
        raise IndexError(place)

    def place(self, page: int) -> int | None:
        """Where a page is among them, from 0; None if it is not."""
        index = bisect_right(self.ranges, page, key=lambda run: run[0]) - 1
        if index < 0 or page > self.ranges[index][1]:
            return None
        return sum(last - first + 1 for first, last in self.ranges[:index]) + page - self.ranges[index][0]

    def further(self, page: int, by: int) -> int:
        """The one of them so many after a page, or before it if negative; raises `ValueError` if there are none."""
        place = self.place(self.nearest(page)) or 0
        return self.at(max(0, min(place + by, len(self) - 1)))

    def nearest(self, page: int) -> int:
        """The one of them that is nearest to a page; raises `ValueError` if there are none."""
        return min((max(first, min(page, last)) for first, last in self.ranges), key=lambda own: abs(own - page))


def canonical_ranges(value: Any) -> Any:
    """A selection of pages in its one shortest form, sorted and without overlaps; None for all pages.

    Takes text, a number, or a list of both, as TOML has them. Raises `ValueError` with the reason.
    """
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, list | tuple):
        value = ",".join(map(str, value))
    if not isinstance(value, str):
        raise ValueError("give pages as in '1-10,15,20-'")
    return _written(_merged(value))


def selected_pages(selection: str | None, count: int) -> PageNumbers:
    """The pages of a document of `count` pages that are selected."""
    if selection is None:
        return PageNumbers(((1, count),) if count else ())
    clipped = ((first, count if last is None else min(last, count)) for first, last in _parsed(selection))
    return PageNumbers(tuple((first, last) for first, last in clipped if first <= last))


@lru_cache(maxsize=256)
def first_selected(selection: str | None, count: int) -> PageNumbers:
    """The first `count` pages that are selected: all there are, in a document with that many of them."""
    found: list[tuple[int, int]] = []
    for first, last in _parsed(selection or "1-"):
        if count > 0:
            end = first + count - 1 if last is None else min(last, first + count - 1)
            found.append((first, end))
            count -= end - first + 1
    return PageNumbers(tuple(found))


def is_selected(selection: str | None, page: int) -> bool:
    """Whether a page is among those selected, if the document has it."""
    return selection is None or any(
        first <= page and (last is None or page <= last) for first, last in _parsed(selection)
    )


def missing_pages(selection: str | None, count: int) -> str | None:
    """The part of a selection that a document of `count` pages has nothing for; None if it has something for all."""
    parts = [] if selection is None else _parsed(selection)
    beyond = [
        (max(first, count + 1), last) for first, last in parts if first > count or (last is not None and last > count)
    ]
    return _written(beyond) or None


@lru_cache(maxsize=256)
def _parsed(selection: str) -> tuple[tuple[int, int | None], ...]:
    return tuple(_merged(selection))


def _written(parts: list[tuple[int, int | None]]) -> str:
    return ",".join(str(first) if first == last else f"{first}-{'' if last is None else last}" for first, last in parts)


def _merged(text: str) -> list[tuple[int, int | None]]:
    """First and last page of each part, sorted, those that touch made one; no last page means to the end."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        raise ValueError("name at least one page")
    if len(parts) > _MOST_PARTS:
        raise ValueError(f"name at most {_MOST_PARTS} ranges of pages")
    merged: list[tuple[int, int | None]] = []
    for first, last in sorted(map(_read, parts)):
        if merged and (merged[-1][1] is None or first <= (merged[-1][1] or 0) + 1):
            before = merged[-1][1]
            merged[-1] = (merged[-1][0], None if before is None or last == _OPEN else max(before, last))
        else:
            merged.append((first, None if last == _OPEN else last))
    return merged


_OPEN = 1 << 40


def _read(part: str) -> tuple[int, int]:
    found = _PART.fullmatch(part)
    if found is None:
        raise ValueError(f"give pages as in '1-10,15,20-', not '{part[:40]}'")
    first = int(found[1])
    last = first if found[2] is None else _OPEN if found[3] is None else int(found[3])
    if first < 1:
        raise ValueError("pages count from 1")
    if last < first:
        raise ValueError(f"the range '{part[:40]}' runs backwards")
    return first, last
