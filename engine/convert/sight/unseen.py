"""Finds the characters of a page that nobody can see: not painted, without contrast, tiny, or under what covers them.

That is how instructions for language models are smuggled into documents, and how what was blacked out leaks. Painted
text is compared with the areas below and above it, in the order in which the page paints them; where an area's shape,
a picture or a gradient leaves that open, the page is rendered and looked at. Text that is not painted is the text layer
of a scan where it lies over a picture with something on it, or over glyphs that are drawn as outlines.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import cached_property
from itertools import groupby
from typing import Any

import numpy as np
import pymupdf

from engine.convert.page.blocks import Box, around
from engine.convert.sight.paintings import PAPER, Area, Color, Paintings, Pixels, distance, mixed, rgb
from engine.convert.sight.quicklook import LEAST_CONTRAST, TINY, is_painted, spans_of, suspects

_FLAGS = pymupdf.TEXT_PRESERVE_WHITESPACE | pymupdf.TEXT_MEDIABOX_CLIP
LOOK = _FLAGS | pymupdf.TEXT_COLLECT_VECTORS
"""What MuPDF is to say of a page that is looked at."""
_TINY_SHARE = 0.0025
"""Of the page's shorter side: a label may be so small that all its letters are tiny."""
_SHOWN_SHARE = 0.5
"""Of the words of a text layer have something to be seen below them."""
_NEAR = 0.3
"""In points: a character that was moved with its page has moved no further than that from where it should be."""


class _Kind(Enum):
    """How a character may be hidden."""

    LAYER = auto()
    """It is not painted, and lies over something that is read there."""
    UNPAINTED = auto()
    CLIPPED = auto()
    """It is the shape that something else is painted in."""
    TINY = auto()
    PALE = auto()
    """It has the colour of what is below it."""
    COVERED = auto()


_SURE = frozenset({_Kind.UNPAINTED, _Kind.TINY})


@dataclass(frozen=True, slots=True)
class Unseen:
    """The characters of a page that cannot be seen, by their places on the page as it is shown."""

    count: int = 0
    """Without blanks."""
    places: Mapping[tuple[str, int, int], Sequence[tuple[float, float]]] = field(default_factory=dict)
    """Where the origins of characters are, by character and point."""

    def has(self, character: str, x: float, y: float) -> bool:
        """Whether a character whose origin is there is one of them."""
        column, row = int(x), int(y)
        for place in ((character, column + right, row + down) for right in (0, -1, 1) for down in (0, -1, 1)):
            if any(abs(x - left) < _NEAR and abs(y - top) < _NEAR for left, top in self.places.get(place, ())):
                return True
        return False


ALL_SEEN = Unseen()


def places_of(page: pymupdf.Page, spans: Iterable[dict[str, Any]]) -> Unseen:
    """Where the characters of these spans of a page are, which are told apart from its other text."""
    wanted = {(span["text"], tuple(span["origin"])) for span in spans}
    places: dict[tuple[str, int, int], list[tuple[float, float]]] = {}
    count = 0
    for span, _ in spans_of(page.get_text("rawdict", flags=_FLAGS)["blocks"]) if wanted else ():
        if ("".join(char["c"] for char in span["chars"]), tuple(span["origin"])) in wanted:
            for text, x, y in map(_place, span["chars"]):
                places.setdefault((text, int(x), int(y)), []).append((x, y))
                count += 1
    return Unseen(count, places)


@dataclass(slots=True)
class _Word:
    """Neighbouring characters that may be hidden in one way."""

    kind: _Kind
    chars: list[dict[str, Any]]
    span: dict[str, Any]
    color: Color
    """Its own, or of what covers it."""

    @property
    def box(self) -> Box:
        """Around its characters."""
        return around(tuple(char["bbox"]) for char in self.chars)


def find_unseen(page: pymupdf.Page, blocks: list[dict[str, Any]]) -> Unseen:
    """What of a page's text cannot be seen; `blocks` are those of `look_at`. 20 ms where a closer look is needed."""
    if not any(suspects(blocks)):
        return ALL_SEEN
    blocks = page.get_text("rawdict", flags=_FLAGS | pymupdf.TEXT_COLLECT_VECTORS)["blocks"]
    return _Search(page, blocks).found()


