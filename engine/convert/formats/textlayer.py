"""Turns the words that OCR has read on a page into invisible text at their places, as a PDF content stream.

Coordinates are those of the page as it is shown: points from the top left corner. What draws the stream brings them
to the page's own (see `searchablepdf`).
"""

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.convert.formats.glyphless import ADVANCE, ASCENT, DESCENT, FIRST_SPARE, LAST_SPARE
from engine.convert.open.context import OcrWord

_SAME_DIRECTION = math.cos(math.radians(12))
_MOST_GAP = 1.5
"""Words of a line are not farther apart than so many times their height; such a gap parts columns."""
_LEAST_SPACE = 0.15
"""Of the height: what a space between words takes at least."""
_USUAL = 0.75
"""The quantile of heights and lower edges that makes a line's: words without tall or deep letters have small boxes."""
_MOST_OFF = 0.4
"""Of the height: a word farther off its line's base has its own."""
_LITTLE_TILT = math.sin(math.radians(10))
_UNSPACED = re.compile(
    "[\u2e80-\u312f\u3190-\u4dbf\u4e00-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003ffff]"
)
"""Chinese and Japanese, which put no spaces between words; Korean (U+AC00 and on) does."""
_RIGHT_TO_LEFT = ("R", "AL")
_Vector = tuple[float, float]


@dataclass
class TextLayer:
    """Invisible text for a page."""

    content: str
    """A content stream that leaves the graphics state as it was, except for the text state; its font is `/name`."""
    beyond: list[int] = field(default_factory=list)
    """The characters beyond U+FFFF in it, in the order of their codes."""
    lines: list[tuple[float, float, float, float]] = field(default_factory=list)
    """The boxes of its lines."""


@dataclass
class _Placed:
    """A word with its box as two vectors: along the text and, at a right angle, down."""

    text: str
    origin: _Vector
    """The upper corner where the box begins, seen from the left of the text."""
    along: _Vector
    """Of length 1."""
    width: float
    height: float

    @property
    def down(self) -> _Vector:
        return -self.along[1], self.along[0]

    @property
    def center(self) -> _Vector:
        return _moved(self.origin, (self.along, self.width / 2), (self.down, self.height / 2))

    @property
    def is_right_to_left(self) -> bool:
        return any(unicodedata.bidirectional(c) in _RIGHT_TO_LEFT for c in self.text)


def text_layer(words: Sequence[OcrWord], font: str) -> TextLayer | None:
    """The layer with these words in the font of this name; None if there is nothing in them to be written."""
    placed = [word for word in map(_placed, words) if word is not None]
    if not placed:
        return None
    layer = TextLayer("")
    codes = _Codes(layer.beyond)
    parts = ["BT 3 Tr"]
    for line in _lines(placed):
        parts += _drawn(line, font, codes, layer)
    layer.content = "\n".join([*parts, "ET", ""])
    return layer


class _Codes:
    """Gives characters their codes, two bytes each."""

    def __init__(self, beyond: list[int]) -> None:
        self._beyond = beyond
        self._spare: dict[str, int] = {}

    def __call__(self, text: str) -> str:
        return "".join(f"{self._code(c):04X}" for c in text)

    def _code(self, character: str) -> int:
        number = ord(character)
        if number <= 0xFFFF:
            return number if not FIRST_SPARE <= number <= LAST_SPARE else 0xFFFD
        if character not in self._spare:
            code = FIRST_SPARE + len(self._beyond)
            if code > LAST_SPARE:
                return 0xFFFD
            self._beyond.append(number)
            self._spare[character] = code
        return self._spare[character]


def _placed(word: OcrWord) -> _Placed | None:
    text = " ".join("".join(c for c in word.text if c.isspace() or unicodedata.category(c) != "Cc").split())
    x0, y0, x1, y1, x2, y2, x3, y3 = word.quad
    if not text or not all(map(math.isfinite, word.quad)):
        return None
    along = (x1 - x0 + x2 - x3) / 2, (y1 - y0 + y2 - y3) / 2
    down = (x3 - x0 + x2 - x1) / 2, (y3 - y0 + y2 - y1) / 2
    width = math.hypot(*along)
    if width < 0.01:
        return None
    origin = (x0, y0)
    if along[0] * down[1] - along[1] * down[0] < 0:  # the corners are named as one reads from right to left
        along, origin = (-along[0], -along[1]), (x1, y1)
    along = along[0] / width, along[1] / width
    height = -down[0] * along[1] + down[1] * along[0]
    return _Placed(text, origin, along, width, height) if height > 0.01 else None


