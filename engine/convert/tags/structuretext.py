"""Has MuPDF read a page's text along with the structure elements it belongs to, as a tree of elements and runs."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pymupdf
from pymupdf import mupdf

from engine.convert.page.blocks import Box, Kind, around
from engine.convert.tags.structuretree import NoStructure, Path
from engine.convert.text.glyphs.bidi import has_right_to_left
from engine.convert.text.glyphs.characters import UNKNOWN, readable
from engine.convert.text.glyphs.fontnames import traits

# Each piece of one font is a line of its own, with its font: MuPDF's JSON tells that of a line's beginning only.
_FLAGS = (
    pymupdf.TEXT_COLLECT_STRUCTURE
    | pymupdf.TEXT_PRESERVE_WHITESPACE
    | pymupdf.TEXT_MEDIABOX_CLIP
    | pymupdf.TEXT_PRESERVE_SPANS
)
_GRAPHICS = pymupdf.TEXT_PRESERVE_IMAGES | pymupdf.TEXT_COLLECT_VECTORS
_SCALE = 100
"""MuPDF's JSON has whole numbers: hundredths of points."""
_NAMES = {"NonDtruct": "NonStruct"}  # so MuPDF 1.27 and 2.0 spell it
_NOWHERE: Box = (0.0, 0.0, 0.0, 0.0)
UPRIGHT = pymupdf.Matrix(1, 1)
RunKey = tuple[str, int, int]
"""A run's text, and where it begins, in points."""
_ELEMENT = re.compile(r'<struct idx="(\d+)" bbox="([^"]*)" raw="[\s\S]*?" std="([^"]*)"|</struct>')


@dataclass(slots=True)
class Run:
    """Text in one font on one line."""

    text: str
    box: Box
    baseline: float
    font: str
    size: float
    """In points."""
    is_bold: bool = False
    is_italic: bool = False
    is_monospaced: bool = False
    is_struck: bool = False
    """A line is drawn through it."""
    is_hidden: bool = False
    """Nobody can see it on the page."""
    formula: Kind | None = None
    """Of a formula, whose text is LaTeX, whether it is set apart (`FORMULA`) or in a line."""
    places: tuple[tuple[float, float], ...] = ()
    """Where each character begins and ends, if there are some of a script that is written from right to left."""

    def lookups(self) -> "Iterator[RunKey]":
        """Under one of which `characters_of` has its characters."""
        left, baseline = int(self.box[0]), int(self.baseline)
        return ((self.text, x, y) for x in (left, left + 1) for y in (baseline, baseline + 1))


@dataclass(slots=True)
class Element:
    """A structure element, as far as it is on this page."""

    role: str
    """The standard one that its own is mapped to."""
    path: Path
    box: Box = _NOWHERE
    """Around its text; of a figure, around all of it."""
    name: str = ""
    """Its own, which in word processors is the name of a style."""
    kids: "list[Element | Run]" = field(default_factory=list)

    def runs(self) -> Iterator[Run]:
        """All its text, in order."""
        open_ = [iter(self.kids)]  # a generator for each element would hand on each run to the one around it
        while open_:
            for kid in open_[-1]:
                if isinstance(kid, Run):
                    yield kid
                else:
                    open_.append(iter(kid.kids))
                    break
            else:
                open_.pop()

    def elements(self) -> "list[Element]":
        """Its kids that are elements."""
        return [kid for kid in self.kids if isinstance(kid, Element)]


@dataclass(slots=True)
class ElementTree(Element):
    """All elements of a page."""

    paths_with_text: set[int] = field(default_factory=set)
    """The hashes of the paths of those that have text of their own."""
    characters: int = 0
    unknown: int = 0
    """Of them, that could not be decoded."""


def read_elements(page: pymupdf.Page, *, figures: bool, turn: pymupdf.Matrix = UPRIGHT) -> ElementTree:
    """The page's text as one element, of which those of the structure are kids, and runs that are in none of them.

    With `figures`, those have a place though there is no text in them, which takes as long again. `turn` is what brings
    the page upright. Raises `NoStructure` if what MuPDF says cannot be made out.
    """
    try:
        blocks = json.loads(_as_json(_textpage(page, _FLAGS, turn)), strict=False)["blocks"]
    except (ValueError, KeyError, RecursionError) as error:
        raise NoStructure("its text cannot be told from its tags") from error
    root = ElementTree("Document", ())
    places = dict(_figures(page, turn)) if figures else {}
    _fill(root, blocks, root, places)
    leftward = [run for run in root.runs() if has_right_to_left(run.text)]
    if leftward:
        _place_characters(page, leftward, turn)
    return root


