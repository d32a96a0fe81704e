"""Finds the grid that is drawn around the cells of a table, with cells that span others."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.convert.page.blocks import Box, around
from engine.convert.text.pagetext import PageText

_THICK = 3.2
"""Points: what is thicker is no rule."""
_TOUCH = 3.0
"""Points: rules that are no further apart meet."""
_MOST_RULES = 2000
"""In a table; a drawing that the model takes for a table has more."""
_PART = 0.6
"""A rule parts two cells if it runs along so much of their edge."""


@dataclass(frozen=True, slots=True)
class Place:
    """A cell of a grid: the rows and columns it takes, the last ones included, and its box."""

    row: int
    column: int
    last_row: int
    last_column: int
    box: Box


def drawn_grid(box: Box, size: float, text: PageText) -> list[Place]:
    """The cells of the grid drawn in a table's box, row by row; empty if none is, or one without two columns.

    Rules that touch make a grid, so neither rules below words nor a grid within a cell is part of it. A side where no
    rule runs ends with the rules that run towards it. `size` is that of the table's text, in points.
    """
    flat, upright = _rules(box, 1.5 * size, text)
    if not upright or len(flat) + len(upright) > _MOST_RULES:
        return []
    flat, upright = _largest(flat, upright)
    rules = [*flat, *upright]
    if not rules:
        return []
    outer = (
        min(rule[0] for rule in rules),
        min(rule[1] for rule in rules),
        max(rule[2] for rule in rules),
        max(rule[3] for rule in rules),
    )
    xs = _edges([(x0 + x1) / 2 for x0, _, x1, _ in upright], outer[0], outer[2], 0.8 * size)
    ys = _edges([(y0 + y1) / 2 for _, y0, _, y1 in flat], outer[1], outer[3], 0.8 * size)
    if len(xs) < 3 or len(ys) < 2:
        return []
    return _places(xs, ys, flat, upright)


def connected_rules(text: PageText) -> list[Box]:
    """Around the rules of a page that touch one another and of which some run across and some down, the largest first.

    Empty where there are too many of them.
    """
    flat, upright = _rules((0.0, 0.0, float("inf"), float("inf")), 0.0, text)
    if not upright or len(flat) + len(upright) > _MOST_RULES:
        return []
    groups = [(across, down) for across, down in _groups(flat, upright) if len(across) > 1 and down]
    boxes = [around([*across, *down]) for across, down in groups]
    return sorted(boxes, key=lambda box: (box[0] - box[2]) * (box[3] - box[1]))


def _rules(box: Box, margin: float, text: PageText) -> tuple[list[Box], list[Box]]:
    """The horizontal and the vertical rules around and in a box; the edges of an outline are four."""
    left, top, right, bottom = box[0] - margin, box[1] - margin, box[2] + margin, box[3] + margin
    flat: list[Box] = []
    upright: list[Box] = []
    for drawing in text.drawings:
        x0, y0, x1, y1 = drawing.box
        if x1 < left or x0 > right or y1 < top or y0 > bottom:
            continue
        width, height = x1 - x0, y1 - y0
        if height <= _THICK < width:
            flat.append(drawing.box)
        elif width <= _THICK < height:
            upright.append(drawing.box)
        elif drawing.is_stroked and width > _THICK and height > _THICK:
            flat += [(x0, y0, x1, y0), (x0, y1, x1, y1)]
            upright += [(x0, y0, x0, y1), (x1, y0, x1, y1)]
    return flat, upright


def _largest(flat: Sequence[Box], upright: Sequence[Box]) -> tuple[list[Box], list[Box]]:
    """The rules of the largest grid."""
    return max(_groups(flat, upright), key=lambda group: _area([*group[0], *group[1]]), default=([], []))


def _groups(flat: Sequence[Box], upright: Sequence[Box]) -> list[tuple[list[Box], list[Box]]]:
    """The rules of each grid: those that touch one another, directly or by others."""
    rules = [*flat, *upright]
    parents = list(range(len(rules)))

    def root(index: int) -> int:
        while parents[index] != index:
            parents[index] = parents[parents[index]]
            index = parents[index]
        return index

    order = sorted(range(len(rules)), key=lambda i: rules[i][0])
    active: list[int] = []
    for i in order:
        x0, y0, _, y1 = rules[i]
        active = [j for j in active if rules[j][2] + _TOUCH >= x0]
        for j in active:
            if rules[j][1] <= y1 + _TOUCH and rules[j][3] + _TOUCH >= y0:
                parents[root(j)] = root(i)
        active.append(i)
    groups: dict[int, list[int]] = {}
    for i in range(len(rules)):
        groups.setdefault(root(i), []).append(i)
    return [
        ([rules[i] for i in group if i < len(flat)], [rules[i] for i in group if i >= len(flat)])
        for group in groups.values()
    ]


def _area(rules: Iterable[Box]) -> float:
    boxes = list(rules)
    width = max(box[2] for box in boxes) - min(box[0] for box in boxes)
    return width * (max(box[3] for box in boxes) - min(box[1] for box in boxes))


def _edges(places: Sequence[float], first: float, last: float, least: float) -> list[float]:
    """Where rules run, with the grid's own ends; those less than `least` points apart are one."""
    edges = [first]
    for place in sorted(places):
        if place - edges[-1] >= least:
            edges.append(place)
    if last - edges[-1] >= least:
        edges.append(last)
    return edges


