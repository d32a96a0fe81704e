"""What a page's maps have in boxes: means, highest and lowest, as the library has them of maps it has enlarged.

The library enlarges all maps to the grid that boxes are on, in straight lines between neighbours. What a box has of a
coarse map can be had without: its mean is that of the map weighted by how much of each place has come into the box, and
its highest is at the edge of the box or at the first or last place of the grid between two of the map, since what is
between them is on a straight line.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from engine.convert.layoutmodel.pagemaps import SIDE, PageMaps
from engine.convert.page.blocks import Box

_AT_ONCE = 15_000
"""Places of the grid that are looked at together, in several boxes or one."""
_TINY = np.float32(1e-12)


@dataclass(frozen=True, slots=True)
class GridBoxes:
    """Boxes on the grid: first and last column and row of each."""

    left: np.ndarray
    top: np.ndarray
    right: np.ndarray
    bottom: np.ndarray

    @classmethod
    def of(cls, boxes: Sequence[Box] | Sequence[list[float]], width: int, height: int) -> "GridBoxes":
        """From boxes on a picture of this size, in pixels."""
        found = np.asarray(boxes, np.float64)
        scale = np.array([SIDE / float(width), SIDE / float(height)])
        first = np.floor(found[:, :2] * scale).astype(np.intp).clip(0, SIDE - 1)
        last = (np.ceil(found[:, 2:] * scale).astype(np.intp) - 1).clip(0, SIDE - 1)
        last = np.maximum(last, first)
        return cls(first[:, 0], first[:, 1], last[:, 0], last[:, 1])

    @property
    def areas(self) -> np.ndarray:
        """How many places each has."""
        result: np.ndarray = (self.right - self.left + 1) * (self.bottom - self.top + 1)
        return result

    def __len__(self) -> int:
        return len(self.left)

    def listed(self) -> list[tuple[int, int, int, int]]:
        """First column, first row, last column and last row of each."""
        edges = (self.left, self.top, self.right, self.bottom)
        return list(zip(*(values.tolist() for values in edges), strict=True))

    def parts(self) -> Iterator[tuple[slice, "GridBoxes"]]:
        """So many of them that they have few places together, and which they are."""
        first, total = 0, 0
        areas = self.areas.tolist()
        for number, area in enumerate(areas):
            if total and total + area > _AT_ONCE:
                yield self._part(first, number)
                first, total = number, 0
            total += area
        yield self._part(first, len(areas))

    def _part(self, first: int, end: int) -> tuple[slice, "GridBoxes"]:
        part = slice(first, end)
        return part, GridBoxes(self.left[part], self.top[part], self.right[part], self.bottom[part])


def pool(maps: PageMaps, boxes: GridBoxes) -> np.ndarray:
    """What the graph model is told of the picture in each box, in the library's order."""
    mean, high = _of_fine(maps.fine, boxes)
    means = [mean, *(_means(found, boxes) for found in maps.coarse)]
    highest = [high, *(_highest(found, boxes) for found in maps.coarse)]
    return np.concatenate([*means, *highest, _classes(maps.logits, boxes)], axis=1, dtype=np.float32)


