"""Puts the blocks of a page in reading order where it is set in columns.

A recursive cut in the manner of Nagy and Seth's XY-cut: strips that lie side by side and share a gutter are read column
by column, and what crosses the gutter (a title, a wide table or figure) parts the page into bands read one after the
other. Unlike there a gutter is only believed where the blocks beside it are not rows of something tabular, so that a
form, a list of terms or a table nobody recognised keep the order they came in; a page without a gutter does so wholly.
"""

import itertools
import math
import unicodedata
from collections.abc import Iterable, Sequence
from statistics import median

from engine.convert.page.blocks import FURNITURE, Block, Kind, RefinedPage
from engine.convert.text.glyphs.bidi import has_right_to_left
from engine.convert.text.pagetext import PageText

_GUTTER = 0.6
"""A gutter is at least so many times as wide as the text is high; LaTeX sets 10 points between columns of 10."""
_SLACK = 0.3
"""Boxes may reach into each other by so much of the text's height."""
_SPILL = 0.02
"""They may reach into a gutter by such a part of their width, and no more than the slack."""
_BESIDE = 0.4
"""Of two columns, the one with less in it has at least so much of its height beside blocks of the other."""
_ROWS = 0.6
"""A column is the labels of rows if it begins so many of them, in parts of its blocks."""
_MARGIN = 0.22
"""A column this small a part of the width is a margin, with notes to what stands beside it."""
_FILLED = 0.35
"""A column has something in at least so much of its height; what is set sparsely is a form."""
_DENSE = 0.6
"""Unless the column beside it has as much: then it is stretched to the length of that, as TeX does."""
_ALONGSIDE = 0.3
"""What crosses a gutter parts the page, unless so much of its height has text beside it: then it has run over."""
_PARTED = 2.0
"""What stands above columns, and not in them, is so far above them, in heights of the text."""
_LONG = 4.0
"""Blocks this many times as high as their text are running text, not the entries of a form."""


class Columns:
    """Sorts the blocks of a page set in columns; running heads first, then text, its footnotes, and running feet."""

    name = "columns"

    def apply(self, page: RefinedPage, text: PageText) -> None:
        """Change the order of the page's blocks, and nothing else."""
        blocks = page.blocks
        if len(blocks) < 3 or _is_right_to_left(blocks):
            return
        heads, body, feet = _furniture_apart(blocks)
        sizes = [block.size for block in body if block.size]
        cut = _Cut(median(sizes) if sizes else 10.0)
        ordered = [block for item in cut.order(_items(body)) for block in item.blocks]
        if not cut.found:
            return
        notes = _footnotes(ordered)
        others = [block for block in ordered if not any(block is note for note in notes)]
        page.blocks = [*heads, *others, *notes, *feet]


def reading_order(blocks: Sequence[Block]) -> list[Block]:
    """Blocks of which nothing else tells an order: column by column where there are some, and from top to bottom."""
    if _is_right_to_left(blocks):
        return [*blocks]
    sizes = [block.size for block in blocks if block.size]
    cut = _Cut(median(sizes) if sizes else 10.0)
    return [
        block
        for item in cut.order([_Item(place, block) for place, block in enumerate(blocks)])
        for block in item.blocks
    ]


class _Item:
    """A block and where it stood, with the blocks that lie in it."""

    __slots__ = ("block", "blocks", "bottom", "left", "middle", "place", "right", "top")

    def __init__(self, place: int, block: Block) -> None:
        self.place = place
        self.block = block
        self.blocks = [block]
        self.left, self.top, self.right, self.bottom = block.box
        self.middle = (self.top + self.bottom) / 2


