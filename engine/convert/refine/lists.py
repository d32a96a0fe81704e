"""Makes list items of what the layout model calls so: one block each, with label, depth and what belongs to it."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.convert.page.blocks import FURNITURE, Block, Box, Kind, RefinedPage, around
from engine.convert.text.layoutblocks import rewrite
from engine.convert.text.listlabels import Label, find_label, is_bullet, is_label, split_glued, successor, text_start
from engine.convert.text.pagetext import PageText
from engine.convert.text.textflow import ends_early, visual_lines
from engine.convert.text.textline import Line

_ASIDE = FURNITURE | {Kind.FOOTNOTE, Kind.HEADING, Kind.PICTURE, Kind.CAPTION}


_ITEMS = frozenset({Kind.PARAGRAPH, Kind.LIST_ITEM})
_LABELLED = _ITEMS | {Kind.HEADING}
_DOUBTFUL = frozenset("-–—*∗+§\N{REPLACEMENT CHARACTER}")
"""Labels that do not make a list item of a paragraph by themselves."""
_LARGEST = 1.05
"""In sizes of most of the page's text: what is larger, and has a bullet, may be a heading still."""


@dataclass(slots=True)
class _Item:
    """A list item with where it stands."""

    block: Block
    lines: list[Line]
    label: Label | None
    left: float
    """Of its label, in points; of its text if it has none."""
    text: float
    """Where its text begins, in points."""
    size: float
    right: float
    """How far text may reach around it."""


@dataclass(slots=True)
class _Beside:
    """What stands before and after a block."""

    items: list[_Item]
    """All before it on its page."""
    following: list[Block]
    """The next block, if there is one."""


class Lists:
    """Splits, joins, labels and nests list items, and gives paragraphs within an item its depth."""

    name = "lists"

    def apply(self, page: RefinedPage, text: PageText) -> None:
        """Change list items, and paragraphs that begin with a bullet or belong to an item."""
        _attach_labels(page, text)
        blocks: list[Block] = []
        items: dict[int, _Item] = {}
        for number, block in enumerate(page.blocks):
            found = _items(block, text, _Beside(list(items.values()), page.blocks[number + 1 : number + 2]))
            for item in found:
                items[id(item.block)] = item
                blocks.append(item.block)
            if not found:
                blocks.append(block)
        blocks = _joined(blocks, items, text)
        blocks = _without_bullets(_demoted(blocks, items, text), items, text)
        _nest(blocks, items)
        page.blocks = blocks


def _attach_labels(page: RefinedPage, text: PageText) -> None:
    """Give bullets and numbers that stand alone, or as the last line of what is above, to the text right of them."""
    for block in list(page.blocks):
        if block.kind not in _LABELLED:
            continue
        lines = visual_lines(text.lines_of(block))
        if not lines or not is_label(lines[-1].text.strip()) or (block.kind is Kind.HEADING and len(lines) == 1):
            continue
        label = lines[-1]
        for other in page.blocks:
            if other is block or other.kind not in (_LABELLED if len(lines) == 1 else _ITEMS):
                continue
            others = text.lines_of(other)
            if not any(_is_beside(label, line) for line in (others if is_bullet(label.text.strip()) else others[:1])):
                continue
            other.box = around([label.box, other.box])
            rewrite(other, [label, *others], text)
            if len(lines) == 1:
                page.blocks = [b for b in page.blocks if b is not block]
            else:
                block.box = around(line.box for line in lines[:-1])
                rewrite(block, lines[:-1], text)
            break


def _is_beside(bullet: Line, line: Line) -> bool:
    size = line.size
    return abs(bullet.baseline - line.baseline) < 0.4 * size and 0 < line.start - bullet.end < 3 * size


def _items(block: Block, text: PageText, beside: _Beside) -> list[_Item]:
    """The list items in a block; none if it is not one."""
    lines = text.lines_of(block)
    if not lines or block.kind not in _LABELLED:
        return []
    lines = [split_glued(line) for line in visual_lines(lines)]
    first = find_label(lines[0], text)
    if block.kind is Kind.HEADING and not _is_bold_item(block, first, text):
        return []
    if block.kind is Kind.PARAGRAPH and not _begins_list(lines, first, beside, text):
        return []
    right = text.right_limit(block.box) or block.box[2]
    starts = _item_starts(lines, text, right)
    if block.kind is Kind.PARAGRAPH and first is None:
        starts = [i for i in starts if i]
    result = []
    for number, start in enumerate(starts):
        part = lines[start : starts[number + 1] if number + 1 < len(starts) else len(lines)]
        label = find_label(part[0], text)
        own = block if len(starts) == 1 else Block(Kind.LIST_ITEM, block.box, depth=block.depth)
        own.kind = Kind.LIST_ITEM
        result.append(_item(own, part, label, text, right))
    result[-1].block.goes_on = block.goes_on
    return result


