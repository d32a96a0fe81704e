"""Walks a tagged PDF's structure tree (PDF 32000-1, 14.7) once: whether it is one, and what it says beyond the text.

MuPDF gives the elements along with a page's text, each by its place among its parent's kids. The path of such places
names an element, here and there; so this walk adds what MuPDF leaves out: spans of table cells, descriptions of
pictures, and which marked content of which page is in the tree at all.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pymupdf
from pymupdf import mupdf

from engine.convert.tags.statedformulas import stated_latex

Path = tuple[int, ...]
"""The place of each element among its parent's kids, from the root down."""

MAX_DEPTH = 200
"""Word and Chromium stay below 40."""
MAX_NODES_A_PAGE = 20_000
"""On average; a page of tables has some 2,000."""
MAX_NODES = 1_000_000
MAX_COLUMNS = 1000
"""More than HTML allows a cell to span; Markdown would fill up every row to as many."""
_LONGEST_ROLE_MAP = 8
"""A role may be mapped to one that is mapped again."""


class NoStructure(Exception):
    """The document has no structure that can be used; `str()` says why, to follow "read by its layout, because"."""


@dataclass(frozen=True, slots=True)
class Attributes:
    """What an element says besides its role."""

    alt: str = ""
    columns: int = 1
    rows: int = 1
    strike: bool = False
    """Its text is struck out."""
    script: int = 0
    """1 if its text is raised, -1 if it is lowered."""
    latex: str = ""
    """Of a formula, if it says so itself."""


@dataclass
class StructureTree:
    """The structure of a document."""

    nodes: int = 0
    has_headings: bool = False
    has_figures: bool = False
    marked: dict[int, dict[int, int]] = field(default_factory=dict)
    """By page (its object's number): the marked content that is in the tree, and the hash of its element's path."""
    attributes: dict[Path, Attributes] = field(default_factory=dict)
    """Of those elements that have any."""
    item_pages: dict[Path, set[int]] = field(default_factory=dict)
    """The pages (their objects' numbers) that a list item is on."""
    cells: dict[Path, list[int]] = field(default_factory=dict)
    """By table row: the places of its cells. MuPDF gives only those that hold something."""


_STRUCK = frozenset({"del", "deletion", "strike", "strikeout", "strikethrough"})
"""Names of styles, in lower case."""
_HEADINGS = frozenset({"H", "H1", "H2", "H3", "H4", "H5", "H6", "Title"})


def read_structure(document: pymupdf.Document) -> StructureTree:
    """The structure tree of a PDF; raises `NoStructure` if it has none, or one that is no tree or absurdly large."""
    root = mupdf.ll_pdf_dict_getp(mupdf.ll_pdf_trailer(_pdf(document)), "Root/StructTreeRoot")
    if not root or not mupdf.ll_pdf_is_dict(root):
        raise NoStructure("it has no tags")
    if not mupdf.ll_pdf_is_dict(mupdf.ll_pdf_dict_gets(root, "ParentTree")):
        raise NoStructure("its tags are not connected to its pages")
    most = min(MAX_NODES, MAX_NODES_A_PAGE * max(document.page_count, 1))
    walk = _Walk(mupdf.ll_pdf_dict_gets(root, "RoleMap"), most)
    walk.run(root)
    return walk.tree


def _pdf(document: pymupdf.Document) -> Any:
    return pymupdf._as_pdf_document(document).m_internal


