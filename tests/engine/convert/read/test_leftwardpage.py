"""A page whose text runs from right to left is read as its twin is that runs from left to right."""

import random
from typing import Any

import pytest
from pymupdf4llm.helpers.document_layout import LayoutBox, PageLayout

from engine.convert.page.blocks import Block, Box
from engine.convert.read.leftwardpage import mirror, mirror_blocks, mirrored, runs_leftward
from engine.convert.refine.steps import page_steps
from engine.convert.text import layoutblocks
from engine.convert.text.pagetext import Link, PageText
from engine.convert.text.textline import Font, Line, Word
from engine.job.options import ConvertOptions

WIDTH, HEIGHT, SIZE = 600.0, 800.0, 10.0
PLAIN, BOLD = (Font("F", SIZE, bold, False, False, False, 0, True) for bold in (False, True))


class Twins:
    """A page from left to right, and one from right to left whose places are mirrored."""

    def __init__(self) -> None:
        self.lines: tuple[list[Line], list[Line]] = ([], [])
        self.boxes: list[tuple[str, Box, list[list[Box]]]] = []

    def write(self, x: float, y: float, text: str, *, bold: bool = False) -> None:
        """A line of words, each letter as wide as half its size."""
        for side, lines in enumerate(self.lines):
            at, words = x, []
            for part in text.split():
                edges = [at + 0.5 * SIZE * n for n in range(len(part) + 1)]
                box = (edges[0], y - 8.0, edges[-1], y + 2.0)
                if side:
                    box, edges = mirrored(box, WIDTH), [WIDTH - edge for edge in reversed(edges)]
                word = _hebrew(part) if side else part
                words.append(Word(word, BOLD if bold else PLAIN, edges, y, box, blank_after=True))
                at += 0.5 * SIZE * (len(part) + 1)
            words[-1].blank_after = False
            lines.append(Line(words))

    def box(self, kind: str, box: Box, grid: list[list[Box]] | None = None) -> None:
        self.boxes.append((kind, box, grid or []))

    def read(self, *, leftward: bool) -> list[Block]:
        """The blocks of one of them."""
        text = PageText({"blocks": []}, [])
        vars(text)["lines"] = self.lines[leftward]
        layout = PageLayout(1, WIDTH, HEIGHT, [_layout_box(*each, leftward=leftward) for each in self.boxes])
        assert runs_leftward(text.lines) == leftward
        if leftward:
            mirror(layout, text)
        page = layoutblocks.read_blocks(layout, text)
        for step in page_steps(ConvertOptions()):
            step.apply(page, text)
        if leftward:
            mirror_blocks(page.blocks, WIDTH)
        return page.blocks


def _layout_box(kind: str, box: Box, grid: list[list[Box]], *, leftward: bool) -> LayoutBox:
    if leftward:
        box, grid = mirrored(box, WIDTH), [[mirrored(cell, WIDTH) for cell in reversed(row)] for row in grid]
    table: dict[str, Any] | None = {"cells": grid} if grid else None
    return LayoutBox(*box, kind, table=table)


def _hebrew(text: str) -> str:
    return "".join(chr(0x5D0 + ord(c) % 27) if c.isalpha() else c for c in text)


def _described(blocks: list[Block], *, as_hebrew: bool) -> list[tuple[Any, ...]]:
    say = _hebrew if as_hebrew else str
    found: list[tuple[Any, ...]] = []
    for block in blocks:
        rows = [[say(cell.text) for cell in row] for row in block.rows]
        box = mirrored(block.box, WIDTH) if as_hebrew else block.box
        rounded = tuple(round(edge, 3) for edge in box)
        found.append((block.kind, block.depth, block.label, rows or say(block.text), rounded))
    return found


@pytest.mark.parametrize("seed", range(12))
def test_lists_tables_and_columns_come_out_as_those_of_the_twin(seed: int) -> None:
    choose = random.Random(seed)
    twins = Twins()

    def words(least: int, most: int) -> str:
        return " ".join("".join(choose.choices("abcdefgh", k=choose.randint(2, 7))) for _ in range(least))[:most]

    y = 50.0
    for number in range(1, choose.randint(3, 5)):
        indent = 50 + 20 * (number % 2) * choose.randint(0, 1)
        twins.write(indent, y, f"{choose.choice(['•', f'{number}.'])} {words(3, 60)}")
        twins.box("list-item", (indent - 2, y - 9, 550, y + 3))
        y += 14
    y += 30
    lefts = sorted(choose.sample([60, 150, 240, 330, 420], choose.randint(2, 4)))
    rights = [*lefts[1:], 520]
    grid, top = [], y
    for row in range(choose.randint(3, 5)):
        for left in lefts:
            twins.write(left, y, words(1, 12), bold=not row)
        grid.append([(left - 2.0, y - 9, right - 2.0, y + 3) for left, right in zip(lefts, rights, strict=True)])
        y += 14
    if seed % 2:
        twins.box("table", (58, top - 9, 520, y - 11), grid)
    else:
        twins.box("text", (58, top - 9, 520, y - 11))
    y += 40
    for left in (50, 320):
        for n in range(3):
            twins.write(left, y + 12 * n, words(6, 44))
        twins.box("text", (left - 2, y - 9, left + 230, y + 28))
    there, here = twins.read(leftward=False), twins.read(leftward=True)
    assert any(block.rows for block in there)
    assert _described(here, as_hebrew=False) == _described(there, as_hebrew=True)


def test_what_is_mirrored_twice_is_as_it_was() -> None:
    twins = Twins()
    twins.write(50, 50, "one two")
    text = PageText({"blocks": []}, [((10.0, 20.0, 30.0, 40.0), "https://a.example")])
    vars(text)["lines"] = twins.lines[1]
    layout = PageLayout(1, WIDTH, HEIGHT, [LayoutBox(10, 20, 30, 40, "table", table={"cells": [[None, (1, 2, 3, 4)]]})])
    before = [(word.text, word.edges, word.box) for word in text.lines[0].words]
    mirror(layout, text)
    assert text.links == [Link((570.0, 20.0, 590.0, 40.0), "https://a.example")]
    assert text.lines[0].words[0].start < text.lines[0].words[1].start
    mirror(layout, text)
    assert [(word.text, word.edges, word.box) for word in text.lines[0].words] == before
    assert layout.boxes[0].table == {"cells": [[None, (1, 2, 3, 4)]]}
