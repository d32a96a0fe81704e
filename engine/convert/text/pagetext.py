"""What is on a page beyond the boxes of its layout: words with font and place, links, ruling. Read lazily, and once."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import Any, Self

import pymupdf
from pymupdf4llm.helpers.document_layout import FLAGS

from engine.convert.page.blocks import Block, Box, Cell, around
from engine.convert.text.fontnames import traits
from engine.convert.text.linktargets import link_targets

_FLAGS = FLAGS & ~pymupdf.TEXT_IGNORE_ACTUALTEXT & ~pymupdf.TEXT_PRESERVE_IMAGES & ~pymupdf.TEXT_COLLECT_STYLES
_MARK, _BAND = 80.0, 10.0
_OCR_FONT = "GlyphLessFont"
"""The font that Tesseract gives its invisible text; its flags say monospaced, which means nothing."""


@dataclass(frozen=True, slots=True)
class Font:
    """How characters are set; one object per font and style of a page."""

    name: str
    size: float
    bold: bool
    italic: bool
    mono: bool
    strike: bool
    color: int
    visible: bool


@dataclass(slots=True)
class Word:
    """Characters without a blank between them, of one font.

    `edges` are the left edges of its characters and the right edge of the last, along the direction of writing, and
    `baseline` is across it, both in points; for upright text that is x and y.
    """

    text: str
    font: Font
    edges: list[float]
    baseline: float
    box: Box
    blank_after: bool = False
    link: str = ""
    lead: float | None = None
    """Where the blanks begin that its line has before it, as code has; None without."""

    @property
    def start(self) -> float:
        """Along the direction of writing."""
        return self.edges[0]

    @property
    def end(self) -> float:
        """Along the direction of writing."""
        return self.edges[-1]

    def split(self, index: int) -> tuple["Word", "Word"]:
        """As two words without a blank between them, cut before the character at `index`."""
        x0, y0, x1, y1 = self.box
        share = index / len(self.text)
        if abs(x1 - x0) >= abs(y1 - y0):
            cut = min(max(self.edges[index], x0), x1) if x0 <= self.edges[index] <= x1 else x0 + share * (x1 - x0)
            boxes: tuple[Box, Box] = ((x0, y0, cut, y1), (cut, y0, x1, y1))
        else:
            cut = y0 + share * (y1 - y0)
            boxes = ((x0, y0, x1, cut), (x0, cut, x1, y1))
        return (
            Word(
                self.text[:index],
                self.font,
                self.edges[: index + 1],
                self.baseline,
                boxes[0],
                False,
                self.link,
                self.lead,
            ),
            Word(
                self.text[index:], self.font, self.edges[index:], self.baseline, boxes[1], self.blank_after, self.link
            ),
        )


@dataclass
class Line:
    """Words that stand side by side, in reading order; its words do not change once it is made."""

    words: list[Word]
    direction: tuple[float, float] = (1.0, 0.0)
    is_vertical: bool = False
    """CJK set from top to bottom."""

    @property
    def text(self) -> str:
        """With single blanks."""
        return "".join(word.text + " " * word.blank_after for word in self.words).strip()

    @cached_property
    def is_upright(self) -> bool:
        """Whether it runs from left to right, as the page is shown."""
        return abs(self.direction[0] - 1) < 1e-3 and not self.is_vertical

    @cached_property
    def start(self) -> float:
        """Of its first word, along the direction of writing."""
        return min(word.start for word in self.words)

    @cached_property
    def end(self) -> float:
        """Of its last word, along the direction of writing."""
        return max(word.end for word in self.words)

    @cached_property
    def size(self) -> float:
        """The font size of most of its characters."""
        return dominant_size([self])

    @cached_property
    def baseline(self) -> float:
        """Of its largest words, across the direction of writing."""
        return max(self.words, key=lambda word: (word.font.size, len(word.text))).baseline

    @cached_property
    def box(self) -> Box:
        """Around its characters."""
        return around(word.box for word in self.words)


@dataclass(frozen=True, slots=True)
class Link:
    """A place on the page that leads elsewhere."""

    box: Box
    target: str
    """A URI, or `#page=3`."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A vector graphic: a rule, a background, a bullet."""

    box: Box
    color: int
    is_stroked: bool