def _is_bold_item(block: Block, label: Label | None, text: PageText) -> bool:
    """Whether what the model takes for a heading has a bullet before it, and is no larger than text."""
    has_bullet = label is not None and not label.is_number and label.text not in _DOUBTFUL
    return has_bullet and block.size <= _LARGEST * text.body_size


def _item(block: Block, lines: list[Line], label: Label | None, text: PageText, right: float) -> _Item:
    first = lines[0]
    start = text_start(first, label)
    left = label.left if label is not None else start
    block.label = label.text if label is not None else ""
    block.box = around([(min(left, line.box[0]), *line.box[1:]) for line in lines])
    if label is not None and label.words:
        lines = [Line(first.words[label.words :], first.direction, first.is_vertical), *lines[1:]]
    rewrite(block, lines, text)
    return _Item(block, lines, label, left, start, lines[0].size, right)


def _begins_list(lines: Sequence[Line], label: Label | None, beside: _Beside, text: PageText) -> bool:
    """Whether a paragraph is a list item that the model did not see.

    A bullet says so; a number does if it goes on from an item before it at the same place, whatever stands between
    them, or if the next block goes on from it.
    """
    if label is None:
        return False
    if not label.is_number:
        return label.words == 0 or label.text not in _DOUBTFUL
    if len(lines) == 1 and all(word.font.bold for word in lines[0].words):
        return False  # a heading's, more likely
    size = lines[0].size
    for item in reversed(beside.items):
        if item.label is not None and item.label.is_number and abs(item.left - label.left) < size:
            if successor(item.label.text, label.text):
                return True
            break
    if not any(block.kind in _ITEMS for block in beside.following):
        return False
    after = visual_lines(text.lines_of(beside.following[0]))
    following = find_label(after[0], text) if after else None
    return (
        following is not None
        and following.is_number
        and abs(following.left - label.left) < size
        and successor(label.text, following.text)
    )


def _item_starts(lines: Sequence[Line], text: PageText, right: float) -> list[int]:
    """The numbers of the lines that begin an item."""
    starts = [0]
    label = find_label(lines[0], text)
    margin = text_start(lines[0], label)
    labelled = label is not None
    last = label
    for i, line in enumerate(lines[1:], start=1):
        label = find_label(line, text)
        size = line.size
        begins = False
        if label is not None and (not label.is_number or last is None or _is_numbered_next(label, last, margin, size)):
            begins = True
        elif label is None and not labelled:
            begins = line.start < lines[i - 1].start - 0.3 * size or ends_early(lines[i - 1], line, right)
        if begins:
            starts.append(i)
            if label is not None:
                margin, last, labelled = text_start(line, label), label, True
    return starts


def _is_numbered_next(label: Label, last: Label, margin: float, size: float) -> bool:
    """Whether a number at a line's beginning is a label: no text of the item before stands that far left."""
    if last.is_number and successor(last.text, label.text):
        return label.left < margin + 3 * size
    return label.left < margin - 0.5 * size or label.left > margin + size


def _joined(blocks: list[Block], items: dict[int, _Item], text: PageText) -> list[Block]:
    """Blocks with the rest of an item, which the model took for one of its own or for a paragraph, put to the item."""
    result: list[Block] = []
    for block in blocks:
        item = items.get(id(result[-1])) if result else None
        lines = visual_lines(text.lines_of(block)) if item is not None else []
        rest = items.get(id(block))
        if (
            item is not None
            and lines
            and block.kind in (Kind.LIST_ITEM, Kind.PARAGRAPH)
            and (rest is None or rest.label is None)
            and item.label is not None
            and _goes_on(item, lines[0])
        ):
            item.lines = [*item.lines, *lines]
            item.block.box = around([item.block.box, block.box])
            item.block.goes_on = block.goes_on
            rewrite(item.block, item.lines, text)
        else:
            result.append(block)
    return result


def _demoted(blocks: list[Block], items: dict[int, _Item], text: PageText) -> list[Block]:
    """Blocks with items that have no label as paragraphs, or as the rest of one, since that is what most of them are.

    They stay items beside labelled ones that begin at the same place, or beside others where the upper ends early.
    """
    result: list[Block] = []
    for number, block in enumerate(blocks):
        item = items.get(id(block))
        if item is None or item.label is not None:
            result.append(block)
            continue
        neighbours = [*blocks[max(number - 1, 0) : number], *blocks[number + 1 : number + 2]]
        if any(_are_alike(item, items.get(id(other))) for other in neighbours):
            result.append(block)
            continue
        del items[id(block)]
        block.kind = Kind.PARAGRAPH
        before = result[-1] if result and result[-1].kind is Kind.PARAGRAPH else None
        lines = visual_lines(text.lines_of(before)) if before is not None and text.lines_of(before) else []
        if before is not None and lines and _is_next(lines[-1], item.lines[0], item):
            before.box = around([before.box, block.box])
            before.goes_on = block.goes_on
            rewrite(before, [*lines, *item.lines], text)
        else:
            rewrite(block, item.lines, text)
            result.append(block)
    return result


