"""Turns the structure elements of a page into blocks."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache

from engine.convert.page.blocks import Block, Cell, Kind, Span, around, stripped
from engine.convert.tags.structuretext import Element, Run
from engine.convert.tags.structuretree import Attributes, Path, StructureTree, path_text
from engine.convert.tags.tagtext import Style, apart, code_text, spans_of, usual_size, without_leaders
from engine.convert.text.linktargets import LinksByHeight

_HEADINGS = {"H": 0, "H1": 1, "H2": 2, "H3": 3, "H4": 4, "H5": 5, "H6": 6, "Title": 1}
_BLOCKS = frozenset(
    {"P", "L", "LI", "LBody", "Table", "TR", "TD", "TH", "THead", "TBody", "TFoot", "BlockQuote", "Figure", "Caption"}
    | {"Note", "FENote", "TOC", "TOCI", "Div", "Sect", "Part", "Art", "Document", "DocumentFragment", "Aside", "Index"}
    | set(_HEADINGS)
)
_CONTAINERS = frozenset({"NonStruct", "Div", "Sect", "Part", "Art", "Document", "DocumentFragment", "Aside", "LBody"})
_ROW_GROUPS = frozenset({"THead", "TBody", "TFoot", "NonStruct", "Div"})
_HEADING_STYLE = re.compile(
    r"(?:heading|überschrift|titre|título|titolo|kop|rubrik|nagłówek)[ _-]?([1-6])", re.IGNORECASE
)
"""Styles that LibreOffice 7 and others map to paragraphs although they are headings."""
_CODE_STYLE = re.compile(r"preformatted|source ?code|html ?preformatted|code ?block", re.IGNORECASE)
_LABEL = re.compile(r"[•◦▪‣○●■□◆❖➢✓✔✗✘☐☑☒\uf000-\uf0ff]\s*|[–*-]\s+|\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.)]\s+")


@dataclass(slots=True)
class _Open:
    """What the text that comes next belongs to."""

    kind: Kind
    node: str
    level: int = 0


class TagBlocks:
    """Turns elements into blocks."""

    def __init__(self, tree: StructureTree, links: LinksByHeight, is_continued: Callable[[Path], bool]) -> None:
        self.blocks: list[Block] = []
        self.artifacts: list[Element] = []  # elements that say they are none of the content
        self._tree = tree
        self._links = links
        self._is_continued = is_continued
        self._open: _Open | None = None
        self._runs: list[tuple[Run, Style]] = []
        self._notes: list[tuple[Element, Style]] = []  # those within the text that is being collected
        self._depth = 0
        self._quote = 0
        self._item: str | None = None  # the label of a list item of which nothing has been written yet
        self._item_node = ""
        self._listing: tuple[Block | None, list[Run]] = (None, [])  # the last block of code, and what it was made of

    # --- text ---

    def walk(self, element: Element, style: Style) -> None:
        """All that is in an element."""
        for kid in element.kids:
            if isinstance(kid, Element):
                self._element(kid, element, style)
            else:
                self._add(kid, style)

    def finish(self) -> list[Block]:
        """The blocks, when all has been walked."""
        self.flush()
        self._end_listing()
        return self.blocks

    def flush(self) -> None:
        """End the block that is being collected, if any; the notes within it follow."""
        runs, self._runs = self._runs, []
        if not runs:
            return
        opened = self._open or _Open(Kind.PARAGRAPH, "")
        for kind, part in apart(runs, opened.kind):
            if spans := stripped(spans_of(part, self._links)):
                self._append(Block(kind, around(run.box for run, _ in part), spans, opened.level, node=opened.node))
                self.blocks[-1].size = usual_size(run for run, _ in part)
        notes, self._notes = self._notes, []
        for note, style in notes:
            self._element(note, note, style)

    def _add(self, run: Run, style: Style) -> None:
        if self._open is None and self._runs:
            last = self._runs[-1][0]
            # Text that no element holds together: a gap of a line ends it.
            if abs(run.baseline - last.baseline) > 2 * max(run.size, last.size):
                self.flush()
        self._runs.append((run, style))

    def _append(self, block: Block) -> None:
        block.depth, block.quote = self._depth, self._quote
        if self._item is not None:
            label, self._item = self._item, None
            if block.kind in (Kind.PARAGRAPH, Kind.HEADING, Kind.CAPTION, Kind.FORMULA):
                block.kind, block.label = Kind.LIST_ITEM, label or _split_label(block)
                block.node = block.node or self._item_node
            else:
                self.blocks.append(
                    Block(
                        Kind.LIST_ITEM,
                        block.box,
                        label=label,
                        depth=self._depth,
                        quote=self._quote,
                        node=self._item_node,
                    )
                )
        self.blocks.append(block)

    # --- elements ---

    def _element(self, element: Element, parent: Element, style: Style) -> None:
        role = element.role
        style = self._styled(element, style)
        level = _HEADINGS.get(role) if role != "P" else _level_of_style(element.name)
        if level is not None:
            with self._block(Kind.HEADING, element, level):
                self.walk(element, style)
        elif role in ("Note", "FENote") and self._open is not None and self._runs:
            self._notes.append((element, style))
        elif role in ("P", "Caption", "Note", "FENote") and (role != "P" or self._open is None):
            kinds = {"P": Kind.PARAGRAPH, "Caption": Kind.CAPTION}
            if _is_listing(element):
                self._code(element)
                return
            with self._block(kinds.get(role, Kind.FOOTNOTE), element):
                self.walk(element, style)
        elif role == "BlockQuote":
            with self._apart():
                self._quote += 1
                self.walk(element, style)
                self.flush()
                self._quote -= 1
        elif role in ("L", "TOC"):
            with self._apart():
                self._depth += 1
                self.walk(element, style)
                self.flush()
                self._depth -= 1
        elif role in ("LI", "TOCI"):
            first = len(self.blocks)
            with self._block(Kind.PARAGRAPH, element):
                self._fill_item(element, style)
            for block in self.blocks[first:] if role == "TOCI" else ():
                block.spans = without_leaders(block.spans)
        elif role == "Table":
            self._table(element, style)
        elif role == "Figure":
            self._figure(element, style)
        elif role == "Code":
            if self._is_block_of_code(element, parent):
                self._code(element)
            else:
                self.walk(element, replace(style, code=True))
        elif role == "Formula" and self._open is None and not self._runs:
            with self._block(Kind.FORMULA, element):
                self.walk(element, style)
        elif role == "Strong":
            self.walk(element, replace(style, bold=True))
        elif role == "Em":
            self.walk(element, replace(style, italic=True))
        elif role == "Sub":
            self.walk(element, replace(style, script=-1))
        elif role == "Artifact":
            self.artifacts.append(element)
        elif self._open is None and role in _CONTAINERS and _is_listing(element):
            self._code(element)
        elif _holds_blocks(element) or (role in _BLOCKS and self._open is None):
            with self._apart():
                self.walk(element, style)
        else:
            self.walk(element, style)

    def _styled(self, element: Element, style: Style) -> Style:
        """A style with what an element's own attributes say."""
        known = self._tree.attributes.get(element.path)
        if known is None or not (known.strike or known.script):
            return style
        return replace(style, strike=style.strike or known.strike, script=known.script or style.script)

    def _block(self, kind: Kind, element: Element, level: int = 0) -> AbstractContextManager[None]:
        """Text within belongs to a block of this kind."""
        return self._apart(_Open(kind, path_text(element.path), level))

    @contextmanager
    def _apart(self, inner: _Open | None = None) -> Iterator[None]:
        """What is within is apart from what was being collected before, and from what comes after."""
        self.flush()
        outer, self._open = self._open, inner
        yield
        self.flush()
        self._open = outer

    def _fill_item(self, element: Element, style: Style) -> None:
        item, node, depth = self._item, self._item_node, self._depth
        self._depth = max(depth, 1)
        self._item_node = path_text(element.path)
        is_continued = self._is_continued(element.path)
        label = " ".join(
            "".join(run.text for kid in element.elements() if kid.role == "Lbl" for run in kid.runs()).split()
        )
        self._item = None if is_continued else label
        for kid in element.kids:
            if isinstance(kid, Run):
                self._add(kid, style)
            elif kid.role != "Lbl":
                self._element_of_item(kid, element, style)
        self.flush()
        if self._item is not None and label:
            self._append(Block(Kind.PARAGRAPH, element.box))
        self._item, self._item_node, self._depth = item, node, depth

    def _element_of_item(self, element: Element, item: Element, style: Style) -> None:
        """Text may be in the item itself, in a body, or in blocks in either."""
        if element.role == "LBody" or (element.role in _CONTAINERS and _holds_blocks(element)):
            for kid in element.kids:
                if isinstance(kid, Run):
                    self._add(kid, style)
                else:
                    self._element_of_item(kid, element, style)
        elif element.role == "P":
            if _is_listing(element):
                self._code(element)
                return
            with self._block(Kind.PARAGRAPH, element):
                self.walk(element, style)
        elif element.role in _CONTAINERS and not self._runs and _is_listing(element):
            self._code(element)
        else:
            self._element(element, item, style)

    def _is_block_of_code(self, element: Element, parent: Element) -> bool:
        if self._runs or (self._open is not None and parent.role not in _CONTAINERS):
            return False
        if parent.role in _CONTAINERS and len(parent.kids) == 1:
            return True
        return len({round(run.baseline) for run in element.runs()}) > 1 and self._open is None

    def _code(self, element: Element) -> None:
        self.flush()
        runs = list(element.runs())
        if not any(run.text.strip() for run in runs):
            return
        before = self.blocks[-1] if self.blocks else None
        if before is not None and before is self._listing[0] and _goes_on(before, element):
            # Word processors make each line of a listing a paragraph.
            self._listing[1].extend(runs)
            before.box = around([before.box, element.box])
        else:
            self._end_listing()
            block = Block(Kind.CODE, around(run.box for run in runs), node=path_text(element.path))
            block.size = usual_size(runs)
            self._append(block)
            self._listing = (block, runs)

    def _end_listing(self) -> None:
        block, runs = self._listing
        if block is not None:
            block.spans = [Span(code_text(runs))]
        self._listing = (None, [])

    def _figure(self, element: Element, style: Style) -> None:
        known = self._tree.attributes.get(element.path, Attributes())
        with self._apart():
            if element.box[2] > element.box[0] and element.box[3] > element.box[1]:
                self._append(Block(Kind.PICTURE, element.box, alt=known.alt, node=path_text(element.path)))
            self.walk(element, style)

    def _table(self, element: Element, style: Style) -> None:
        self.flush()
        rows = list(_rows(element))
        if not rows:
            self.walk(element, style)
            self.flush()
            return
        opened, self._open = self._open, None
        self.walk(replace(element, kids=list(_outside_rows(element))), style)
        self.flush()
        block = Block(Kind.TABLE, element.box, node=path_text(element.path))
        for row in rows:
            cells = self._cells(row, style)
            if any(cell.text.strip() for cell in cells):
                block.rows.append(cells)
                block.row_nodes.append(path_text(row.path))
        block.size = usual_size(element.runs())
        if block.rows:
            self._append(block)
        self._open = opened

    def _cells(self, row: Element, style: Style) -> list[Cell]:
        present = {kid.path[-1]: kid for kid in row.elements() if kid.role != "Artifact"}
        self.artifacts += [kid for kid in row.elements() if kid.role == "Artifact"]
        outside = stripped(spans_of([(kid, style) for kid in row.kids if isinstance(kid, Run)], self._links))
        cells = [Cell(outside)] if outside else []
        for place in sorted({*self._tree.cells.get(row.path, ()), *present}):
            known = self._tree.attributes.get((*row.path, place), Attributes())
            element = present.get(place)
            spans: list[Span] = []
            if element is not None:
                inner = TagBlocks(self._tree, self._links, self._is_continued)
                inner.walk(element, style)
                spans = _as_cell(inner.finish())
                self.artifacts += inner.artifacts
            cells.append(
                Cell(spans, element is not None and element.role == "TH", columns=known.columns, rows=known.rows)
            )
        return cells