def _textpage(page: pymupdf.Page, flags: int, turn: pymupdf.Matrix) -> pymupdf.TextPage:
    return page.get_textpage(flags=flags, matrix=turn, clip=page.rect * turn if turn is not UPRIGHT else None)


def _place_characters(page: pymupdf.Page, runs: Iterable[Run], turn: pymupdf.Matrix) -> None:
    """Say where the characters of runs stand."""
    found = characters_of(page, turn)
    for run in runs:
        chars = next((found[key] for key in run.lookups() if key in found), ())
        run.places = tuple((char["bbox"][0], char["bbox"][2]) for char in chars)


def characters_of(page: pymupdf.Page, turn: pymupdf.Matrix = UPRIGHT) -> "dict[RunKey, list[dict[str, Any]]]":
    """The characters of all runs: MuPDF's JSON does not have them, and without elements it has the same runs."""
    found: dict[RunKey, list[dict[str, Any]]] = {}
    for block in _textpage(page, _FLAGS & ~pymupdf.TEXT_COLLECT_STRUCTURE, turn).extractRAWDICT()["blocks"]:
        for line in block.get("lines", ()):
            chars = [char for span in line["spans"] for char in span["chars"]]
            # A blank that stands for a gap is before the text here, and between two elements there.
            while chars and chars[0]["synthetic"]:
                chars.pop(0)
            while chars and chars[-1]["synthetic"]:
                chars.pop()
            if chars:
                text = readable("".join(char["c"] for char in chars))
                left = min(char["bbox"][0] for char in chars)
                found[(text, round(left), round(chars[0]["origin"][1]))] = chars
    return found


def _fill(element: Element, blocks: list[dict[str, Any]], root: ElementTree, places: dict[Path, Box]) -> None:
    """Add what MuPDF says is in an element; it is no deeper than MuPDF's own limit."""
    boxes: list[Box] = []
    has_text = False
    for block in blocks:
        if block["type"] == "structure":
            role = block["std"]
            kid = Element(_NAMES.get(role, role), (*element.path, block["index"]), name=block["raw"])
            _fill(kid, block["contents"], root, places)
            element.kids.append(kid)
            if kid.box is not _NOWHERE:
                boxes.append(kid.box)
        elif block["type"] == "text":
            for line in block["lines"]:
                if line["text"]:
                    run = _run(line)
                    element.kids.append(run)
                    boxes.append(run.box)
                    root.characters += len(run.text)
                    root.unknown += run.text.count(UNKNOWN)
                    has_text = True
    if has_text:
        root.paths_with_text.add(hash(element.path))
    if element.path in places:
        boxes.append(places[element.path])
    if boxes:
        element.box = boxes[0] if len(boxes) == 1 else around(boxes)


def _run(line: dict[str, Any]) -> Run:
    place, font = line["bbox"], line["font"]
    left, top = place["x"] / _SCALE, place["y"] / _SCALE
    by_name = traits(font["name"])
    return Run(
        readable(line["text"]),
        (left, top, left + place["w"] / _SCALE, top + place["h"] / _SCALE),
        line["y"] / _SCALE,
        font["name"],
        font["size"] / _SCALE,
        by_name.bold or font["weight"] == "bold",
        by_name.italic or font["style"] == "italic",
        by_name.monospaced or font["family"] == "monospace",
    )


def _as_json(textpage: pymupdf.TextPage) -> str:
    """A tenth of the size and the time of MuPDF's XML, which has an element for each character."""
    buffer = mupdf.fz_new_buffer(1 << 16)
    out = mupdf.FzOutput(buffer)
    mupdf.fz_print_stext_page_as_json(out, textpage.this, float(_SCALE))
    out.fz_close_output()
    return str(mupdf.fz_buffer_extract_copy(buffer), "utf-8", "replace")


def _figures(page: pymupdf.Page, turn: pymupdf.Matrix) -> Iterator[tuple[Path, Box]]:
    """Where the page's figures are, pictures and graphics included: only MuPDF's XML says so."""
    path: list[int] = []
    for found in _ELEMENT.finditer(_textpage(page, _FLAGS | _GRAPHICS, turn).extractXML()):
        if found[1] is None:
            del path[-1:]
            continue
        path.append(int(found[1]))
        if found[3] == "Figure":
            left, top, right, bottom = map(float, found[2].split())
            yield tuple(path), (left, top, right, bottom)
