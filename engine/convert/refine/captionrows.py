"""Takes captions out of tables: lines above the words of a head that the layout model has put into a cell of it."""

from itertools import pairwise

from engine.convert.page.blocks import Block, Kind, around
from engine.convert.text.layoutblocks import rewrite
from engine.convert.text.pagetext import PageText
from engine.convert.text.textflow import compose, visual_lines
from engine.convert.text.textline import Line

_ABOVE = 0.5
"""In sizes of the text: a caption is at least so much above the words of the head."""
_LEVEL = 0.3
"""In sizes of the text: baselines of one line differ by less."""
_BLANK = 0.5
"""And words of it are no farther apart."""
_OUT = 0.5
"""In sizes of the text: by so much it reaches out of the column of its cell."""


def caption_of_head(block: Block, text: PageText) -> Block | None:
    """The line above a table's head that stands in cells of it and reaches out of their columns; None if none does.

    The cells keep the lines below it; a row that has nothing else is none.
    """
    if len(block.rows) < 2 or len({len(row) for row in block.rows}) != 1:
        return None
    cells = []
    for cell in block.rows[0]:
        fragments = text.lines_of(cell)
        if not all(line.is_upright for line in fragments):
            return None
        cells.append(visual_lines(fragments) if fragments else [])
    top = min((lines[0].baseline for lines in cells if lines), default=0.0)
    above = [column for column, lines in enumerate(cells) if lines and lines[0].baseline - top < _LEVEL * lines[0].size]
    if not above or len(above) == len(cells):
        return None
    run = [cells[column][0] for column in above]
    size = run[0].size
    lower = [line for lines in cells for line in lines if line not in run]
    if lower and min(line.baseline for line in lower) - top < _ABOVE * size:
        return None
    if any(after.start - before.end > _BLANK * size for before, after in pairwise(run)):
        return None
    if len(above) == 1 and not (lower and _reaches_out(above[0], run[0], block, text)):
        return None
    caption = Block(Kind.CAPTION, around(line.box for line in run))
    rewrite(caption, run, text)
    if lower:
        for column in above:
            cell, rest = block.rows[0][column], cells[column][1:]
            text.remember(cell, rest)
            cell.spans = compose(rest, text.vocabulary) if rest else []
    else:
        del block.rows[0]
        for cell in block.rows[0]:
            cell.is_header = True
    block.box = (block.box[0], max(block.box[1], caption.box[3]), *block.box[2:])
    return caption


def _reaches_out(column: int, line: Line, block: Block, text: PageText) -> bool:
    """Whether the first line of a cell of the head begins left of its column, or ends where the next has begun."""
    starts = [
        [each.start for row in block.rows[1:] for each in text.lines_of(row[place])]
        for place in range(column, len(block.rows[0]))
    ]
    starts[0] += [each.start for each in text.lines_of(block.rows[0][column]) if each.baseline > line.baseline + 1]
    own = min(starts[0], default=line.start)
    return line.start <= own - _OUT * line.size or line.end >= min(
        (start for each in starts[1:] for start in each), default=float("inf")
    )