def look_at(page: pymupdf.Page) -> list[dict[str, Any]]:
    """What is on a page, in the order in which it is painted: spans of text and vector graphics; 3 ms for most."""
    blocks: list[dict[str, Any]] = page.get_text("dict", flags=LOOK)["blocks"]
    return blocks


def _contrast(span: dict[str, Any], color: Color, ground: Color) -> float:
    return distance(color, ground) * int(span["alpha"]) / 255


class _Search:
    """What is looked for on one page that has something suspicious."""

    def __init__(self, page: pymupdf.Page, blocks: list[dict[str, Any]]) -> None:
        self._page = page
        self._blocks = blocks
        self._paintings = Paintings.of(blocks)

    def found(self) -> Unseen:
        """The characters that cannot be seen."""
        words: list[_Word] = []
        visible: set[tuple[str, float, float]] = set()
        for (span, order), is_suspect in zip(spans_of(self._blocks), suspects(self._blocks), strict=True):
            if is_suspect:
                found = list(self._words(span, order))
                words += found
                doubtful = {id(char) for word in found for char in word.chars}
                visible.update(_place(char) for char in span["chars"] if id(char) not in doubtful)
            else:
                visible.update(map(_place, span["chars"]))
        is_layer = self._shows_layer([word for word in words if word.kind is _Kind.LAYER])
        hidden: list[dict[str, Any]] = []
        for word in words:
            is_hidden = not is_layer if word.kind is _Kind.LAYER else self._is_hidden(word)
            if is_hidden:
                hidden += word.chars
            else:
                visible.update(map(_place, word.chars))
        places: dict[tuple[str, int, int], list[tuple[float, float]]] = {}
        count = 0
        for char in hidden:
            text, x, y = _place(char)
            if (text, x, y) not in visible:
                places.setdefault((text, int(x), int(y)), []).append((x, y))
                count += not text.isspace()
        return Unseen(count, places) if count else ALL_SEEN

    def _words(self, span: dict[str, Any], order: int) -> Iterator[_Word]:
        """The words of a span that may be hidden; a blank goes with the word before it."""
        areas = self._paintings.touching(span["bbox"])
        is_tiny = self._is_tiny(span)
        last: tuple[_Kind, Color] | None = None
        marked: list[tuple[tuple[_Kind, Color] | None, bool, dict[str, Any]]] = []
        is_second = False
        for char in span["chars"]:
            if not char["c"].isspace():
                if marked and marked[-1][2]["c"].isspace():
                    is_second = not is_second
                last = self._kind(span, char, areas, order, is_tiny=is_tiny)
            marked.append((last, is_second, char))
        for (suspicion, _), group in groupby(marked, key=lambda each: each[:2]):
            if suspicion is not None:
                yield _Word(suspicion[0], [char for _, _, char in group], span, suspicion[1])

    def _kind(
        self, span: dict[str, Any], char: dict[str, Any], areas: Sequence[Area], order: int, *, is_tiny: bool
    ) -> tuple[_Kind, Color] | None:
        color = rgb(span["color"])
        if not is_painted(span):
            if span["char_flags"] & pymupdf.mupdf.FZ_STEXT_CLIPPED:
                return _Kind.CLIPPED, color
            is_read = self._paintings_of_page.has_picture_or_outlines(char["bbox"], span["bbox"], span["size"])
            return (_Kind.LAYER if is_read else _Kind.UNPAINTED), color
        if is_tiny:
            return _Kind.TINY, color
        x, y = _middle(char)
        ground = PAPER
        for area in areas:
            if not area.has(x, y):
                continue
            if area.order >= order:
                if area.is_opaque:
                    return _Kind.COVERED, area.color
            else:
                ground = mixed(ground, area.color, area.alpha)
        return (_Kind.PALE, color) if _contrast(span, color, ground) < LEAST_CONTRAST else None

    def _is_tiny(self, span: dict[str, Any]) -> bool:
        """By the room that its characters take too: the sizes of fonts that are drawn bit by bit mean nothing."""
        rect = self._page.rect
        least = min(TINY, _TINY_SHARE * min(rect.width, rect.height))
        x0, y0, x1, y1 = span["bbox"]
        return bool(span["size"] < least and max(x1 - x0, y1 - y0) < least * max(len(span["chars"]), 1))

    def _is_hidden(self, word: _Word) -> bool:
        if word.kind in _SURE:
            return True
        if word.kind is _Kind.CLIPPED:
            return self._pixels.spread(_inner(word)) < 2 * LEAST_CONTRAST
        if word.kind is _Kind.COVERED:
            own = rgb(word.span["color"])
            return self._pixels.is_covered(_inner(word), word.color, own)
        if self._pixels.share_unlike(_inner(word), word.color) < 0.03:
            return True
        # What is seen there may be other text, over text on bare paper.
        return self._has_other_text(word) and not self._paintings_of_page.has_any(word.box)

    def _has_other_text(self, word: _Word) -> bool:
        x0, y0, x1, y1 = _inner(word)
        for span, _ in spans_of(self._blocks):
            left, top, right, bottom = span["bbox"]
            if span is not word.span and left < x1 and right > x0 and top < y1 and bottom > y0 and is_painted(span):
                return True
        return False

    def _shows_layer(self, words: Sequence[_Word]) -> bool:
        """Whether words that are not painted are those of a scan: most of them have something to be seen below."""
        shown = sum(self._pixels.spread(_inner(word)) >= 2 * LEAST_CONTRAST for word in words)
        return bool(words) and shown >= _SHOWN_SHARE * len(words)

    @cached_property
    def _pixels(self) -> Pixels:
        return Pixels.of(self._page)

    @cached_property
    def _paintings_of_page(self) -> "Shown":
        return Shown(self._page.get_bboxlog())


