"""Sees to the runs of a tagged page that nobody can see: MuPDF's JSON gives no characters, so they are looked up."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from typing import Any

import pymupdf

from engine.convert.tags.structuretext import Element, Run, RunKey, characters_of
from engine.convert.text.characters import readable
from engine.convert.text.hiding import Hiding


def see_to(page: pymupdf.Page, element: Element, hiding: Hiding) -> None:
    """Take what cannot be seen out of the runs of an element, or note it in runs of their own."""
    if hiding:
        _see_to(element, characters_of(page), hiding)


def _see_to(element: Element, known: dict[RunKey, list[dict[str, Any]]], hiding: Hiding) -> None:
    kids: list[Element | Run] = []
    for kid in element.kids:
        if isinstance(kid, Element):
            _see_to(kid, known, hiding)
            kids.append(kid)
        else:
            chars = next((known[key] for key in kid.lookups() if key in known), None)
            kids += _parts(kid, chars, hiding) if chars is not None else [kid]
    element.kids = kids


def _parts(run: Run, chars: Iterable[dict[str, Any]], hiding: Hiding) -> Iterator[Run]:
    groups = [(is_hidden, list(group)) for is_hidden, group in groupby(chars, key=hiding.hides)]
    if not any(is_hidden for is_hidden, _ in groups):
        yield run
        return
    at = 0
    for is_hidden, group in groups:
        if hiding.marks or not is_hidden:
            text = readable("".join(char["c"] for char in group))
            box = (
                min(char["bbox"][0] for char in group),
                run.box[1],
                max(char["bbox"][2] for char in group),
                run.box[3],
            )
            places = run.places[at : at + len(group)]
            yield replace(run, text=text, box=box, places=places, is_hidden=is_hidden)
        at += len(group)
