"""Pages drawn by a test, and what the layout model might say about them."""

from itertools import pairwise
from typing import Any

import pymupdf
from pymupdf4llm.helpers.document_layout import LayoutBox, PageLayout

from engine.convert.page.blocks import RefinedPage
from engine.convert.text.layoutblocks import read_blocks
from engine.convert.text.pagetext import PageText

_WIN_ANSI = {ord("•"): "\x95", ord("–"): "\x96", ord("—"): "\x97"}
"""PyMuPDF writes the built-in fonts by these codes."""


class DrawnPage:
    """A page of 400 by 400 points, in Helvetica of 10 points unless told otherwise."""

    def __init__(self) -> None:
        self.pdf = pymupdf.open()
        self.page = self.pdf.new_page(width=400, height=400)
        self.boxes: list[LayoutBox] = []

    def write(self, x: float, y: float, text: str, *, font: str = "helv", size: float = 10, **how: Any) -> None:
        """Text with its baseline at y."""
        self.page.insert_text((x, y), text.translate(_WIN_ANSI), fontname=font, fontsize=size, **how)

    def lines(self, x: float, y: float, *texts: str, pitch: float = 12, font: str = "helv", size: float = 10) -> None:
        """One line below the other."""
        for number, text in enumerate(texts):
            if text:
                self.write(x, y + number * pitch, text, font=font, size=size)

    def rule(self, x0: float, x1: float, y: float) -> None:
        """A thin horizontal line."""
        self.page.draw_line((x0, y), (x1, y), width=0.5)

    def box(self, kind: str, x0: float, y0: float, x1: float, y1: float, **values: Any) -> None:
        """What the layout model finds."""
        self.boxes.append(LayoutBox(x0, y0, x1, y1, kind, **values))

    def table(self, columns: list[float], rows: list[float]) -> None:
        """A table by the edges of its grid."""
        cells = [[(x0, y0, x1, y1) for x0, x1 in pairwise(columns)] for y0, y1 in pairwise(rows)]
        self.box("table", columns[0], rows[0], columns[-1], rows[-1], table={"cells": cells})

    def read(self) -> tuple[RefinedPage, PageText]:
        """The page as blocks, before any step, and its text."""
        text = PageText.of(self.pdf.reload_page(self.page))
        layout = PageLayout(page_number=1, width=400, height=400, boxes=self.boxes)
        return read_blocks(layout, text), text


def texts(page: RefinedPage) -> list[str]:
    """The text of each block."""
    return [block.text for block in page.blocks]