@dataclass
class PageText:
    """What is on one page."""

    raw: dict[str, Any]
    """As PyMuPDF's `extractRAWDICT` gives it, with vector graphics."""
    targets: list[tuple[Box, str]]
    """As `link_targets` gives them."""
    _lines: dict[int, tuple[Block | Cell, list[Line]]] = field(default_factory=dict)

    @classmethod
    def of(cls, page: pymupdf.Page, targets: list[tuple[Box, str]] | None = None) -> Self:
        """Read a page, and its links unless they are given: 0.4 ms, and 1 ms for each 2,000 characters.

        Not from the text page that the library has made: that one has the pictures, whose bytes a raw dictionary would
        hold, and takes a second on a large scan; and it lacks what the author says that glyphs mean (`ActualText`), so
        that a check mark may stand for a cross. MuPDF compares each character with each graphic for its style, which
        takes a minute on a map; `lines` does so with what is near.
        """
        textpage = page.get_textpage(flags=_FLAGS, clip=pymupdf.INFINITE_RECT())
        return cls(textpage.extractRAWDICT(), link_targets(page) if targets is None else targets)

    @cached_property
    def lines(self) -> list[Line]:
        """The lines as MuPDF cuts them (a wide gap ends one), in the order of the file.

        What is painted twice at one place is there once; it is bold if the two are not at quite the same place.
        """
        fonts: dict[tuple[Any, ...], Font] = {}
        seen: dict[tuple[str, int], list[Word]] = {}
        result = []
        for block in self.raw["blocks"]:
            if block["type"] != 0:
                continue
            for entry in block["lines"]:
                words = [word for word in _read_words(entry, fonts) if _is_new(word, seen)]
                if words:
                    result.append(Line(words, entry["dir"], bool(entry.get("wmode"))))
        self._strike(result)
        return result

    def _strike(self, lines: list[Line]) -> None:
        """Mark words that a thin line runs through, above the baseline by a fifth to half of their size."""
        rules: dict[int, list[Box]] = {}
        for drawing in self.drawings:
            x0, y0, x1, y1 = drawing.box
            if y1 - y0 < 2 and x1 - x0 > 3 * (y1 - y0):
                rules.setdefault(int(y0 // _BAND), []).append(drawing.box)
        if not rules:
            return
        for line in lines:
            if not line.is_upright:
                continue
            size, top = line.size, line.baseline - 0.5 * line.size
            bands = range(int(top // _BAND), int((line.baseline - 0.18 * size) // _BAND) + 1)
            through = [
                (x0, x1)
                for band in bands
                for x0, y0, x1, y1 in rules.get(band, ())
                if top < (y0 + y1) / 2 < line.baseline - 0.18 * size and line.start - size < x0 and x1 < line.end + size
            ]
            for word in line.words if through else ():
                slack = 0.2 * size
                if any(x0 <= word.start + slack and x1 >= word.end - slack for x0, x1 in through):
                    word.font = replace(word.font, strike=True)

    @cached_property
    def links(self) -> list[Link]:
        """Links to the web and within the document."""
        return [Link(box, target) for box, target in self.targets]

    @cached_property
    def drawings(self) -> list[Drawing]:
        """Its vector graphics, in the order of the file."""
        return [
            Drawing(tuple(entry["bbox"]), entry.get("color") or 0, bool(entry.get("stroked")))
            for entry in self.raw["blocks"]
            if entry["type"] == 3
        ]

    @cached_property
    def backgrounds(self) -> list[Drawing]:
        """Filled areas with room for a line of text."""
        return [d for d in self.drawings if not d.is_stroked and d.box[3] - d.box[1] > 8 and d.box[2] - d.box[0] > 20]

    def marks_near(self, y: float) -> list[Drawing]:
        """Graphics about as high as they are wide, of up to `_MARK` points, that may be bullets near a height."""
        band = int(y // _BAND)
        return [mark for near in (band - 1, band, band + 1) for mark in self._marks.get(near, ())]

    @cached_property
    def _marks(self) -> dict[int, list[Drawing]]:
        """By the band of their middle: a map has a hundred thousand of them."""
        marks: dict[int, list[Drawing]] = {}
        for drawing in self.drawings:
            x0, y0, x1, y1 = drawing.box
            width, height = x1 - x0, y1 - y0
            if height < _MARK and 0.7 * height < width < 1.4 * height:
                marks.setdefault(int((y0 + y1) / 2 // _BAND), []).append(drawing)
        return marks

    @cached_property
    def body_size(self) -> float:
        """The font size of most of the page's text, in points; 0 on a page without text."""
        return dominant_size(self.lines)

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """The page's words in lower case, without those that a line's end may have cut; for questions of hyphens."""
        found: set[str] = set()
        for line in self.lines:
            words = line.text.lower().split()
            if words and words[-1].endswith(("-", "‐", "\u00ad")):
                words.pop()
            for word in words[1:] if words and len(words) > 1 else words:
                found.add(word.strip(".,;:!?()[]{}\"'“”‘’"))
        return frozenset(found)

    def right_limit(self, box: Box) -> float | None:
        """How far to the right text reaches above and below a box, in points; None if no two lines there end alike."""
        ends = [
            line.end
            for line in self.lines
            if line.start < box[2]
            and box[0] - 2 * line.size < line.start
            and not box[1] < line.baseline < box[3] + 0.2 * line.size
            and line.is_upright
        ]
        ends.sort(reverse=True)
        for longer, shorter in pairwise(ends):
            if longer - shorter < 0.02 * (longer - box[0]) + 1:
                return max(longer, box[2])
        return None

    def remember(self, owner: Block | Cell, lines: list[Line]) -> None:
        """Note which lines a block or a cell is made of."""
        self._lines[id(owner)] = (owner, lines)

    def lines_of(self, owner: Block | Cell) -> list[Line]:
        """The lines a block or a cell was made of; empty where that is not known."""
        entry = self._lines.get(id(owner))
        return entry[1] if entry is not None else []


def dominant_size(lines: Iterable[Line]) -> float:
    """The font size of most characters, in points to a tenth; 0 without any."""
    weights: dict[float, int] = {}
    for line in lines:
        for word in line.words:
            size = round(word.font.size, 1)
            weights[size] = weights.get(size, 0) + len(word.text)
    return max(weights, key=lambda size: weights[size]) if weights else 0.0


def _is_new(word: Word, seen: dict[tuple[str, int], list[Word]]) -> bool:
    """Whether a word is not painted over itself, at most a tenth of its size away; notes it, by text and height."""
    near, top = word.font.size * 0.1, word.box[1]
    for band in {int((top - near) // _BAND), int((top + near) // _BAND)}:
        for other in seen.get((word.text, band), ()):
            aside, below = abs(other.box[0] - word.box[0]), abs(other.box[1] - top)
            if aside < near and below < near:
                if max(aside, below) > 0.1 * near:
                    other.font = replace(other.font, bold=True)
                return False
    seen.setdefault((word.text, int(top // _BAND)), []).append(word)
    return True


def _read_words(entry: dict[str, Any], fonts: dict[tuple[Any, ...], Font]) -> list[Word]:
    """The words of a line of a raw dictionary."""
    cos, sin = entry["dir"]
    upright = abs(cos - 1) < 1e-3
    words: list[Word] = []
    lead: float | None = None
    for span in entry["spans"]:
        chars = span["chars"]
        if not chars:
            continue
        font = _font(span, fonts)
        # The place along and across the direction of writing, of each character's origin.
        if upright:
            starts = [char["origin"][0] for char in chars]
        else:
            starts = [char["origin"][0] * cos + char["origin"][1] * sin for char in chars]
        first = 0
        while first < len(chars):
            if chars[first]["c"].isspace():
                if words:
                    words[-1].blank_after = True
                elif lead is None and not chars[first]["synthetic"]:
                    lead = starts[first]
                first += 1
                continue
            last = first + 1
            while last < len(chars) and not chars[last]["c"].isspace():
                last += 1
            words.append(_word(chars, starts, first, last, font, (cos, sin), upright))
            words[0].lead = lead
            first = last
    return words


def _word(
    chars: list[dict[str, Any]],
    starts: list[float],
    first: int,
    last: int,
    font: Font,
    direction: tuple[float, float],
    upright: bool,
) -> Word:
    cos, sin = direction
    part = chars[first:last]
    boxes = [char["bbox"] for char in part]
    box = (
        min(b[0] for b in boxes),
        min(b[1] for b in boxes),
        max(b[2] for b in boxes),
        max(b[3] for b in boxes),
    )
    edges = starts[first:last]
    x, y = part[0]["origin"]
    if upright:
        end, baseline = max(box[2], edges[-1]), y
    else:
        corners = [(boxes[-1][i], boxes[-1][j]) for i in (0, 2) for j in (1, 3)]
        end, baseline = max(cx * cos + cy * sin for cx, cy in corners), y * cos - x * sin
    if last < len(chars) and starts[last] > edges[-1]:
        end = max(min(end, starts[last]), edges[-1]) if end > starts[last] else end
    edges.append(end)
    return Word("".join([char["c"] for char in part]), font, edges, baseline, box)


def _font(span: dict[str, Any], fonts: dict[tuple[Any, ...], Font]) -> Font:
    key = (span["font"], span["size"], span["flags"], span["char_flags"], span["color"], span["alpha"])
    font = fonts.get(key)
    if font is None:
        name, flags, char_flags = span["font"], span["flags"], span["char_flags"]
        painted = bool(char_flags & (pymupdf.mupdf.FZ_STEXT_FILLED | pymupdf.mupdf.FZ_STEXT_STROKED))
        by_ocr = _OCR_FONT in name or not painted
        by_name = traits(name)
        font = Font(
            name=name,
            size=float(span["size"]),
            bold=bool(flags & pymupdf.TEXT_FONT_BOLD or char_flags & pymupdf.mupdf.FZ_STEXT_BOLD) or by_name.bold,
            italic=bool(flags & pymupdf.TEXT_FONT_ITALIC) or by_name.italic,
            mono=not by_ocr and (bool(flags & pymupdf.TEXT_FONT_MONOSPACED) or by_name.monospaced),
            strike=False,
            color=int(span["color"]),
            visible=painted and span["alpha"] > 0,
        )
        fonts[key] = font
    return font
