"""How the short blocks of a document are set, what that is used for, and which levels it makes of headings."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from engine.convert.page.blocks import Block
from engine.convert.refine.headings.headingnumbers import depth_of

LARGER = 1.1
"""Text is larger than the body from this ratio of sizes on; word processors set the lowest heading at 13 to 11."""
SMALLER = 0.9
"""And smaller up to this one."""
RUNNING = 0.4
"""Text of one style of which so much is followed by more of it is no heading."""
SAME = 1.03
"""Sizes that differ by less are one, rounded differently."""
LEVELS = 6


class Style(NamedTuple):
    """How a block is set."""

    size: float
    """In points."""
    bold: bool
    italic: bool


@dataclass(slots=True)
class Use:
    """What a style is used for in the document, of blocks no longer than a heading."""

    blocks: int = 0
    called_headings: int = 0
    labels: int = 0
    """Of those called headings, they that end like the label of what follows."""
    followed_by_same: int = 0
    depths: set[int] = field(default_factory=set)
    """Of the numbers that they begin with: 2 of `3.1`, 0 of none."""


_Group = tuple[list[tuple[Style, int]], int]
"""Styles, with the parts of a number, that are of one level; and how many blocks have them."""


def style_of(block: Block) -> Style:
    """That of most of a block."""
    letters = bold = italic = 0
    for span in block.spans:
        count = len(span.text) - span.text.count(" ")
        letters += count
        bold += count * span.bold
        italic += count * span.italic
    return Style(rounded(block.size), 5 * bold > 4 * letters, 5 * italic > 4 * letters)


def rounded(size: float) -> float:
    """To a quarter of a point."""
    return round(size * 4) / 4


def full_text(block: Block) -> str:
    """With the number or bullet that a list item has as its label."""
    text = block.text.strip()
    return f"{block.label} {text}" if block.label else text


def ranked(uses: dict[Style, Use], body: float) -> dict[tuple[Style, int], int]:
    """The level of each style and number of parts in a heading's number; `body` is the size of most text."""
    groups: list[_Group] = []
    last: Style | None = None
    for style in sorted(uses, key=lambda style: (-style.size, not style.bold, style.italic)):
        use = uses[style]
        if not _may_head(style, use, body):
            continue
        alike = last is not None and last[1:] == style[1:] and last.size < style.size * SAME
        # A heading without a number, like the list of references, is on the level of the shortest numbers.
        for number, depth in enumerate(sorted(use.depths - {0}) or [0]):
            if alike and number == 0:
                members, count = groups[-1]
                groups[-1] = ([*members, (style, depth)], count + use.blocks)
            else:
                groups.append(([(style, depth)], use.blocks))
        last = style
    return {member: level for level, (members, _) in enumerate(_merged(groups), 1) for member in members}


def level_of(block: Block, ranks: dict[tuple[Style, int], int]) -> int:
    """The level of a heading, by what others that are set alike have."""
    style, depth = style_of(block), depth_of(full_text(block))
    known = ranks.get((style, depth))
    if known is None and depth and (by_depth := {parts: level for (_, parts), level in ranks.items() if parts}):
        nearest = max((parts for parts in by_depth if parts <= depth), default=min(by_depth))
        return max(1, min(LEVELS, by_depth[nearest] + depth - nearest))
    if known is None:
        of_style = [level for (other, _), level in ranks.items() if other == style]
        if of_style:
            return min(of_style)
        larger = [level for (other, _), level in ranks.items() if other.size > style.size]
        known = min(LEVELS, max(larger, default=0) + 1)
    return known


def _may_head(style: Style, use: Use, body: float) -> bool:
    """Whether any heading can have this style after all is said and done."""
    if style.size >= body * LARGER:
        return use.called_headings > 0 or use.followed_by_same <= RUNNING * use.blocks
    return style.size > body * SMALLER and use.called_headings > use.labels


def _merged(groups: Sequence[_Group]) -> list[_Group]:
    """No more than there are levels: the rarest goes with the one above, as title pages have sizes of their own."""
    groups = list(groups)
    while len(groups) > LEVELS:
        rarest = min(range(1, len(groups)), key=lambda place: groups[place][1])
        members, count = groups.pop(rarest)
        above, others = groups[rarest - 1]
        groups[rarest - 1] = ([*above, *members], others + count)
    return groups
