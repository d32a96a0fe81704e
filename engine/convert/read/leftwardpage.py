"""Has a page whose text runs from right to left be laid out as its mirror image, in which it runs from left to right.

So columns, the cells of a table's row and the labels of list items come in their order by the same rules as on other
pages: what is first is at the left there. Only places are mirrored, no words.
"""

from collections.abc import Iterable

from pymupdf4llm.helpers.document_layout import PageLayout

from engine.convert.page.blocks import Block, Box
from engine.convert.text.glyphs.bidi import has_right_to_left
from engine.convert.text.pagetext import Drawing, Link, PageText
from engine.convert.text.textline import Line


def runs_leftward(lines: Iterable[Line]) -> bool:
    """Whether most letters of a page are of a script that is written from right to left."""
    balance = 0
    for line in lines:
        for word in line.words:
            letters = sum(map(str.isalpha, word.text))
            balance += letters if has_right_to_left(word.text) else -letters
    return balance > 0


def mirror(layout: PageLayout, text: PageText) -> None:
    """Exchange left and right in all that is known of a page; done twice, nothing has changed."""
    width = float(layout.width)
    mirror_text(text, width)
    for box in layout.boxes:
        box.x0, box.y0, box.x1, box.y1 = mirrored((box.x0, box.y0, box.x1, box.y1), width)
        grid = (box.table or {}).get("cells") if isinstance(box.table, dict) else None
        if grid:
            box.table["cells"] = [
                [cell and mirrored((cell[0], cell[1], cell[2], cell[3]), width) for cell in reversed(row)]
                for row in grid
            ]


def mirror_text(text: PageText, width: float) -> None:
    """Exchange left and right in what stands on a page of a width, in points."""
    for line in text.lines:
        for word in line.words:
            word.edges = [width - edge for edge in reversed(word.edges)]
            word.box = mirrored(word.box, width)
        if not line.is_upright:
            line.direction = (-line.direction[0], line.direction[1])
        for name in ("start", "end", "box"):
            vars(line).pop(name, None)  # as they were
    text.drawings[:] = [Drawing(mirrored(each.box, width), each.color, each.is_stroked) for each in text.drawings]
    text.links[:] = [Link(mirrored(each.box, width), each.target) for each in text.links]


def mirror_blocks(blocks: Iterable[Block], width: float) -> None:
    """Exchange left and right of blocks."""
    for block in blocks:
        block.box = mirrored(block.box, width)


def mirrored(box: Box, width: float) -> Box:
    """A box on the page's mirror image."""
    return (width - box[2], box[1], width - box[0], box[3])