class _Cut:
    """Cuts a page, and remembers whether there was anything to cut."""

    def __init__(self, em: float) -> None:
        self.em = em
        self.found = False

    def order(self, items: Sequence[_Item]) -> list[_Item]:
        """The items in reading order."""
        if len(items) < 2:
            return list(items)
        columns = self._columns(items)
        if len(columns) > 1 and self._are_columns(columns):
            above = self._above(columns)
            if above:
                below = [item for item in items if not any(item is other for other in above)]
                return self.order(above) + self.order(below)
            self.found = True
            return [item for column in self._main_first(columns) for item in self.order(column)]
        clipped = [item.right for item in items]
        bands = self._bands(items)
        if clipped != [item.right for item in items]:
            return self.order(items)
        if len(bands) > 1:
            return [item for band in bands for item in self.order(band)]
        # Rows of something tabular, or an indent: each row as it came.
        strips = _strips(items, self.em * _SLACK)
        return [item for strip in strips for item in sorted(strip, key=lambda item: item.place)]

    def _columns(self, items: Iterable[_Item]) -> list[list[_Item]]:
        """Groups from left to right with a gutter between each two."""
        columns: list[list[_Item]] = []
        reach = float("-inf")
        for item in sorted(items, key=lambda item: item.left):
            spill = self._spill(item)
            if not columns or item.left + spill - reach >= self.em * _GUTTER:
                columns.append([])
            columns[-1].append(item)
            reach = max(reach, item.right - spill)
        return columns

    def _are_columns(self, columns: list[list[_Item]]) -> bool:
        """Whether these are read one after the other, and not row by row."""
        return all(self._is_gutter(left, right) for left, right in itertools.pairwise(columns))

    def _is_gutter(self, left: list[_Item], right: list[_Item]) -> bool:
        if min(_beside(left, right), _beside(right, left)) <= 0 or (
            max(_beside(left, right), _beside(right, left)) < _BESIDE
        ):
            return False  # one under the other, with an indent
        width = _width(left + right)
        filled = [_filled(column) for column in (left, right)]
        wide = [_width(column) >= _MARGIN * width for column in (left, right)]
        if max(filled) < _DENSE and any(
            share < _FILLED for share, is_wide in zip(filled, wide, strict=True) if is_wide
        ):
            return False
        fewer = min(left, right, key=len)
        return not self._heads_rows(fewer, left + right)

    def _heads_rows(self, column: list[_Item], everything: list[_Item]) -> bool:
        """Whether what stands in `column` are labels: most begin a row in which others begin at the same height."""
        at_row = 0
        for strip in _strips(everything, self.em * _SLACK):
            top = strip[0].top
            heads = [item for item in strip if item.top - top < self.em * _SLACK]
            at_row += len(heads) > 1 and sum(any(item is head for head in heads) for item in column) == 1
        if at_row < 2 or at_row < _ROWS * len(column):
            return False
        # Running text is no label, though paragraphs may begin at one height by chance, or in a brochure on purpose.
        height = sum(item.bottom - item.top for item in column)
        long = [item for item in column if item.bottom - item.top > _LONG * (item.block.size or self.em)]
        return 2 * sum(item.bottom - item.top for item in long) < height

    def _main_first(self, columns: list[list[_Item]]) -> list[list[_Item]]:
        """Notes in a margin after what they are notes to."""
        left = min(item.left for column in columns for item in column)
        right = max(item.right for column in columns for item in column)
        wide = [c for c in columns if _width(c) >= _MARGIN * (right - left)]
        narrow = [c for c in columns if _width(c) < _MARGIN * (right - left)]
        # Several narrow columns are just that.
        return wide + narrow if len(wide) >= 1 and len(narrow) == 1 and len(columns) == 2 else columns

    def _bands(self, items: Sequence[_Item]) -> list[list[_Item]]:
        """Groups from top to bottom: what crosses the best gutter, and what stands between that."""
        gutter = self._best_gutter(items)
        if gutter is None:
            return _strips(items, self.em * _SLACK)
        if self._clip(items, gutter):
            return [list(items)]
        across = [item for item in items if self._crosses(item, gutter)]
        across.sort(key=lambda item: (item.top, item.place))
        between: list[list[_Item]] = [[] for _ in range(len(across) + 1)]
        for item in items:
            if not self._crosses(item, gutter):
                between[sum(other.middle < item.middle for other in across)].append(item)
        bands: list[list[_Item]] = []
        for number, band in enumerate(between):
            if number < len(across):
                # What introduces the wide block below it stands with it, not at the end of the first column.
                strips = _strips(band, self.em * _SLACK)
                carried: list[list[_Item]] = []
                while strips and _introduces(strips[-1], across[number]):
                    carried.insert(0, strips.pop())
                bands += [[item for strip in strips for item in strip], *carried, [across[number]]]
            else:
                bands.append(band)
        return [band for band in bands if band]

    def _clip(self, items: Sequence[_Item], gutter: float) -> bool:
        """Have what has run over from the column left of a gutter end there; whether there is any.

        A line of code or a table may be wider than its column. Unlike what is set across both it has text beside it.
        """
        right = [item for item in items if item.left + self._spill(item) >= gutter + self.em * _GUTTER]
        left = min((item.left for item in items), default=0.0)
        over = [
            item
            for item in items
            if self._crosses(item, gutter)
            and item.left < (left + gutter) / 2
            and item.block.kind not in (Kind.HEADING, Kind.PICTURE)
            and _beside([item], right) >= _ALONGSIDE
        ]
        for item in over:
            item.right = gutter
        return bool(over)

    def _above(self, columns: Sequence[Sequence[_Item]]) -> list[_Item]:
        """What stands above the columns without being in them, like the authors of a paper: centred, and well apart."""
        items = sorted((item for column in columns for item in column), key=lambda item: item.top)
        reach = items[0].bottom
        for number, item in enumerate(items[1:], 1):
            if item.top - reach > _PARTED * self.em:
                top = items[:number]
                break
            reach = max(reach, item.bottom)
        else:
            return []
        for column in columns:
            rest = [item for item in column if not any(item is other for other in top)]
            own = [item for item in column if any(item is other for other in top)]
            if not rest or not own or min(item.left for item in own) < min(item.left for item in rest) + 2 * self.em:
                return []
        return top

    def _best_gutter(self, items: Sequence[_Item]) -> float | None:
        """The left edge of the gutter with most text beside text, if there is any."""
        best, most = None, 0.0
        step = max(1.0, self.em * _GUTTER / 2)
        for place in sorted({math.ceil(item.right / step) for item in items}):
            gutter = place * step
            left = [item for item in items if item.right - self._spill(item) <= gutter]
            right = [item for item in items if item.left + self._spill(item) >= gutter + self.em * _GUTTER]
            shared = _shared_height(left, right)
            if shared > most:
                best, most = gutter, shared
        return best

    def _crosses(self, item: _Item, gutter: float) -> bool:
        spill = self._spill(item)
        return item.right - spill > gutter and item.left + spill < gutter + self.em * _GUTTER

    def _spill(self, item: _Item) -> float:
        return min(_SPILL * (item.right - item.left), _SLACK * self.em)