class _Axis:
    """How places on an axis of the grid are between those of a map, as ONNX Runtime's Resize has it."""

    def __init__(self, size: int) -> None:
        scale = np.float32(SIDE) / np.float32(size)
        at = ((np.arange(SIDE, dtype=np.float32) + np.float32(0.5)) / scale - np.float32(0.5)).clip(0, size - 1)
        self.low = at.astype(np.intp)
        self.high = np.minimum(self.low + 1, size - 1)
        self.of_low, self.of_high = np.abs(at - self.high), np.abs(at - self.low)
        self.of_low[self.low == self.high] = self.of_high[self.low == self.high] = 0.5
        shares = np.zeros((SIDE + 1, size))
        places = np.arange(1, SIDE + 1)
        np.add.at(shares, (places, self.low), self.of_low)
        np.add.at(shares, (places, self.high), self.of_high)
        self.shares = shares.cumsum(axis=0)
        """What each place of the map comes to in those of the grid before one."""
        turns = self.low[1:] != self.low[:-1]
        self.ends = np.flatnonzero(np.append(True, turns) | np.append(turns, True))
        """Places of the grid that are the first or the last between two of the map."""

    def weights(self, first: np.ndarray, last: np.ndarray) -> np.ndarray:
        """What each place of the map comes to from `first` to `last`."""
        result: np.ndarray = (self.shares[last + 1] - self.shares[first]).astype(np.float32)
        return result

    def corners(self, first: np.ndarray, last: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Places of the grid between which all is in a straight line, for each box: all in one row, and how many."""
        begin, end = np.searchsorted(self.ends, first, "right"), np.searchsorted(self.ends, last, "left")
        inner = np.maximum(end - begin, 0)
        counts = inner + 2
        starts = counts.cumsum() - counts
        number = np.arange(counts.sum()) - np.repeat(starts, counts)
        places = self.ends[np.minimum(np.repeat(begin, counts) + number - 1, len(self.ends) - 1)]
        places[starts], places[starts + counts - 1] = first, last
        return places, counts


@lru_cache(16)
def _axis(size: int) -> _Axis:
    return _Axis(size)


def _of_fine(features: np.ndarray, boxes: GridBoxes) -> tuple[np.ndarray, np.ndarray]:
    """Means and highest of a map that is as fine as the grid."""
    means, highest = np.empty((2, len(boxes), len(features)), np.float32)
    for number, (left, top, right, bottom) in enumerate(boxes.listed()):
        inside = features[:, top : bottom + 1, left : right + 1]
        inside.mean(axis=(1, 2), out=means[number])
        inside.max(axis=(1, 2), out=highest[number])
    return means, highest


def _means(features: np.ndarray, boxes: GridBoxes) -> np.ndarray:
    across, down = _axis(features.shape[1]), _axis(features.shape[0])
    of_rows, of_columns = down.weights(boxes.top, boxes.bottom), across.weights(boxes.left, boxes.right)
    height, width, numbers = features.shape
    by_column = (of_rows @ features.reshape(height, -1)).reshape(-1, width, numbers)
    result: np.ndarray = (of_columns[:, None] @ by_column)[:, 0] / boxes.areas[:, None]
    return result


def _highest(features: np.ndarray, boxes: GridBoxes) -> np.ndarray:
    across, down = _axis(features.shape[1]), _axis(features.shape[0])
    numbers = features.reshape(-1, features.shape[2])
    result = np.empty((len(boxes), features.shape[2]), np.float32)
    for part, some in boxes.parts():
        rows, heights = down.corners(some.top, some.bottom)
        columns, widths = across.corners(some.left, some.right)
        # Each row of a box meets all its columns.
        met = np.repeat(widths, heights)
        first = np.repeat(widths.cumsum() - widths, heights) - (met.cumsum() - met)
        column, row = columns[np.repeat(first, met) + np.arange(met.sum())], np.repeat(rows, met)
        total = 0
        for y, of_y in ((down.low[row], down.of_low[row]), (down.high[row], down.of_high[row])):
            for x, of_x in ((across.low[column], across.of_low[column]), (across.high[column], across.of_high[column])):
                corner = numbers.take(y * features.shape[1] + x, axis=0)
                corner *= (of_x * of_y)[:, None]
                corner += total
                total = corner
        sizes = heights * widths
        result[part] = np.maximum.reduceat(total, sizes.cumsum() - sizes, axis=0)
    return result


def _classes(logits: np.ndarray, boxes: GridBoxes) -> np.ndarray:
    """Mean, lowest and highest probability of each class, and how undecided the model is: entropy, and margin."""
    result = np.empty((len(boxes), 3 * len(logits) + 2), np.float32)
    for part, some in boxes.parts():
        sizes = some.areas
        starts = sizes.cumsum() - sizes
        chances = np.empty((len(logits), sizes.sum()), np.float32)
        for (left, top, right, bottom), start, size in zip(some.listed(), starts, sizes, strict=True):
            chances[:, start : start + size] = logits[:, top : bottom + 1, left : right + 1].reshape(len(logits), -1)
        chances -= chances.max(axis=0)
        np.exp(chances, out=chances)
        chances /= chances.sum(axis=0) + _TINY
        entropy = -(chances * np.log(chances + _TINY)).sum(axis=0)
        rows = [
            np.add.reduceat(chances, starts, axis=1) / sizes,
            np.minimum.reduceat(chances, starts, axis=1),
            np.maximum.reduceat(chances, starts, axis=1),
            np.add.reduceat(np.stack([entropy, _margin(chances)]), starts, axis=1) / sizes,
        ]
        result[part] = np.concatenate(rows).T
    return result


def _margin(chances: np.ndarray) -> np.ndarray:
    """By how much the most probable class is before the next one."""
    first, second = np.maximum(chances[0], chances[1]), np.minimum(chances[0], chances[1])
    for chance in chances[2:]:
        np.maximum(second, np.minimum(first, chance), out=second)
        np.maximum(first, chance, out=first)
    result: np.ndarray = first - second
    return result
