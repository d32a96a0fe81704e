"""Pages that a test draws, as they are laid out without a model."""

from engine.convert.fastlayout.pagelayout import lay_out
from engine.convert.fastlayout.ruledtables import ruled_tables
from engine.convert.page.blocks import Block, Kind
from engine.convert.refine.columns import Columns
from engine.convert.text.pagetext import PageText
from tests.engine.convert.drawn import DrawnPage

PROSE = (
    "Every item must be looked at before the",
    "machines are switched on, and whoever is",
    "near them stands behind the yellow line,",
    "as the rules of the house have it since",
    "the second year of the works, when the",
    "first of them was lost.",
)
OTHER = (
    "What is made on one day is counted on the",
    "next, in the morning, by two of those who",
    "were not there. What they have found goes",
    "into the book that lies at the gate, under",
    "the date of the day on which it was made",
    "and not of the one it was counted on.",
)


def laid_out(page: DrawnPage) -> list[Block]:
    text = PageText.of(page.pdf.reload_page(page.page))
    found = lay_out(1, (400.0, 400.0), text, ruled_tables(text.lines, text), [])
    Columns().apply(found, text)
    return found.blocks


def said(page: DrawnPage) -> list[tuple[Kind, str]]:
    return [(block.kind, block.text) for block in laid_out(page)]