def _places(xs: Sequence[float], ys: Sequence[float], flat: Sequence[Box], upright: Sequence[Box]) -> list[Place]:
    """The cells between rules; empty if one is not a rectangle."""
    columns, rows = len(xs) - 1, len(ys) - 1
    owner = {(row, column): (row, column) for row in range(rows) for column in range(columns)}

    def root(cell: tuple[int, int]) -> tuple[int, int]:
        while owner[cell] != cell:
            cell = owner[cell]
        return cell

    sides = [[(r[1], r[3]) for r in upright if abs((r[0] + r[2]) / 2 - x) <= _TOUCH] for x in xs]
    levels = [[(r[0], r[2]) for r in flat if abs((r[1] + r[3]) / 2 - y) <= _TOUCH] for y in ys]
    for row in range(rows):
        for column in range(columns):
            here = root((row, column))
            if column and not _runs(sides[column], ys[row], ys[row + 1]):
                owner[here] = root((row, column - 1))
            here = root((row, column))
            if row and not _runs(levels[row], xs[column], xs[column + 1]):
                owner[here] = root((row - 1, column))
    members: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for cell in owner:
        members.setdefault(root(cell), []).append(cell)
    result = []
    for cells in members.values():
        (row, column), (last_row, last_column) = min(cells), max(cells)
        if len(cells) != (last_row - row + 1) * (last_column - column + 1):
            return []
        box = (xs[column], ys[row], xs[last_column + 1], ys[last_row + 1])
        result.append(Place(row, column, last_row, last_column, box))
    return sorted(result, key=lambda place: (place.row, place.column))


def _runs(parts: Sequence[tuple[float, float]], start: float, end: float) -> bool:
    """Whether a rule in these parts runs from start to end, for the most part."""
    covered = sum(max(0.0, high - max(low, reached)) for low, high, reached in _clipped(parts, start, end))
    return covered >= _PART * (end - start)


def _clipped(parts: Sequence[tuple[float, float]], start: float, end: float) -> list[tuple[float, float, float]]:
    """Each part within start and end, and how far those before it reach."""
    clipped = sorted((max(low, start), min(high, end)) for low, high in parts if low < end and high > start)
    reached = [start]
    for _, high in clipped:
        reached.append(max(reached[-1], high))
    return [(low, high, before) for (low, high), before in zip(clipped, reached, strict=False)]
