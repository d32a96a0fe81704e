"""Puts the formulas of a tagged page into its runs: they are found by the places of glyphs, as on any page."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

import pymupdf

from engine.convert.formulas.mathglyphs import math_page
from engine.convert.formulas.pageformulas import Formula, find_formulas
from engine.convert.page.blocks import Box, Kind
from engine.convert.tags.structuretext import Element, Run, RunKey, characters_of
from engine.convert.tags.structuretree import Attributes, Path
from engine.convert.text.glyphs.characters import readable
from engine.convert.text.glyphs.mathfonts import math_font
from engine.convert.text.pagetext import PageText

_Chars = list[dict[str, Any]]
_Place = tuple[str, int, int]


def put_formulas(page: pymupdf.Page, root: Element, attributes: Mapping[Path, Attributes]) -> None:
    """Make each formula of a page a run whose text is LaTeX, in the place of the first of its characters.

    What elements say themselves, by their attributes, goes first.
    """
    stated = [*_put_stated(root, attributes)]
    if not any(math_font(run.font) for run in root.runs()):
        return
    text = PageText.of(page, [])
    try:
        shapes = math_page(text)
        formulas = find_formulas(shapes, text.lines, [*stated, *_boxes(root, "Figure")], [*_boxes(root, "Table")])
    except (ValueError, IndexError, KeyError, ZeroDivisionError):  # the page is worth more than its formulas
        return
    owners: dict[_Place, int] = {}
    for number, formula in enumerate(formulas):
        for member in formula.members:
            glyph = shapes.glyphs[member]
            word = text.lines[glyph.line].words[glyph.word]
            owners.update({_place(char): number for char in word.raw[glyph.first : glyph.last]})
    if owners:
        _Put(formulas, owners, characters_of(page)).into(root)


def _put_stated(element: Element, attributes: Mapping[Path, Attributes]) -> Iterator[Box]:
    """Give elements of formulas the LaTeX that they state, in the place of their text; their boxes."""
    for kid in element.elements():
        known = attributes.get(kid.path)
        runs = [*kid.runs()]
        if kid.role == "Formula" and known is not None and known.latex and runs:
            largest = max(runs, key=lambda run: run.size)
            kid.kids = [Run(known.latex, kid.box, largest.baseline, largest.font, largest.size, formula=Kind.PARAGRAPH)]
            yield kid.box
        else:
            yield from _put_stated(kid, attributes)


def _boxes(element: Element, role: str) -> Iterator[Box]:
    for kid in element.elements():
        if kid.role == role:
            yield kid.box
        else:
            yield from _boxes(kid, role)


def _place(char: dict[str, Any]) -> _Place:
    x, y = char["origin"]
    return char["c"], round(10 * x), round(10 * y)


class _Put:
    """Takes the characters of formulas out of runs, and puts the formulas there once."""

    def __init__(self, formulas: Sequence[Formula], owners: dict[_Place, int], known: dict[RunKey, _Chars]) -> None:
        self._formulas = formulas
        self._owners = owners
        self._known = known
        self._done: set[int] = set()

    def into(self, element: Element) -> None:
        """Change an element's runs, and those of its kids."""
        kids: list[Element | Run] = []
        for kid in element.kids:
            if isinstance(kid, Element):
                self.into(kid)
                kids.append(kid)
            else:
                chars = next((self._known[key] for key in kid.lookups() if key in self._known), None)
                kids += self._parts(kid, chars) if chars else self._whole(kid)
        element.kids = kids

    def _whole(self, run: Run) -> list[Run]:
        """A run whose characters are not known: as it is, unless it is of mathematics and lies in a formula."""
        if run.formula is not None or math_font(run.font) is None or not run.text.strip():
            return [run]
        x, y = (run.box[0] + run.box[2]) / 2, run.baseline - 0.25 * run.size
        inside = (n for n, f in enumerate(self._formulas) if f.box[0] <= x <= f.box[2] and f.box[1] <= y <= f.box[3])
        owner = next(inside, None)
        return [run] if owner is None else self._formula(owner, run)

    def _formula(self, number: int, run: Run) -> list[Run]:
        """A formula as a run in the place of one of its own, once."""
        if number in self._done:
            return []
        self._done.add(number)
        formula = self._formulas[number]
        kind = Kind.FORMULA if formula.is_display else Kind.PARAGRAPH
        return [Run(formula.latex, formula.box, formula.baseline, run.font, formula.size, formula=kind)]

    def _parts(self, run: Run, chars: _Chars) -> Iterator[Run]:
        at = 0
        for owner, grouped in groupby(chars, key=lambda char: self._owners.get(_place(char))):
            group = list(grouped)
            if owner is None and len(group) == len(chars):
                yield run
            elif owner is None:
                left, right = min(char["bbox"][0] for char in group), max(char["bbox"][2] for char in group)
                yield replace(
                    run,
                    text=readable("".join(char["c"] for char in group)),
                    box=(left, run.box[1], right, run.box[3]),
                    places=run.places[at : at + len(group)],
                )
            else:
                yield from self._formula(owner, run)
            at += len(group)