def _lines(words: list[_Placed]) -> list[list[_Placed]]:
    lines: list[list[_Placed]] = []
    for word in words:
        if lines and _goes_on(lines[-1][-1], word):
            lines[-1].append(word)
        else:
            lines.append([word])
    return [_straightened(line) for line in lines]


def _goes_on(before: _Placed, word: _Placed) -> bool:
    """Whether a word is the next one on the line, to the right or, in such a script, to the left."""
    if _dot(before.along, word.along) < _SAME_DIRECTION:
        return False
    height = max(before.height, word.height)
    if min(before.height, word.height) < 0.3 * height:
        return False
    aside = _dot(_difference(word.center, before.center), before.down)
    if abs(aside) > 0.5 * height:
        return False
    start = _dot(_difference(word.origin, before.origin), before.along)
    gap_right, gap_left = start - before.width, -start - word.width
    gap = gap_left if (before.is_right_to_left or word.is_right_to_left) and gap_left > gap_right else gap_right
    return -0.5 * height < gap < _MOST_GAP * height


def _straightened(line: list[_Placed]) -> list[_Placed]:
    """A line whose upright boxes go up or down, as some engines give them on a skewed page, along its slope."""
    if len(line) < 3:
        return line
    along, down = line[0].along, line[0].down
    if any(abs(_dot(word.along, down)) > 0.001 for word in line):
        return line  # its boxes are turned as the line is
    xs = [_dot(word.center, along) for word in line]
    ys = [_dot(word.center, down) for word in line]
    middle_x, middle_y = sum(xs) / len(xs), sum(ys) / len(ys)
    spread = sum((x - middle_x) ** 2 for x in xs)
    slope = sum((x - middle_x) * (y - middle_y) for x, y in zip(xs, ys, strict=True)) / spread if spread else 0.0
    height = _quantile([word.height for word in line])
    if abs(slope) * (max(xs) - min(xs)) < 0.5 * height:
        return line
    length = math.hypot(1, slope)
    tilted = (along[0] + slope * down[0]) / length, (along[1] + slope * down[1]) / length
    turned = []
    for word in line:
        # The upright box around a tilted one is higher and wider than that.
        inner_height = max(word.height - abs(slope) * word.width, 0.3 * word.height)
        inner_width = max(word.width - abs(slope) * inner_height, 0.3 * word.width)
        new = _Placed(word.text, (0, 0), tilted, inner_width, inner_height)
        new.origin = _moved(word.center, (tilted, -inner_width / 2), (new.down, -inner_height / 2))
        turned.append(new)
    return turned