def _without_bullets(blocks: list[Block], items: dict[int, _Item], text: PageText) -> list[Block]:
    """Blocks without pictures that the model makes of bullets: there is nothing else in them."""
    labels = [
        (item.left, (item.lines[0].box[1] + item.lines[0].box[3]) / 2)
        for item in items.values()
        if item.label is not None and not item.label.words
    ]
    return [
        block
        for block in blocks
        if block.kind is not Kind.PICTURE
        or not any(_is_within(block.box, *label) for label in labels)
        or not text.has_only_marks(block.box)
    ]


def _is_within(box: Box, x: float, y: float) -> bool:
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


def _are_alike(item: _Item, other: _Item | None) -> bool:
    """Whether a neighbour of an item without a label shows that it is one: by its label, or by an early end."""
    if other is None or abs(other.text - item.text) > 0.5 * item.size:
        return False
    if other.label is not None:
        return True
    upper, lower = sorted((item, other), key=lambda each: each.lines[0].baseline)
    return ends_early(upper.lines[-1], lower.lines[0], max(upper.right, lower.right))


def _is_next(before: Line, after: Line, item: _Item) -> bool:
    """Whether a line is the next of a paragraph's."""
    return 0 < after.baseline - before.baseline < 1.5 * item.size and not ends_early(before, after, item.right)


def _goes_on(item: _Item, line: Line) -> bool:
    """Whether a line is the next of an item: under its text, as near as lines are, after a full line."""
    before = visual_lines(item.lines)[-1]
    step = line.baseline - before.baseline
    return (
        abs(line.start - item.text) < 0.3 * item.size
        and 0 < step < 1.5 * item.size
        and 0.9 < line.size / item.size < 1.1
        and not ends_early(before, line, item.right)
    )


def _nest(blocks: list[Block], items: dict[int, _Item]) -> None:
    """Set the depth of items by their indentation, and of what belongs to them."""
    for run in _list_runs(blocks, items):
        open_items: list[_Item] = []
        members = [items[id(block)] for block in run if id(block) in items]
        shallower = _levels(members)
        for block in run:
            item = items.get(id(block))
            if item is None:
                while open_items and block.box[0] < open_items[-1].text - 0.6 * open_items[-1].size:
                    open_items.pop()
                block.depth = open_items[-1].block.depth if open_items else 0
                continue
            while open_items and not _is_under(item, open_items[-1]):
                open_items.pop()
            base = open_items[-1].block.depth if open_items else 0 if members[0] is not item else shallower
            block.depth = base + 1
            open_items.append(item)


def _levels(members: Sequence[_Item]) -> int:
    """How many levels the first item of a list lies below others of it, which began on an earlier page."""
    first = members[0]
    lefts: list[float] = []
    for other in members[1:]:
        if other.left < first.left - first.size and all(abs(other.left - left) > first.size for left in lefts):
            lefts.append(other.left)
    return len(lefts)


def _is_under(item: _Item, other: _Item) -> bool:
    """Whether an item is one level below another, by where label and text begin, or by its number: 1.1 below 1."""
    if item.left > other.left + 0.6 * item.size and item.text > other.text + 0.6 * item.size:
        return True
    if item.label is None or other.label is None or abs(item.left - other.left) > 0.6 * item.size:
        return False
    inner, outer = item.label.text.strip("."), other.label.text.strip(".")
    return item.label.is_number and other.label.is_number and inner.startswith(outer + ".")


def _list_runs(blocks: Sequence[Block], items: dict[int, _Item]) -> list[list[Block]]:
    """Items that follow one another, with what stands under their text; a new column begins a new run."""
    runs: list[list[Block]] = []
    run: list[Block] = []
    least = 0.0
    for block in blocks:
        item = items.get(id(block))
        moved = bool(run) and (block.box[0] > run[-1].box[2] or block.box[3] < run[-1].box[1])
        if item is not None:
            if moved:
                runs.append(run)
                run = []
            least = min(least, item.text) if run else item.text
            run.append(block)
        elif run and not moved and block.kind not in _ASIDE and block.box[0] > least - 0.6 * (block.size or 10):
            run.append(block)
        elif run and block.kind not in FURNITURE:
            runs.append(run)
            run = []
    if run:
        runs.append(run)
    return runs
