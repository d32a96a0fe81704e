"""Which pages of a document are meant by `1-10,15,20-`."""

import re
from typing import Any

_PART = re.compile(r"(\d{1,8})(?:\s*(-)\s*(\d{1,8})?)?")
_MOST_PARTS = 1000


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
    return ",".join(
        str(first) if first == last else f"{first}-{'' if last is None else last}" for first, last in _merged(value)
    )


def selected_pages(selection: str | None, count: int) -> list[range]:
    """The pages (from 1) of a document of `count` pages that are selected, as ranges in order."""
    if selection is None:
        return [range(1, count + 1)]
    found = [range(first, min(count if last is None else last, count) + 1) for first, last in _merged(selection)]
    return [pages for pages in found if pages]


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
