"""Tells what stands below the title of a paper, as authors and dates do, from headings: it is plain, and centred."""

import re
from collections.abc import Mapping

from engine.convert.page.blocks import FURNITURE, Block, Kind, RefinedPage
from engine.convert.refine.headings.headingnumbers import depth_of
from engine.convert.refine.headings.headingstyles import LARGER, Style, Use, full_text, style_of

_DATE = re.compile(r"\d{1,2}\.? [^\W\d_]+\.?,? \d{4}")
"""One that begins as a numbered heading might."""
_CENTRE = 4.0
"""Points by which the middles of a title and what belongs to it may differ."""
_LONGEST = 200
"""Characters of such a line, or of several."""


def bylines(page: RefinedPage, uses: Mapping[Style, Use], body: float) -> set[int]:
    """The `id` of each block of a page that belongs to its title.

    `uses` tells all of the document's styles, `body` the size of most of its text.

    The title is larger than all other headings of the document. What belongs to it follows it, centred below it, and is
    set as no heading elsewhere: neither bold, nor slanted, nor numbered.
    """
    blocks = [block for block in page.blocks if block.kind not in FURNITURE]
    headings = [place for place, block in enumerate(blocks) if block.kind is Kind.HEADING]
    if not headings:
        return set()
    first = headings[0]
    title = blocks[first]
    styles = [style for style, use in uses.items() if use.called_headings]
    if any(style != style_of(title) and style.size * LARGER > style_of(title).size for style in styles):
        return set()
    found: list[Block] = []
    for block in blocks[first + 1 :]:
        style = style_of(block)
        is_numbered = depth_of(full_text(block)) and not _DATE.fullmatch(block.text.strip())
        is_plain = not (style.bold or style.italic or is_numbered or block.rows)
        if not is_plain or block.kind not in (Kind.HEADING, Kind.PARAGRAPH) or len(block.text) > _LONGEST:
            break
        if abs(_middle(block) - _middle(title)) > _CENTRE:
            break
        found.append(block)
    called = [style_of(block) for block in found if block.kind is Kind.HEADING]
    apart = [style for style in called if style.size >= body * LARGER]
    if any(uses[style].called_headings > called.count(style) for style in apart if style in uses):
        return set()
    has_others = any(style not in called and style != style_of(title) for style in styles)
    return {id(block) for block in found} if has_others else set()


def _middle(block: Block) -> float:
    return (block.box[0] + block.box[2]) / 2