def _strips(items: Iterable[_Item], slack: float) -> list[list[_Item]]:
    """Groups from top to bottom that do not overlap in height."""
    strips: list[list[_Item]] = []
    reach = float("-inf")
    for item in sorted(items, key=lambda item: item.top):
        if not strips or item.top >= reach - slack:
            strips.append([])
        strips[-1].append(item)
        reach = max(reach, item.bottom)
    return strips


def _beside(some: list[_Item], others: list[_Item]) -> float:
    """How much of the height of `some` lies beside one of `others`, 0 to 1."""
    total = sum(item.bottom - item.top for item in some)
    spans = sorted((item.top, item.bottom) for item in others)
    shared = 0.0
    for item in some:
        at = item.top
        for top, bottom in spans:
            low, high = max(at, top), min(item.bottom, bottom)
            if high > low:
                shared += high - low
                at = high
    return shared / total if total > 0 else 0.0


def _filled(column: list[_Item]) -> float:
    """How much of a column's height has something in it, 0 to 1."""
    height = max(item.bottom for item in column) - min(item.top for item in column)
    return sum(item.bottom - item.top for item in column) / height if height > 0 else 1.0


def _shared_height(some: list[_Item], others: list[_Item]) -> float:
    """How many points of height have something of both."""
    shared = 0.0
    spans = _covered(others)
    for top, bottom in _covered(some):
        shared += sum(max(0.0, min(bottom, low) - max(top, high)) for high, low in spans)
    return shared


