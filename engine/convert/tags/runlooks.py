"""Sees how the runs of a tagged page look: what of them is struck out by a line, and what nobody can see.

Tags say neither, as a rule. MuPDF's JSON gives no characters, so they are looked up where something is to be seen to.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

import pymupdf

from engine.convert.tags.structuretext import UPRIGHT, Element, Run, RunKey, characters_of
from engine.convert.text.glyphs.characters import readable
from engine.convert.text.hiding import Hiding
from engine.convert.text.strikes import Strikes

_Chars = list[dict[str, Any]]
_Lines = list[tuple[float, float]]


def see_to(
    page: pymupdf.Page, element: Element, hiding: Hiding, strikes: Strikes, turn: pymupdf.Matrix = UPRIGHT
) -> None:
    """Make what is struck out in an element runs of their own, and take out what cannot be seen, or note it.

    `turn` is what has brought the page upright.
    """
    struck = _struck(list(element.runs()), strikes) if strikes else {}
    if hiding or struck:
        _see_to(element, characters_of(page, turn), hiding, struck)


def _struck(runs: Sequence[Run], strikes: Strikes) -> dict[int, _Lines]:
    """By the identity of a run: from where to where it is struck out."""
    lines: dict[int, list[Run]] = {
        round(run.baseline): [] for run in runs if strikes.may_run_through(run.baseline, run.size)
    }
    if not lines:  # as on most pages: lines are drawn below text, or around it
        return {}
    for run in runs:
        if (line := lines.get(round(run.baseline))) is not None:
            line.append(run)
    found: dict[int, _Lines] = {}
    for line in lines.values():
        start, end = min(run.box[0] for run in line), max(run.box[2] for run in line)
        for run in line:
            left, _, right, _ = run.box
            through = strikes.through(run.baseline, run.size, start, end)
            if near := [(x0, x1) for x0, x1 in through if x0 < right and x1 > left]:
                found[id(run)] = near
    return found


def _see_to(element: Element, known: dict[RunKey, _Chars], hiding: Hiding, struck: dict[int, _Lines]) -> None:
    kids: list[Element | Run] = []
    for kid in element.kids:
        if isinstance(kid, Element):
            _see_to(kid, known, hiding, struck)
            kids.append(kid)
        else:
            chars = next((known[key] for key in kid.lookups() if key in known), None)
            kids += _parts(kid, chars, hiding, struck.get(id(kid), ())) if chars is not None else [kid]
    element.kids = kids


def _parts(run: Run, chars: _Chars, hiding: Hiding, through: Iterable[tuple[float, float]]) -> Iterator[Run]:
    def looks(char: dict[str, Any]) -> tuple[bool, bool, bool]:
        middle = (char["bbox"][0] + char["bbox"][2]) / 2
        return hiding.hides(char), hiding.drops(char), any(x0 <= middle <= x1 for x0, x1 in through)

    at = 0
    for (is_hidden, is_left_out, is_struck), grouped in groupby(chars, key=looks):
        group = list(grouped)
        if len(group) == len(chars) and not is_hidden and not is_left_out:
            yield replace(run, is_struck=is_struck)
        elif not is_left_out:
            left, right = min(char["bbox"][0] for char in group), max(char["bbox"][2] for char in group)
            yield replace(
                run,
                text=readable("".join(char["c"] for char in group)),
                box=(left, run.box[1], right, run.box[3]),
                places=run.places[at : at + len(group)],
                is_hidden=is_hidden,
                is_struck=is_struck,
            )
        at += len(group)
