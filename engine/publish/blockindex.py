"""What a published JSON file says of the blocks of a page: what each is, and where it is on the page."""

from pathlib import Path
from typing import Any

import msgspec

from engine.base.errors import HotfolioError
from engine.base.safetext import display_text
from engine.job.snapshot import Area, PageBlock

_MOST_BYTES = 64 << 20
_MOST_TEXT = 20_000
"""Characters of one block."""


class _Box(msgspec.Struct):
    x0: float
    y0: float
    x1: float
    y1: float
    boxclass: str = ""
    text: str = ""
    image: str = ""
    table: Any = None


class _Page(msgspec.Struct):
    page_number: int
    width: float
    height: float
    boxes: list[_Box] = []


class _Number(msgspec.Struct):
    page_number: int


class _Document(msgspec.Struct):
    pages: list[msgspec.Raw]


def read_blocks(file: Path, page: int) -> tuple[PageBlock, ...]:
    """The blocks of a page (from 1), in the order of the Markdown. Raises `HotfolioError`."""
    try:
        with file.open("rb") as stream:
            data = stream.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        raise HotfolioError("The JSON is no longer where it was published.") from None
    except OSError as error:
        raise HotfolioError(f"The JSON cannot be read: {error.strerror}.") from error
    if len(data) > _MOST_BYTES:
        raise HotfolioError("The JSON is too large to look for the blocks of a page in it.")
    try:
        pages = msgspec.json.decode(data, type=_Document).pages
        # Only the page that is asked for is read in full.
        found = next((each for each in pages if msgspec.json.decode(each, type=_Number).page_number == page), None)
        if found is None:
            return ()
        return _blocks(msgspec.json.decode(found, type=_Page))
    except msgspec.MsgspecError:
        raise HotfolioError("The JSON was changed after it was made, so it tells no blocks.") from None


def _blocks(page: _Page) -> tuple[PageBlock, ...]:
    if page.width <= 0 or page.height <= 0:
        return ()
    return tuple(
        PageBlock(
            kind=display_text(box.boxclass[:40]),
            area=_area(box, page),
            text=display_text((box.text or " ".join(_cell_texts(box.table)))[:_MOST_TEXT]),
            image=display_text(box.image[:400]),
        )
        for box in page.boxes
    )


def _area(box: _Box, page: _Page) -> Area:
    return (
        min(max(box.x0 / page.width, 0.0), 1.0),
        min(max(box.y0 / page.height, 0.0), 1.0),
        min(max(box.x1 / page.width, 0.0), 1.0),
        min(max(box.y1 / page.height, 0.0), 1.0),
    )


def _cell_texts(table: object) -> list[str]:
    """The texts of a table's cells, row by row; what is unrefined tells them otherwise, and has none here."""
    rows = table if isinstance(table, list) else []
    cells = [cell for row in rows if isinstance(row, list) for cell in row if isinstance(cell, dict)]
    return [text for cell in cells if isinstance(text := cell.get("text"), str)]