def _covered(items: Iterable[_Item]) -> list[tuple[float, float]]:
    """The heights that have something, from top to bottom, none of them overlapping."""
    spans: list[tuple[float, float]] = []
    for top, bottom in sorted((item.top, item.bottom) for item in items):
        if spans and top <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(bottom, spans[-1][1]))
        else:
            spans.append((top, bottom))
    return spans


def _introduces(strip: list[_Item], below: _Item) -> bool:
    if len(strip) != 1:
        return False
    kind = strip[0].block.kind
    return kind is Kind.HEADING or (kind is Kind.CAPTION and below.block.kind in (Kind.TABLE, Kind.PICTURE))


def _width(items: list[_Item]) -> float:
    return max(item.right for item in items) - min(item.left for item in items)


def _items(body: Sequence[Block]) -> list[_Item]:
    """The blocks; text in a picture goes with it, but for one that is the ground of a page."""
    items = [_Item(place, block) for place, block in enumerate(body)]
    inside: dict[int, int] = {}
    for picture in items:
        if picture.block.kind is Kind.PICTURE:
            texts = [item for item in items if item is not picture and _is_inside(item, picture)]
            if 2 * sum(len(item.block.text) for item in texts) <= sum(len(block.text) for block in body):
                inside.update((item.place, picture.place) for item in texts if item.block.kind is not Kind.PICTURE)
    for place, picture_place in inside.items():
        items[picture_place].blocks.append(body[place])
    return [item for item in items if item.place not in inside]


def _is_inside(item: _Item, picture: _Item) -> bool:
    x = (item.left + item.right) / 2
    return picture.left <= x <= picture.right and picture.top <= item.middle <= picture.bottom


def _furniture_apart(blocks: Iterable[Block]) -> tuple[list[Block], list[Block], list[Block]]:
    """What is above all text, the text, and what is below it.

    What is called furniture and stands beside text may be text, so it is cut like it.
    """
    blocks = list(blocks)
    text = [block for block in blocks if block.kind not in FURNITURE]
    top = min((block.box[1] for block in text), default=0.0)
    bottom = max((block.box[3] for block in text), default=0.0)
    heads = [block for block in blocks if block.kind is Kind.PAGE_HEADER and _middle(block) < top]
    feet = [block for block in blocks if block.kind is Kind.PAGE_FOOTER and _middle(block) > bottom]
    outside = {id(block) for block in (*heads, *feet)}
    return heads, [block for block in blocks if id(block) not in outside], feet


def _middle(block: Block) -> float:
    return (block.box[1] + block.box[3]) / 2


def _footnotes(ordered: list[Block]) -> list[Block]:
    """Footnotes at the foot of their columns: nothing but other footnotes stands below them."""
    notes = [block for block in ordered if block.kind is Kind.FOOTNOTE]
    return [
        note
        for note in notes
        if not any(
            block.kind is not Kind.FOOTNOTE
            and block.box[1] >= note.box[3]
            and min(block.box[2], note.box[2]) > max(block.box[0], note.box[0])
            for block in ordered
        )
    ]


def _is_right_to_left(blocks: Iterable[Block]) -> bool:
    """Whether most of the letters are of a script written from the right."""
    blocks = [*blocks]
    if not any(has_right_to_left(block.text) for block in blocks):
        return False
    left = right = 0
    for block in blocks:
        for character in block.text[:200]:
            direction = unicodedata.bidirectional(character)
            left += direction == "L"
            right += direction in ("R", "AL")
    return right > left
