"""Reads by OCR what glyphs are of which neither the PDF nor their font says so, from the words that they stand in.

Words are cut out of the page and put below each other on one picture. What is read of a word tells the glyph only if
all its other letters are those that are known.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pymupdf

from engine.convert.ocr.engines.ocrengine import Engine, Pixels
from engine.convert.page.blocks import Box, around
from engine.convert.text.glyphs.characters import count_unknown, readable
from engine.convert.text.glyphs.fontmaps import Glyph

_IN_WORD = re.compile(r"[^\W\d_][\ufffd\ue000-\uf8ff]|[\ufffd\ue000-\uf8ff][^\W\d_]")
_LETTERS = r"([^\W\d_]{1,3})"
_LONGEST = 30
_OF_A_GLYPH, _AT_ONCE = 3, 16
"""Words that are read for one glyph, and for all on a page."""
_MOST_TRIES = 6
"""Words that one glyph is looked for in, in all."""
_HEIGHT, _GAP = 40, 36
"""In pixels: of the font, and between two words."""
_DPI = 200.0
"""At which such a font would be one of 14 points."""
_SURE = 0.8


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a page, with glyphs that nobody knows."""

    parts: tuple[str | Glyph, ...]
    """Characters, and glyphs that are not known."""
    box: Box
    size: float

    @property
    def glyphs(self) -> set[Glyph]:
        """Those."""
        return {part for part in self.parts if not isinstance(part, str)}

    @property
    def pattern(self) -> re.Pattern[str]:
        """What the word may be."""
        return re.compile("".join(re.escape(part) if isinstance(part, str) else _LETTERS for part in self.parts))


def stands_in_words(blocks: Iterable[dict[str, Any]]) -> bool:
    """Whether unknown characters stand beside letters; `blocks` are those of a dictionary of PyMuPDF's."""
    for line in (line for block in blocks for line in block.get("lines", ())):
        text = "".join([span["text"] for span in line["spans"]])
        if not (text.isascii() and text.isprintable()) and _IN_WORD.search(readable(text)) is not None:
            return True
    return False


class OpenWords:
    """The words of one document that have been read for their glyphs."""

    def __init__(self) -> None:
        self._tries: Counter[Glyph] = Counter()

    def choose(self, page: pymupdf.Page) -> list[Word]:
        """Those of a page that are to be read; none for glyphs that were read often enough."""
        chosen: list[Word] = []
        now: Counter[Glyph] = Counter()
        for word in sorted(
            _open_words(page), key=lambda word: len(word.glyphs) - len(word.parts)
        ):  # those with most letters
            if any(now[glyph] < _OF_A_GLYPH and self._tries[glyph] < _MOST_TRIES for glyph in word.glyphs):
                chosen.append(word)
                now.update(word.glyphs)
                self._tries.update(word.glyphs)
            if len(chosen) == _AT_ONCE:
                break
        return chosen


def read_glyphs(page: pymupdf.Page, words: Sequence[Word], engine: Engine) -> dict[Glyph, str]:
    """What the glyphs of these words of a page are, as far as that shows. Raises whatever the engine raises."""
    pixels, rows = _picture(page, words)
    read: list[list[tuple[float, str]]] = [[] for _ in words]
    for line in engine.read(pixels, _DPI):
        middle = float(line.corners[:, 1].mean())
        row = next((number for number, (top, bottom) in enumerate(rows) if top <= middle <= bottom), None)
        if row is not None and line.confidence >= _SURE:
            read[row].append((float(line.corners[:, 0].min()), line.text))
    votes: dict[Glyph, Counter[str]] = defaultdict(Counter)
    for word, pieces in zip(words, read, strict=True):
        found = word.pattern.fullmatch("".join(text for _, text in sorted(pieces)).replace(" ", ""))
        if found is not None:
            unknown = (part for part in word.parts if not isinstance(part, str))
            for glyph, letters in zip(unknown, found.groups(), strict=True):
                votes[glyph][letters] += 1
    return {glyph: counts.most_common(1)[0][0] for glyph, counts in votes.items() if _is_clear(counts)}


def _is_clear(counts: Counter[str]) -> bool:
    return 2 * counts.most_common(1)[0][1] > counts.total()


def _open_words(page: pymupdf.Page) -> Iterator[Word]:
    """The words of upright lines that have a glyph nobody knows, and letters besides."""
    word: list[tuple[str | Glyph, Box, float]] = []
    for part, box, size in _characters(page):
        if word and (part == " " or not _goes_on(word[-1], box)):
            yield from _of_use(word)
            word = []
        if part != " ":
            word.append((part, box, size))
    yield from _of_use(word)


def _characters(page: pymupdf.Page) -> Iterator[tuple[str | Glyph, Box, float]]:
    for span in _traced(page):
        if span["dir"] != (1.0, 0.0) or span["wmode"] or span["type"] == 3:
            continue
        for code, glyph, _, box in span["chars"]:
            character = chr(code)
            is_open = glyph > 0 and (count_unknown(character) or readable(character) != character)
            yield (span["font"], glyph) if is_open else " " if character.isspace() else character, box, span["size"]


def _traced(page: pymupdf.Page) -> list[dict[str, Any]]:
    """All characters of a page, with fonts by their full names: two subsets of one have other glyphs."""
    before = pymupdf.TOOLS.set_subset_fontnames()
    pymupdf.TOOLS.set_subset_fontnames(True)
    try:
        found: list[dict[str, Any]] = page.get_texttrace()
    finally:
        pymupdf.TOOLS.set_subset_fontnames(before)
    return found


def _goes_on(last: tuple[str | Glyph, Box, float], box: Box) -> bool:
    _, before, size = last
    return abs(box[3] - before[3]) < 0.3 * size and -0.3 * size < box[0] - before[2] < 0.3 * size


def _of_use(word: Sequence[tuple[str | Glyph, Box, float]]) -> Iterator[Word]:
    parts = tuple(part for part, _, _ in word)
    is_open = not all(isinstance(part, str) for part in parts)
    if is_open and len(parts) <= _LONGEST and any(isinstance(part, str) and part.isalpha() for part in parts):
        yield Word(parts, around(box for _, box, _ in word), word[0][2])


def _picture(page: pymupdf.Page, words: Sequence[Word]) -> tuple[Pixels, list[tuple[int, int]]]:
    """The words below each other, and the first and the last row of pixels of each."""
    cuts = [_cut(page, word) for word in words]
    width = max(cut.shape[1] for cut in cuts) + 2 * _GAP
    height = sum(cut.shape[0] + _GAP for cut in cuts) + _GAP
    pixels: Pixels = np.full((height, width, 3), 255, np.uint8)
    rows: list[tuple[int, int]] = []
    top = _GAP
    for cut in cuts:
        pixels[top : top + cut.shape[0], _GAP : _GAP + cut.shape[1]] = cut
        rows.append((top, top + cut.shape[0]))
        top += cut.shape[0] + _GAP
    return pixels, rows


def _cut(page: pymupdf.Page, word: Word) -> Pixels:
    zoom = _HEIGHT / max(word.size, 1.0)
    x0, y0, x1, y1 = word.box
    beside, above = 0.12 * word.size, 0.1 * word.size
    clip = pymupdf.Rect(x0 - beside, y0 - above, x1 + beside, y1 + above) * page.rotation_matrix & page.rect
    pixmap = page.get_pixmap(matrix=pymupdf.Matrix(zoom, zoom), clip=clip, alpha=False)
    found = np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.stride)
    return found[:, : 3 * pixmap.width].reshape(pixmap.height, pixmap.width, 3)