@lru_cache(maxsize=1024)
def _level_of_style(name: str) -> int | None:
    """The level of a heading, by the name of its style."""
    found = _HEADING_STYLE.fullmatch(name)
    return int(found[1]) if found is not None else None


def _split_label(block: Block) -> str:
    """The label of an item that has none of its own, because it is part of the text, as in LibreOffice."""
    found = _LABEL.match(block.text)
    if found is None or found.end() == len(block.text):
        return "•"
    cut = found.end()
    while cut and block.spans:
        first = block.spans[0]
        taken = min(cut, len(first.text))
        block.spans[0] = replace(first, text=first.text[taken:])
        cut -= taken
        block.spans = stripped(block.spans)
    return found[0].strip()


def _rows(element: Element) -> Iterator[Element]:
    for kid in element.elements():
        if kid.role == "TR":
            yield kid
        elif kid.role in _ROW_GROUPS:
            yield from _rows(kid)


def _outside_rows(element: Element) -> Iterator[Element | Run]:
    """What a table holds besides rows: its caption, and what should not be there."""
    for kid in element.kids:
        if isinstance(kid, Run) or kid.role not in ("TR", *_ROW_GROUPS):
            yield kid
        elif kid.role != "TR":
            yield from _outside_rows(kid)


def _as_cell(blocks: list[Block]) -> list[Span]:
    """Blocks in a cell, each on a line of its own."""
    spans: list[Span] = []
    for block in blocks:
        if spans:
            spans.append(Span("\n"))
        if block.kind is Kind.LIST_ITEM and block.label:
            spans.append(Span(f"{block.label} "))
        if block.rows:
            lines = ["\n".join(" ".join(cell.text.split()) for cell in row if cell.text.strip()) for row in block.rows]
            spans.append(Span("\n".join(lines)))
        else:
            spans += [replace(span, code=True) if block.kind is Kind.CODE else span for span in block.spans]
    return stripped(spans)


def _goes_on(listing: Block, element: Element) -> bool:
    """Whether an element is the next lines of a listing; a blank one may be between."""
    gap = element.box[1] - listing.box[3]
    return -listing.size < gap < 2 * listing.size


def _is_listing(element: Element) -> bool:
    """Whether an element is a block of code: one in a monospaced font, of several lines or tagged as code alone."""
    if element.role == "P" and not _CODE_STYLE.search(element.name):
        return False
    runs = []
    for run in element.runs():
        if run.text.strip():
            if not run.is_monospaced:
                return False
            runs.append(run)
    if not runs:
        return False
    if element.role == "P":
        return True
    inner = element
    while len(inner.kids) == 1 and isinstance(inner.kids[0], Element):
        inner = inner.kids[0]
        if inner.role == "Code":
            return True
    return len({round(run.baseline) for run in runs}) > 1 and not _holds_blocks(element)


def _holds_blocks(element: Element) -> bool:
    return any(isinstance(kid, Element) and (kid.role in _BLOCKS or _holds_blocks(kid)) for kid in element.kids)
