"""Tells which way most of a page's text runs: a landscape table on a portrait page lies, and is read after a turn."""

from collections import Counter
from collections.abc import Iterable
from math import atan2, degrees
from typing import Any

import pymupdf

_LABEL = 20
"""Characters: a page of which only shorter lines are turned, that all begin or all end alike, has labels on an axis."""


def bearing(blocks: Iterable[dict[str, Any]]) -> int:
    """By how many degrees, with the clock, most of a page's characters are turned: 0, 90, 180 or 270.

    `blocks` are those of a dictionary of PyMuPDF's.
    """
    lines: dict[int, list[dict[str, Any]]] = {}
    for block in blocks:
        for line in block.get("lines", ()):
            lines.setdefault(0 if line["dir"] == (1.0, 0.0) and not line.get("wmode") else turn_of(line), []).append(
                line
            )
    if not lines or [*lines] == [0]:
        return 0
    sizes = Counter({turn: sum(map(characters_in, group)) for turn, group in lines.items()})
    ((turn, size),) = sizes.most_common(1)
    if turn <= 0 or 2 * size <= sizes.total() or _are_labels(lines[turn], turn):
        return 0
    return turn


def quarter_turn(width: float, height: float, turned: int) -> pymupdf.Matrix:
    """What turns a page upright whose text is turned by so many degrees, with the clock; its size is in points."""
    match turned:
        case 90:
            return pymupdf.Matrix(0, -1, 1, 0, 0, width)
        case 180:
            return pymupdf.Matrix(-1, 0, 0, -1, width, height)
        case 270:
            return pymupdf.Matrix(0, 1, -1, 0, height, 0)
    return pymupdf.Matrix(1, 1)


def turn_of(line: dict[str, Any]) -> int:
    """By how many degrees, with the clock, a line is turned; -1 if it runs aslant."""
    cos, sin = line["dir"]
    angle = degrees(atan2(sin, cos)) - (90 if line.get("wmode") else 0)
    turn = round(angle / 90)
    if abs(angle - 90 * turn) > 1:
        return -1
    found = 90 * (turn % 4)
    return 0 if found == 180 and _is_mirrored(line) else found


def _is_mirrored(line: dict[str, Any]) -> bool:
    """Whether a line runs to the left, and yet its letters stand on its baseline."""
    span = line["spans"][0]
    _, top, _, bottom = span["bbox"]
    return bool(span["origin"][1] > (top + bottom) / 2)


def characters_in(line: dict[str, Any]) -> int:
    """How many characters a line has, without blanks."""
    return sum(len(span["text"].replace(" ", "")) for span in line["spans"])


def _are_labels(lines: list[dict[str, Any]], turn: int) -> bool:
    """Whether lines are short and stand side by side along one edge, as the labels of an axis do."""
    if len(lines) < 2 or lines[0].get("wmode") or max(map(characters_in, lines)) >= _LABEL:
        return False
    first, last = (0, 2) if turn == 180 else (1, 3)
    return any(
        max(line["bbox"][edge] for line in lines) - min(line["bbox"][edge] for line in lines)
        < lines[0]["spans"][0]["size"]
        for edge in (first, last)
    )
