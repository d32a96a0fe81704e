"""Reads a page on which a part lies sideways: the rest of it first, then that part, each on a sheet of its own."""

from collections.abc import Callable
from pathlib import Path

import pymupdf

from engine.convert.open.context import PageContext
from engine.convert.open.document import one_line
from engine.convert.page.blocks import Block, Box, RefinedPage
from engine.convert.read.sheet import Sheet, part_copy, upright_copy

_MARGIN = 12.0
"""In points, around the text of the part: its rules and frame."""


def read_in_parts(page: PageContext, sheet: Sheet, read: Callable[[Sheet], RefinedPage]) -> RefinedPage:
    """What is read of a page; if a part of it lies sideways, of both parts, as one page."""
    part = page.sideways
    if part is None or sheet.is_copy:
        return read(sheet)
    try:
        frame = _framed(part.box, sheet.original.rect)
        refined = _read(upright_copy(sheet.original, 0, part.lines), read)
        turned = _read(part_copy(sheet.original, frame, part.turned, part.others), read)
    except OSError:
        raise  # the disk, not the page
    except Exception as error:  # noqa: BLE001 - the page may be read as it is
        page.warnings.append(f"What lies sideways on page {page.number} was left so ({one_line(error)}).")
        return read(sheet)
    blocks = [block for block in refined.blocks if not _is_inside(block.box, frame)]
    for block in refined.blocks:
        if block.image and _is_inside(block.box, frame):  # what was seen there before it was turned
            file = Path(block.image)
            file.unlink(missing_ok=True)
            page.files.remove(page.out / file)
    place = _place(blocks, frame)
    lying = [block for block in turned.blocks if _is_inside(block.box, frame)]
    refined.blocks = [*blocks[:place], *lying, *blocks[place:]]
    return refined


def _read(sheet: Sheet, read: Callable[[Sheet], RefinedPage]) -> RefinedPage:
    try:
        return read(sheet)
    finally:
        sheet.close()


def _framed(box: Box, rect: pymupdf.Rect) -> Box:
    x0, y0, x1, y1 = box
    return (
        max(x0 - _MARGIN, rect.x0),
        max(y0 - _MARGIN, rect.y0),
        min(x1 + _MARGIN, rect.x1),
        min(y1 + _MARGIN, rect.y1),
    )


def _is_inside(box: Box, frame: Box) -> bool:
    """Whether most of a box is in a frame: what is left there without its text is its rules."""
    area = (box[2] - box[0]) * (box[3] - box[1])
    across = min(box[2], frame[2]) - max(box[0], frame[0])
    down = min(box[3], frame[3]) - max(box[1], frame[1])
    return across > 0 and down > 0 and across * down > 0.6 * area


def _place(blocks: list[Block], frame: Box) -> int:
    """Behind the last block that is above the middle of the frame and over it, else before the first below."""
    middle = (frame[1] + frame[3]) / 2
    above = [
        number
        for number, block in enumerate(blocks)
        if block.box[3] <= middle and block.box[0] < frame[2] and block.box[2] > frame[0]
    ]
    if above:
        return above[-1] + 1
    return next((number for number, block in enumerate(blocks) if block.box[1] > middle), len(blocks))