class _Walk:
    """Depth first, without recursion: the depth is the document's to choose."""

    def __init__(self, role_map: Any, most: int) -> None:
        self.tree = StructureTree()
        self._most = most
        self._role_map = role_map
        self._roles: dict[str, str] = {}
        self._seen: set[int] = set()
        self._kids = 0

    def run(self, root: Any) -> None:
        """Walk from the root; raises `NoStructure`."""
        # Element, path, the page it is on unless it says another, and the pages of the list items it is in.
        todo: list[tuple[Any, Path, int, tuple[set[int], ...]]] = [(root, (), 0, ())]
        while todo:
            element, path, page, items = todo.pop()
            kids = mupdf.ll_pdf_dict_gets(element, "K")
            is_array = mupdf.ll_pdf_is_array(kids)
            count = mupdf.ll_pdf_array_len(kids) if is_array else 1
            # An element may have its text in pieces, one for each line or change of font.
            self._kids += count
            if self._kids > 4 * self._most:
                raise NoStructure(f"its tags are more than {self._most:,} elements")
            for place in range(count if kids else 0):
                kid = mupdf.ll_pdf_array_get(kids, place) if is_array else kids
                if mupdf.ll_pdf_is_int(kid):
                    self._mark(page, mupdf.ll_pdf_to_int(kid), path, items)
                elif mupdf.ll_pdf_is_dict(kid):
                    own = mupdf.ll_pdf_dict_gets(kid, "Pg")
                    kid_page = mupdf.ll_pdf_to_num(own) if own else page
                    name = mupdf.ll_pdf_dict_gets(kid, "S")
                    if name:
                        role = self._enter(kid, name, element, (*path, place))
                        inside = items
                        if role == "LI":
                            inside = (*items, self.tree.item_pages.setdefault((*path, place), set()))
                        todo.append((kid, (*path, place), kid_page, inside))
                    elif mcid := mupdf.ll_pdf_dict_gets(kid, "MCID"):
                        self._mark(kid_page, mupdf.ll_pdf_to_int(mcid), path, items)

    def _mark(self, page: int, mcid: int, path: Path, items: tuple[set[int], ...]) -> None:
        self.tree.marked.setdefault(page, {})[mcid] = hash(path)
        for item in items:
            item.add(page)

    def _enter(self, element: Any, name: Any, parent: Any, path: Path) -> str:
        """Check and note an element; returns its role."""
        self.tree.nodes += 1
        if self.tree.nodes > self._most:
            raise NoStructure(f"its tags are more than {self._most:,} elements")
        if len(path) > MAX_DEPTH:
            raise NoStructure(f"its tags are nested more than {MAX_DEPTH} deep")
        number = mupdf.ll_pdf_to_num(element)
        if number:
            if number in self._seen:
                raise NoStructure("its tags go in a circle")
            self._seen.add(number)
        above = mupdf.ll_pdf_dict_gets(element, "P")
        if not above or mupdf.ll_pdf_to_num(above) != mupdf.ll_pdf_to_num(parent):
            raise NoStructure("its tags contradict each other about what belongs to what")
        role = self._role(name)
        if role in _HEADINGS:
            self.tree.has_headings = True
        if role in ("TD", "TH"):
            cells = self.tree.cells.setdefault(path[:-1], [])
            if len(cells) == MAX_COLUMNS:
                raise NoStructure(f"its tags have a table of more than {MAX_COLUMNS:,} columns")
            cells.append(path[-1])
            columns, rows = _cell_spans(element)
            if columns > 1 or rows > 1:
                self.tree.attributes[path] = Attributes(columns=columns, rows=rows)
        elif role in ("Figure", "Formula", "Form"):
            self.tree.has_figures |= role == "Figure"
            alt = mupdf.ll_pdf_dict_gets(element, "Alt")
            latex = stated_latex(element) if role == "Formula" else ""
            if alt or latex:
                said = " ".join(mupdf.ll_pdf_to_text_string(alt).split()) if alt else ""
                self.tree.attributes[path] = Attributes(alt=said, latex=latex)
        elif looks := _looks(element, mupdf.ll_pdf_to_name(name)):
            self.tree.attributes[path] = looks
        return role

    def _role(self, name: Any) -> str:
        """The standard role that an element's own is mapped to."""
        role = mupdf.ll_pdf_to_name(name)
        known = self._roles.get(role)
        if known is None:
            known = role
            # Names are looked up as MuPDF holds them: a name may be no UTF-8.
            for _ in range(_LONGEST_ROLE_MAP):
                mapped = mupdf.ll_pdf_dict_get(self._role_map, name) if self._role_map else None
                if not mapped or not mupdf.ll_pdf_is_name(mapped) or mupdf.ll_pdf_to_name(mapped) == known:
                    break
                name, known = mapped, mupdf.ll_pdf_to_name(mapped)
            else:
                raise NoStructure("its roles are mapped in a circle")
            self._roles[role] = known
        return known


def _attributes(element: Any) -> Iterator[Any]:
    """An element's attributes, in one dictionary or several."""
    attributes = mupdf.ll_pdf_dict_gets(element, "A")
    if attributes:
        count = mupdf.ll_pdf_array_len(attributes) if mupdf.ll_pdf_is_array(attributes) else 1
        for place in range(min(count, 16)):
            each = mupdf.ll_pdf_array_get(attributes, place) if mupdf.ll_pdf_is_array(attributes) else attributes
            if mupdf.ll_pdf_is_dict(each):
                yield each


def _cell_spans(element: Any) -> tuple[int, int]:
    """Columns and rows that a cell takes."""
    columns = rows = 1
    for each in _attributes(element):
        columns = max(columns, mupdf.ll_pdf_dict_get_int(each, pymupdf.PDF_NAME("ColSpan").m_internal))
        rows = max(rows, mupdf.ll_pdf_dict_get_int(each, pymupdf.PDF_NAME("RowSpan").m_internal))
    return min(columns, MAX_COLUMNS), min(rows, MAX_COLUMNS)


def _looks(element: Any, name: str) -> Attributes | None:
    """How an element says its text is set, by attributes (PDF 32000-1, 14.8.5.4) or by the name of its style."""
    strike, script = name.lower() in _STRUCK, 0
    for each in _attributes(element):
        decoration = mupdf.ll_pdf_dict_gets(each, "TextDecorationType")
        if decoration and mupdf.ll_pdf_is_name(decoration):
            strike |= mupdf.ll_pdf_to_name(decoration) == "LineThrough"
        shift = mupdf.ll_pdf_dict_gets(each, "BaselineShift")
        if shift and mupdf.ll_pdf_is_number(shift):
            rise = mupdf.ll_pdf_to_real(shift)
            script = (rise > 0) - (rise < 0)
    return Attributes(strike=strike, script=script) if strike or script else None


def path_text(path: Path) -> str:
    """A path as it names an element in a block."""
    return ".".join(map(str, path))
