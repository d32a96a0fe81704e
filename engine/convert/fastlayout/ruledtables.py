"""Finds tables by the grids that are drawn around their cells."""

from collections.abc import Sequence
from itertools import pairwise

from engine.convert.fastlayout.bandedtables import banded_tables
from engine.convert.fastlayout.pageparts import Grid, Part
from engine.convert.page.blocks import Box
from engine.convert.text.drawngrid import Place, connected_rules, drawn_grid
from engine.convert.text.pagetext import PageText
from engine.convert.text.textline import Line

_LEAST_FILLED = 0.4
"""Of the cells of a grid have text in them; those of a diagram have less."""
_LEAST_HEIGHT, _LEAST_WIDTH = 8.0, 30.0
"""In points."""


def ruled_tables(lines: Sequence[Line], text: PageText) -> list[Part]:
    """The tables that rules tell, with the lines in them: those that have a grid, and those that have bands."""
    found = _grids(lines, text)
    taken = {id(line) for part in found for line in part.lines}
    rest = [line for line in lines if id(line) not in taken]
    return [*found, *banded_tables(rest, text, [part.box for part in found])]


def _grids(lines: Sequence[Line], text: PageText) -> list[Part]:
    found: list[Part] = []
    for box in connected_rules(text):
        if box[2] - box[0] < _LEAST_WIDTH or box[3] - box[1] < _LEAST_HEIGHT:
            continue
        inside = [line for line in lines if line.is_upright and _is_in(line, box)]
        if len(inside) < 2 or any(_is_in(inside[0], part.box) for part in found):
            continue
        places = drawn_grid(box, text.body_size or 10.0, text)
        if len(places) < 2 or _filled(places, inside) < _LEAST_FILLED:
            continue
        found.append(Part("table", inside, box, _grid(places)))
    return found


def _filled(places: Sequence[Place], lines: Sequence[Line]) -> float:
    """The share of cells that have text."""
    held = sum(any(_is_in(line, place.box) for line in lines) for place in places)
    return held / len(places) if held > 1 else 0.0


def _grid(places: Sequence[Place]) -> Grid:
    xs = sorted({x for place in places for x in (place.box[0], place.box[2])})
    ys = sorted({y for place in places for y in (place.box[1], place.box[3])})
    return [[(x0, y0, x1, y1) for x0, x1 in pairwise(xs)] for y0, y1 in pairwise(ys)]


def _is_in(line: Line, box: Box) -> bool:
    x, y = (line.start + line.end) / 2, line.baseline - 0.25 * line.size
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]