def _drawn(line: list[_Placed], font: str, codes: _Codes, layer: TextLayer) -> list[str]:
    """The operators for a line, from left to right whatever way it is read: so viewers expect it."""
    along = _unit(
        (sum(word.along[0] * word.width for word in line), sum(word.along[1] * word.width for word in line)),
        line[0].along,
    )
    height = _quantile([word.height for word in line])
    steps = _climbs(line, along, height)
    if steps:
        along = _axis(along)
    down = -along[1], along[0]
    line = sorted(line, key=lambda word: _dot(word.center, along))
    base = _quantile([_lower_edge(word, down) for word in line]) - DESCENT * height
    starts = [_dot(word.center, along) - word.width / 2 for word in line]
    ends = [start + word.width for start, word in zip(starts, line, strict=True)]
    parts = [f"/{font} {_number(height)} Tf"]
    current = math.nan
    for place, word in enumerate(line):
        text = _visual(word.text)
        end, space = ends[place], 0.0
        if place + 1 < len(line):
            gap = starts[place + 1] - end
            if _UNSPACED.match(text[-1]) and _UNSPACED.match(_visual(line[place + 1].text)[0]) and gap < 0.5 * height:
                end += gap
            else:
                # Room for the space is taken from the word where the boxes leave none.
                space = max(gap, _LEAST_SPACE * height)
                end = starts[place + 1] - space
            end = max(end, starts[place] + 0.3 * word.width)
        own = _lower_edge(word, down) - DESCENT * height
        wanted = own if steps or abs(own - base) > _MOST_OFF * height else base  # or the line is bent
        if wanted != current:
            x, y = _moved((0.0, 0.0), (along, starts[place]), (down, wanted))
            a, b = _fine(along[0]), _fine(along[1])
            # The page's y axis goes down here, a font's goes up.
            parts.append(f"{a} {b} {_fine(along[1])} {_fine(-along[0])} {_number(x)} {_number(y)} Tm")
            current = wanted
        parts.append(_shown(text, end - starts[place], height, codes))
        if space:
            parts.append(_shown(" ", starts[place + 1] - end, height, codes))
    corners = [
        _moved((0.0, 0.0), (along, x), (down, y))
        for x in (min(starts), max(ends))
        for y in (base - ASCENT * height, base + DESCENT * height)
    ]
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    layer.lines.append((min(xs), min(ys), max(xs), max(ys)))
    return parts


def _climbs(line: list[_Placed], along: _Vector, height: float) -> bool:
    """Whether a line is a little askew, and so long that it ends beside another one.

    Poppler cuts such a line wherever it has risen by half its height, within words as well, unless each word is level.
    """
    axis = _axis(along)
    places = [_dot(word.center, along) for word in line]
    length = max(places) - min(places) + line[-1].width
    tilt = abs(axis[0] * along[1] - axis[1] * along[0])
    return tilt < _LITTLE_TILT and tilt * length > _MOST_OFF * height


def _axis(along: _Vector) -> _Vector:
    """The nearest of left, right, up and down."""
    x, y = along
    return (math.copysign(1.0, x), 0.0) if abs(x) >= abs(y) else (0.0, math.copysign(1.0, y))


def _shown(text: str, width: float, height: float, codes: _Codes) -> str:
    """The operators that show a text in so much width."""
    scale = 100 * max(width, 0.01) / (len(text) * ADVANCE * height)
    return f"{_number(scale)} Tz <{codes(text)}> Tj"


def _visual(text: str) -> str:
    """A word as it stands on the page from left to right; what is read from right to left is turned round."""
    if not any(unicodedata.bidirectional(c) in _RIGHT_TO_LEFT for c in text):
        return text
    runs: list[list[str]] = []
    was_left_to_right = False
    for character in text:
        kind = unicodedata.bidirectional(character)
        is_left_to_right = kind in ("L", "EN", "AN") or (was_left_to_right and kind in ("CS", "ES", "NSM"))
        if runs and (kind == "NSM" or (is_left_to_right and was_left_to_right)):
            runs[-1].append(character)
        else:
            runs.append([character])
        was_left_to_right = is_left_to_right
    return "".join("".join(run) for run in reversed(runs))


def _lower_edge(word: _Placed, down: _Vector) -> float:
    return _dot(word.center, down) + word.height / 2


def _quantile(values: list[float]) -> float:
    return sorted(values)[min(int(_USUAL * len(values)), len(values) - 1)]


def _unit(vector: _Vector, otherwise: _Vector) -> _Vector:
    length = math.hypot(*vector)
    return (vector[0] / length, vector[1] / length) if length else otherwise


def _dot(one: _Vector, other: _Vector) -> float:
    return one[0] * other[0] + one[1] * other[1]


def _difference(one: _Vector, other: _Vector) -> _Vector:
    return one[0] - other[0], one[1] - other[1]


def _moved(point: _Vector, *ways: tuple[_Vector, float]) -> _Vector:
    return (
        point[0] + sum(direction[0] * length for direction, length in ways),
        point[1] + sum(direction[1] * length for direction, length in ways),
    )


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _fine(value: float) -> str:
    return f"{value:.5f}".rstrip("0").rstrip(".") if abs(value) > 1e-5 else "0"
