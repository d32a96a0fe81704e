"""What is on a page beyond the boxes of its layout: words with font and place, links, ruling. Read lazily, and once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import Any, Self

import pymupdf
from pymupdf4llm.helpers.document_layout import FLAGS

from engine.convert.page.blocks import Block, Box, Cell
from engine.convert.text.formfields import Field, lines_of
from engine.convert.text.glyphs.circledletters import join_circled
from engine.convert.text.glyphs.drawnunderscores import put_underscores
from engine.convert.text.glyphs.fontnames import monospaced_fonts
from engine.convert.text.glyphs.smallcapitals import lower_small_capitals
from engine.convert.text.hiding import NOTHING_HIDDEN, Hiding
from engine.convert.text.linktargets import link_targets
from engine.convert.text.rawwords import Listed, is_told_by_spans, listed_words, read_words
from engine.convert.text.strikes import Strikes
from engine.convert.text.textline import Font, Line, Word, dominant_size

_FLAGS = FLAGS & ~pymupdf.TEXT_IGNORE_ACTUALTEXT & ~pymupdf.TEXT_PRESERVE_IMAGES & ~pymupdf.TEXT_COLLECT_STYLES
_MARK, _BAND = 80.0, 10.0
_SOME_BLANKS = 5
_OTHER_FONTS = 0.15
_FILLED, _STROKED = 0.8, 4.5
"""Sizes of bullets in sizes of the text; MuPDF gives a stroke's box with room for pointed corners."""


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
    fields: Sequence[Field] = ()
    """Those of a form that were hidden while the page was read."""
    page: pymupdf.Page | None = None
    """The page itself."""
    listed: list[Listed] | None = None
    """Its words as PyMuPDF lists them, where `raw` has no characters, but spans alone."""
    _lines: dict[int, tuple[Block | Cell, list[Line]]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        page: pymupdf.Page,
        targets: list[tuple[Box, str]] | None = None,
        *,
        hiding: Hiding = NOTHING_HIDDEN,
        fields: Sequence[Field] = (),
        by_spans: bool = False,
    ) -> Self:
        """Read a page, and its links unless they are given: 0.4 ms, and 1 ms for each 2,000 characters.

        With `by_spans`, characters are not read one by one where that is not needed.

        Not from the text page that the library has made: that one has the pictures, whose bytes a raw dictionary would
        hold, and takes a second on a large scan; and it lacks what the author says that glyphs mean (`ActualText`), so
        that a check mark may stand for a cross. MuPDF compares each character with each graphic for its style, which
        takes a minute on a map; `lines` does so with what is near.
        """
        textpage = page.get_textpage(flags=_FLAGS, clip=pymupdf.INFINITE_RECT())
        targets = link_targets(page) if targets is None else targets
        if by_spans and not hiding and not fields:
            spans = textpage.extractDICT()
            if is_told_by_spans(spans["blocks"]):
                return cls(spans, targets, fields, page, textpage.extractWORDS())
        raw = textpage.extractRAWDICT()
        hiding.apply(raw)
        return cls(raw, targets, fields, page)

    @cached_property
    def lines(self) -> list[Line]:
        """The lines as MuPDF cuts them (a wide gap ends one), in the order of the file.

        What is painted twice at one place is there once; it is bold if the two are not at quite the same place.
        """
        result = self._by_spans() if self.listed is not None else None
        if result is None:
            result = self._by_characters()
        lower_small_capitals(result)
        join_circled(result)
        put_underscores(result, (drawing.box for drawing in self.drawings))
        self._strike(result)
        return [*result, *lines_of(self.fields, result)] if self.fields else result

    def _by_spans(self) -> list[Line] | None:
        """None where spans and words do not tell the same text: then `raw` has the characters."""
        fonts: dict[tuple[Any, ...], Font] = {}
        seen: dict[tuple[str, int], list[Word]] = {}
        result = []
        listed = iter(self.listed or ())
        for entry in _lines_of(self.raw):
            found = listed_words(entry, listed, fonts)
            if found is None:
                assert self.page is not None
                textpage = self.page.get_textpage(flags=_FLAGS, clip=pymupdf.INFINITE_RECT())
                self.raw, self.listed = textpage.extractRAWDICT(), None
                return None
            words = [word for word in found if _is_new(word, seen)]
            if words:
                result.append(Line(words, entry["dir"]))
        return result

    def _by_characters(self) -> list[Line]:
        fonts: dict[tuple[Any, ...], Font] = {}
        monospaced = monospaced_fonts(self.raw)
        seen: dict[tuple[str, int], list[Word]] = {}
        result = []
        for entry in _lines_of(self.raw):
            words = [word for word in read_words(entry, fonts, monospaced) if _is_new(word, seen)]
            if words:
                result.append(Line(words, entry["dir"], bool(entry.get("wmode"))))
        return result

    def _strike(self, lines: list[Line]) -> None:
        """Mark words that a thin line runs through."""
        strikes = Strikes(drawing.box for drawing in self.drawings)
        if not strikes:
            return
        for line in lines:
            if not line.is_upright:
                continue
            through = strikes.through(line.baseline, line.size, line.start, line.end)
            for word in line.words if through else ():
                slack = 0.2 * line.size
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

    def has_only_marks(self, box: Box) -> bool:
        """Whether no graphic with its middle in a box is larger than bullets are, and no image is in it."""
        for drawing in self.drawings:
            x0, y0, x1, y1 = drawing.box
            most = (_STROKED if drawing.is_stroked else _FILLED) * self.body_size
            is_in = box[0] <= (x0 + x1) / 2 <= box[2] and box[1] <= (y0 + y1) / 2 <= box[3]
            if is_in and max(x1 - x0, y1 - y0) > most:
                return False
        images = self.page.get_image_info() if self.page is not None else []
        return not any(pymupdf.Rect(image["bbox"]).intersects(box) for image in images)

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
    def is_monospaced(self) -> bool:
        """Whether hardly any of the page's text is set in fonts whose characters differ in width."""
        words = [(len(word.text), word.font.mono) for line in self.lines for word in line.words]
        return sum(length for length, mono in words if not mono) <= _OTHER_FONTS * sum(length for length, _ in words)

    @cached_property
    def writes_blanks(self) -> bool:
        """Whether blanks between words are characters, as most programs have them; TeX and groff leave gaps."""
        before = [word for line in self.lines for word in line.words[:-1] if word.blank_after]
        return len(before) >= _SOME_BLANKS and 2 * sum(word.is_gap for word in before) < len(before)

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """The page's words in lower case, without those that a line's end may have cut; for questions of hyphens."""
        found: set[str] = set()
        was_cut = False
        for line in self.lines:
            words = line.text.lower().split()
            first = int(was_cut or len(words) > 1)
            was_cut = bool(words) and words[-1].endswith(("-", "‐", "\u00ad"))
            for word in words[first : -1 if was_cut else None]:
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


def _lines_of(raw: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (line for block in raw["blocks"] if block["type"] == 0 for line in block["lines"])


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
