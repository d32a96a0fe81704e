"""What the model that looks at a page's picture makes of it: maps of what is where."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from engine.convert.layoutmodel.slimgraph import LOGITS, slim
from engine.convert.loading.onnx import new_session

SIDE = 300
"""Of the picture that is looked at, and of the grid that boxes are on, in pixels."""

Picture = np.ndarray
"""Height, width, three colours; bytes."""


@dataclass(frozen=True, slots=True)
class PageMaps:
    """What is where on a page."""

    fine: np.ndarray
    """The map that is enlarged: numbers of a place, `SIDE`, `SIDE`."""
    coarse: tuple[np.ndarray, ...]
    """Maps of lower and lower resolution: height, width, numbers of a place."""
    logits: np.ndarray
    """Classes, `SIDE`, `SIDE`."""


def make_eye(model: bytes) -> Callable[[Picture], PageMaps]:
    """What looks at pictures with a model, whose file this is; raises `NotRewritten` if it is not the known one."""
    slimmer, names = slim(model)
    session = new_session(slimmer)
    wanted = [*names, LOGITS]

    def look(picture: Picture) -> PageMaps:
        fine, *coarse, logits = session.run(wanted, {"input": as_input(picture)})
        return PageMaps(fine[0], tuple(np.ascontiguousarray(m[0].transpose(1, 2, 0)) for m in coarse), logits[0])

    return look


def as_input(picture: Picture) -> np.ndarray:
    """The picture small, grey and from 0 to 1, bit by bit as the library makes it."""
    blue, green, red = resized(picture, (SIDE, SIDE)).astype(np.float32).transpose(2, 0, 1)
    bytes_ = np.clip(0.114 * blue + 0.587 * green + 0.299 * red, 0, 255).astype(np.uint8)
    grey: np.ndarray = bytes_.astype(np.float32)[None, None]
    darkest, brightest = grey.min(), grey.max()
    return (grey - darkest) / (brightest - darkest) if brightest > darkest else np.zeros_like(grey)


def resized(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A picture in colour in another width and height, bit by bit as the library's `resize_image` makes it."""
    places, weights = _corners(picture.shape[0], picture.shape[1], size)
    result = np.empty((size[1] * size[0], picture.shape[2]), picture.dtype)
    for channel in range(picture.shape[2]):
        plane = np.ascontiguousarray(picture[:, :, channel]).ravel()
        total: Any = weights[0] * plane[places[0]]
        for place, weight in zip(places[1:], weights[1:], strict=True):
            total += weight * plane[place]
        np.clip(total, 0, 255, out=total)
        result[:, channel] = total.astype(picture.dtype)
    return result.reshape(size[1], size[0], -1)


@lru_cache(8)
def _corners(height: int, width: int, size: tuple[int, int]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Which four pixels each new one is between, and what they weigh in it."""
    (left, right, aside), (above, below, down) = _between(width, size[0]), _between(height, size[1])
    aside, down = aside[None, :], down[:, None]
    rows, columns = (above, above, below, below), (left, right, left, right)
    places = [(row[:, None] * width + column[None, :]).ravel() for row, column in zip(rows, columns, strict=True)]
    weights = [(1 - aside) * (1 - down), aside * (1 - down), (1 - aside) * down, aside * down]
    return places, [weight.ravel() for weight in weights]


def _between(old: int, new: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The pixels before and after each new one, and how far it is from the one before, in pixels."""
    at = (np.arange(new) + 0.5) * (old / new) - 0.5
    before = np.floor(at).astype(int)
    # In this order, as the library has it: beyond the edge, the distance is from where there is no pixel.
    return np.clip(before, 0, old - 1), np.clip(before + 1, 0, old - 1), at - before
