"""Puts a page's layout together: tables, columns, paragraphs and pictures, as blocks in reading order."""

from collections.abc import Sequence
from itertools import pairwise

from pymupdf4llm.helpers.document_layout import LayoutBox

from engine.convert.fastlayout.alignedtables import aligned_tables
from engine.convert.fastlayout.groupkinds import name_kinds
from engine.convert.fastlayout.gutters import find_gutters, zone_of
from engine.convert.fastlayout.linerows import joined, rows_of
from engine.convert.fastlayout.pageparts import Part, is_mono
from engine.convert.fastlayout.textgroups import Group, Pitches, groups_of
from engine.convert.page.blocks import Block, Box, RefinedPage
from engine.convert.text.layoutblocks import is_display, mark_open_end, paragraphs, read_box
from engine.convert.text.pagetext import PageText
from engine.convert.text.textline import Line, dominant_size

_SAME_END = 3.0
"""In points: lines that end nearer to each other reach to one edge."""

Size = tuple[float, float]


def lay_out(number: int, size: Size, text: PageText, tables: Sequence[Part], pictures: Sequence[Box]) -> RefinedPage:
    """A page as blocks from top to bottom, before any step; `size` is its width and height in points.

    `tables` are those found by the rules around their cells.
    """
    taken = {id(line) for part in tables for line in part.lines}
    lines = [line for line in text.lines if id(line) not in taken and _is_on_page(line, size)]
    upright = [line for line in lines if line.is_upright and not is_display(line)]
    parts = [*tables, *_text_parts(upright, text, size[1], tables)]
    parts += [Part.of("formula", [line]) for line in lines if is_display(line)]
    parts += [Part("picture", [], box) for box in pictures]
    parts += [Part.of("text", group) for group in paragraphs([line for line in lines if not line.is_upright])]
    blocks: list[Block] = []
    for part in sorted(parts, key=lambda each: (each.box[1], each.box[0])):
        blocks += read_box(_box(part), part.lines, text)
    page = RefinedPage(number, *size, blocks)
    mark_open_end(page)
    return page


def _text_parts(lines: Sequence[Line], text: PageText, height: float, ruled: Sequence[Part]) -> list[Part]:
    """What upright lines make: the tables without rules, and text; `ruled` are the tables that are known."""
    body = dominant_size([line for line in lines if not is_mono(line)]) or text.body_size or 10.0
    gutters = find_gutters(lines, body)
    zones: dict[tuple[int, ...], list[Line]] = {}
    for line in lines:
        zones.setdefault(zone_of(line, gutters), []).append(line)
    tables: list[Part] = []
    columns: list[list[Line]] = []
    for zone in zones.values():
        rows = rows_of(zone)
        found = aligned_tables(rows)
        tables += [part for _, _, part in found]
        within = {row for first, last, _ in found for row in range(first, last)}
        columns.append([run for number, row in enumerate(rows) if number not in within for run in joined(row)])
    pitches = Pitches([line for column in columns for line in column])
    groups: list[Group] = []
    for column in columns:
        groups += groups_of(column, _right(column), pitches, text)
    return [*tables, *name_kinds(groups, body, height, [*ruled, *tables])]


def _right(lines: Sequence[Line]) -> float:
    """How far running text reaches in a column: where two of its lines end, that of listings aside."""
    ends = sorted((line.end for line in lines if not is_mono(line)), reverse=True)
    for longer, shorter in pairwise(ends):
        if longer - shorter < _SAME_END:
            return longer
    return max(ends, default=0.0)


def _box(part: Part) -> LayoutBox:
    return LayoutBox(*part.box, part.kind, table={"cells": part.grid} if part.grid else None)


def _is_on_page(line: Line, size: Size) -> bool:
    box = line.box
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return 0 <= x <= size[0] and 0 <= y <= size[1]