class Shown:
    """Where a page paints something that is no text, pictures apart."""

    def __init__(self, log: Iterable[tuple[str, Box]]) -> None:
        pictures: list[Box] = []
        others: list[Box] = []
        for kind, box in log:
            if kind in ("fill-image", "fill-imgmask"):
                pictures.append(box)
            elif not kind.endswith("-text"):
                others.append(box)
        self._pictures = np.array(pictures, dtype=np.float64).reshape(-1, 4)
        self._others = np.array(others, dtype=np.float64).reshape(-1, 4)

    def has_picture_or_outlines(self, char: Box, span: Box, size: float) -> bool:
        """Whether a character lies over a picture, or touches shapes that are no rule, frame or background."""
        x, y = (char[0] + char[2]) / 2, (char[1] + char[3]) / 2
        left, top, right, bottom = self._pictures.T
        if np.any((left <= x) & (x <= right) & (top <= y) & (y <= bottom)):
            return True
        left, top, right, bottom = self._others.T
        slack = 0.3 * size
        touches = (left < char[2]) & (right > char[0]) & (top < char[3]) & (bottom > char[1])
        is_frame = (left < span[0] - slack) & (right > span[2] + slack) & (top < span[1]) & (bottom > span[3])
        is_rule = (bottom - top < 0.15 * size) & (right - left > 4 * size)
        return bool(np.any(touches & ~is_frame & ~is_rule))

    def has_any(self, box: Box) -> bool:
        """Whether something touches a box."""
        for boxes in (self._pictures, self._others):
            left, top, right, bottom = boxes.T
            if np.any((left < box[2]) & (right > box[0]) & (top < box[3]) & (bottom > box[1])):
                return True
        return False


def _place(char: dict[str, Any]) -> tuple[str, float, float]:
    x, y = char["origin"]
    return char["c"], x, y


def _middle(char: dict[str, Any]) -> tuple[float, float]:
    x0, y0, x1, y1 = char["bbox"]
    return (x0 + x1) / 2, (y0 + y1) / 2


def _inner(word: _Word) -> Box:
    """Where the letters of a word are, without the room that its font has above and below them."""
    x0, y0, x1, y1 = word.box
    if x1 - x0 >= y1 - y0 or len(word.chars) == 1:
        return (x0, y0 + 0.2 * (y1 - y0), x1, y1 - 0.2 * (y1 - y0))
    return (x0 + 0.2 * (x1 - x0), y0, x1 - 0.2 * (x1 - x0), y1)
