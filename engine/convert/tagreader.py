"""Reads pages by the structure their author's program wrote into the PDF, where it deserves trust.

Chromium, Word, LibreOffice, Google Docs and InDesign tag headings, lists, tables, code and links (PDF 32000-1, 14.8).
Reading them takes a twentieth of the time of the layout model, and is truer.
"""

import re
from bisect import bisect
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise

import pymupdf

from engine.convert.blocks import Block, Box, Cell, Kind, RefinedPage, Span, stripped
from engine.convert.linktargets import LinksByHeight, link_targets
from engine.convert.markedcontent import MarkedContent, scan
from engine.convert.pageresources import PageResources
from engine.convert.structuretext import Element, Run, read_elements
from engine.convert.structuretree import (
    Attributes,
    NoStructure,
    Path,
    StructureTree,
    read_structure,
)

MIN_COVERAGE = 0.98
"""Of the page's visible text, outside artifacts, must be in the tree."""
_MOST_ARTIFACTS = 0.6
"""A page of which more than this is marked as decoration is marked wrongly."""
_MOST_DISORDER = 0.25
"""Of the steps from block to block may go up the page, within a column."""
_HEADING_SIZE = 1.15
"""Short text so much larger than most of the page looks like a heading."""

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
_LABEL = re.compile(r"[•◦▪‣○●■□❖➢✓\uf000-\uf0ff]\s*|[–*-]\s+|\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.)]\s+")
_CJK = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uff60]")


@dataclass(frozen=True, slots=True)
class _Style:
    bold: bool = False
    italic: bool = False
    code: bool = False
    script: int = 0


@dataclass(slots=True)
class _Open:
    """What the text that comes next belongs to."""

    kind: Kind
    node: str
    level: int = 0


class TagReader:
    """The structure of one document, read page by page."""

    def __init__(self, document: pymupdf.Document) -> None:
        """`document` must not be used for anything else: artifacts are taken out of its pages.

        Raises `NoStructure` if it has no tags that can be used.
        """
        self._document = document
        self.tree = read_structure(document)
        self._numbers: dict[int, int] = {document.page_xref(n): n for n in range(document.page_count)}

    def read(self, number: int, *, trusting: bool = False, furniture: bool = True) -> RefinedPage:
        """A page (from 1) as blocks; raises `NoStructure` if its tags do not deserve trust, with the reason.

        With `trusting`, only tags that would lose text are refused. Without `furniture`, running heads and feet are
        left out, which saves a third of the time.
        """
        page = self._document.load_page(number - 1)
        try:
            resources = PageResources(page)
            content = scan(page.read_contents(), resources.mcid)
            # MuPDF adds forms without a mark to the element before, and does not look for marks of their own.
            content.unmarked += resources.text_in_forms(content.unmarked_objects)
        except ValueError as error:
            raise NoStructure(str(error)) from error
        self._check_coverage(content, page)
        if content.has_artifacts:
            page = self._with_contents(page, content.without_artifacts)
        root = read_elements(page)
        builder = _Builder(
            self.tree,
            LinksByHeight(link_targets(page), page.rect.height),
            lambda path: self._is_continued(path, number - 1),
        )
        builder.walk(root, _Style())
        blocks = builder.finish()
        if content.marked:
            _check_text(root)
            self._check_elements(content, page.xref, root)
        if not trusting:
            _check_structure(blocks, self.tree)
        artifacts = [run for element in builder.artifacts for run in element.runs()]
        if content.has_artifacts and furniture:
            page = self._with_contents(page, content.only_artifacts)
            artifacts += read_elements(page).runs()
        if artifacts:
            blocks = _with_furniture(blocks, artifacts, page.rect.height)
        return RefinedPage(number, page.rect.width, page.rect.height, blocks)

    def close(self) -> None:
        """Let go of the file."""
        self._document.close()

    def _check_coverage(self, content: MarkedContent, page: pymupdf.Page) -> None:
        known = self.tree.marked.get(page.xref, {})
        covered = sum(size for mcid, size in content.marked.items() if mcid in known)
        total = sum(content.marked.values()) + content.unmarked
        if content.artifact > _MOST_ARTIFACTS * (total + content.artifact):
            raise NoStructure("most of its text is tagged as decoration")
        if not total and (content.artifact or page.get_images()):
            raise NoStructure("it has no text")
        if covered < MIN_COVERAGE * total:
            raise NoStructure(f"its tags cover only {int(100 * covered / total)}% of the text")

    def _check_elements(self, content: MarkedContent, page: int, root: Element) -> None:
        """Whether MuPDF has found the elements that the text is marked for; else it counts it to the one before."""
        known = self.tree.marked.get(page, {})
        found = {hash(path) for path in _paths_with_text(root)}
        sizes = [(size, known[mcid] in found) for mcid, size in content.marked.items() if mcid in known]
        if sum(size for size, is_found in sizes if is_found) < MIN_COVERAGE * sum(size for size, _ in sizes):
            raise NoStructure("its tags do not lead to its text")

    def _with_contents(self, page: pymupdf.Page, contents: bytes) -> pymupdf.Page:
        """The page with another content stream; the old one may be that of other pages too."""
        xref = self._document.get_new_xref()
        self._document.update_object(xref, "<<>>")
        self._document.update_stream(xref, contents, compress=False)
        page.set_contents(xref)
        return self._document.reload_page(page)

    def _is_continued(self, path: Path, number: int) -> bool:
        """Whether a list item began on an earlier page; `number` counts from 0."""
        pages = self.tree.item_pages.get(path, set())
        return any(self._numbers.get(page, number) < number for page in pages)


class _Builder:
    """Turns elements into blocks."""

    def __init__(self, tree: StructureTree, links: LinksByHeight, is_continued: Callable[[Path], bool]) -> None:
        self.blocks: list[Block] = []
        self.artifacts: list[Element] = []
        """Elements that say they are none of the content."""
        self._tree = tree
        self._links = links
        self._is_continued = is_continued
        self._open: _Open | None = None
        self._runs: list[tuple[Run, _Style]] = []
        self._depth = 0
        self._quote = 0
        self._item: str | None = None  # the label of a list item of which nothing has been written yet
        self._item_node = ""
        self._listing: tuple[Block | None, list[Run]] = (None, [])  # the last block of code, and what it was made of

    # --- text ---

    def walk(self, element: Element, style: _Style) -> None:
        """All that is in an element."""
        for kid in element.kids:
            if isinstance(kid, Element):
                self._element(kid, element, style)
            else:
                self._add(kid, style, element)

    def finish(self) -> list[Block]:
        """The blocks, when all has been walked."""
        self.flush()
        self._end_listing()
        return self.blocks

    def flush(self) -> None:
        """End the block that is being collected."""
        runs, self._runs = self._runs, []
        spans = stripped(_spans(runs, self._links))
        if spans:
            opened = self._open or _Open(Kind.PARAGRAPH, "")
            self._append(Block(opened.kind, _around(run.box for run, _ in runs), spans, opened.level, node=opened.node))
            self.blocks[-1].size = _usual_size(run for run, _ in runs)

    def _add(self, run: Run, style: _Style, element: Element) -> None:
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

    def _element(self, element: Element, parent: Element, style: _Style) -> None:
        role = element.role
        named = _HEADING_STYLE.fullmatch(element.name) if role == "P" else None
        if role in _HEADINGS or named is not None:
            with self._block(Kind.HEADING, element, int(named[1]) if named is not None else _HEADINGS[role]):
                self.walk(element, style)
        elif role in ("P", "Caption", "Note", "FENote") and (role != "P" or self._open is None):
            kinds = {"P": Kind.PARAGRAPH, "Caption": Kind.CAPTION}
            if _is_listing(element):
                self._code(element)
                return
            with self._block(kinds.get(role, Kind.FOOTNOTE), element):
                self.walk(element, style)
        elif role == "BlockQuote":
            self._quoted(element, style)
        elif role in ("L", "TOC"):
            self.flush()
            opened, self._open = self._open, None
            self._depth += 1
            self.walk(element, style)
            self.flush()
            self._depth -= 1
            self._open = opened
        elif role in ("LI", "TOCI"):
            self._list_item(element, style)
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
            self.flush()
            opened, self._open = self._open, None
            self.walk(element, style)
            self.flush()
            self._open = opened
        else:
            self.walk(element, style)

    @contextmanager
    def _block(self, kind: Kind, element: Element, level: int = 0) -> Iterator[None]:
        self.flush()
        opened, self._open = self._open, _Open(kind, _path_text(element.path), level)
        yield
        self.flush()
        self._open = opened

    def _quoted(self, element: Element, style: _Style) -> None:
        self.flush()
        opened, self._open = self._open, None
        self._quote += 1
        self.walk(element, style)
        self.flush()
        self._quote -= 1
        self._open = opened

    def _list_item(self, element: Element, style: _Style) -> None:
        self.flush()
        opened, self._open = self._open, None
        item, node, depth = self._item, self._item_node, self._depth
        self._depth = max(depth, 1)
        self._item_node = _path_text(element.path)
        is_continued = self._is_continued(element.path)
        label = " ".join(
            "".join(run.text for kid in element.elements() if kid.role == "Lbl" for run in kid.runs()).split()
        )
        self._item = None if is_continued else label
        self._open = _Open(Kind.PARAGRAPH, self._item_node)
        for kid in element.kids:
            if isinstance(kid, Run):
                self._add(kid, style, element)
            elif kid.role != "Lbl":
                self._element_of_item(kid, element, style)
        self.flush()
        if self._item is not None and label:
            self._append(Block(Kind.PARAGRAPH, element.box))
        self._item, self._item_node, self._depth = item, node, depth
        self._open = opened

    def _element_of_item(self, element: Element, item: Element, style: _Style) -> None:
        """Text may be in the item itself, in a body, or in blocks in either."""
        if element.role == "LBody" or (element.role in _CONTAINERS and _holds_blocks(element)):
            for kid in element.kids:
                if isinstance(kid, Run):
                    self._add(kid, style, element)
                else:
                    self._element_of_item(kid, element, style)
        elif element.role == "P":
            if _is_listing(element):
                self.flush()
                self._code(element)
                return
            self.flush()
            opened, self._open = self._open, _Open(Kind.PARAGRAPH, _path_text(element.path))
            self.walk(element, style)
            self.flush()
            self._open = opened
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
            before.box = _around([before.box, element.box])
        else:
            self._end_listing()
            block = Block(Kind.CODE, _around(run.box for run in runs), node=_path_text(element.path))
            block.size = _usual_size(runs)
            self._append(block)
            self._listing = (block, runs)

    def _end_listing(self) -> None:
        block, runs = self._listing
        if block is not None:
            block.spans = [Span(code_text(runs))]
        self._listing = (None, [])

    def _figure(self, element: Element, style: _Style) -> None:
        known = self._tree.attributes.get(element.path, Attributes())
        self.flush()
        opened, self._open = self._open, None
        if element.box[2] > element.box[0] and element.box[3] > element.box[1]:
            self._append(Block(Kind.PICTURE, element.box, alt=known.alt, node=_path_text(element.path)))
        self.walk(element, style)
        self.flush()
        self._open = opened

    def _table(self, element: Element, style: _Style) -> None:
        self.flush()
        rows = list(_rows(element))
        if not rows:
            self.walk(element, style)
            self.flush()
            return
        opened, self._open = self._open, None
        self.walk(replace(element, kids=list(_outside_rows(element))), style)
        self.flush()
        block = Block(Kind.TABLE, element.box, node=_path_text(element.path))
        for row in rows:
            cells = self._cells(row, style)
            if any(cell.text.strip() for cell in cells):
                block.rows.append(cells)
                block.row_nodes.append(_path_text(row.path))
        block.size = _usual_size(element.runs())
        if block.rows:
            self._append(block)
        self._open = opened

    def _cells(self, row: Element, style: _Style) -> list[Cell]:
        present = {kid.path[-1]: kid for kid in row.elements() if kid.role != "Artifact"}
        self.artifacts += [kid for kid in row.elements() if kid.role == "Artifact"]
        outside = stripped(_spans([(kid, style) for kid in row.kids if isinstance(kid, Run)], self._links))
        cells = [Cell(outside)] if outside else []
        for place in sorted({*self._tree.cells.get(row.path, ()), *present}):
            known = self._tree.attributes.get((*row.path, place), Attributes())
            element = present.get(place)
            spans: list[Span] = []
            if element is not None:
                inner = _Builder(self._tree, self._links, self._is_continued)
                inner.walk(element, style)
                spans = _as_cell(inner.finish())
                self.artifacts += inner.artifacts
            cells.append(
                Cell(spans, element is not None and element.role == "TH", columns=known.columns, rows=known.rows)
            )
        return cells


def code_text(runs: list[Run]) -> str:
    """Lines as they stand on the page: indentation from where they begin, blank lines from the gaps between them."""
    lines = _lines(runs)
    if not lines:
        return ""
    left = min(run.box[0] for run in runs)
    widths = [(run.box[2] - run.box[0]) / len(run.text) for run in runs if len(run.text) > 2]
    advance = sorted(widths)[len(widths) // 2] if widths else runs[0].size * 0.6
    baselines = [line[0].baseline for line in lines]
    steps = [b - a for a, b in pairwise(baselines) if b - a > runs[0].size * 0.5]
    pitch = min(steps, default=0.0)
    right = max(run.box[2] for run in runs)
    written: list[str] = []
    before: Run | None = None
    for line in lines:
        text = ""
        for run in line:
            column = round((run.box[0] - left) / advance) if advance > 0 else 0
            text += " " * (column - len(text)) + run.text
        text = text.replace("\xa0", " ")
        if before is not None and written and _is_wrapped(before, text, right, advance):
            written[-1] += text
        else:
            if before is not None and pitch and line[0].baseline > before.baseline:
                written += [""] * min(round((line[0].baseline - before.baseline) / pitch) - 1, 5)
            written.append(text)
        before = line[-1]
    return "\n".join(line.rstrip() for line in written).strip("\n")


def _lines(runs: list[Run]) -> list[list[Run]]:
    """Runs by line, in the order in which lines begin; a run is on a line whose baseline is near its own."""
    lines: list[list[Run]] = []
    places: list[tuple[float, int]] = []  # baseline and number of each line, sorted
    for run in runs:
        at = bisect(places, (run.baseline, -1))
        near = min(places[max(at - 1, 0) : at + 1], key=lambda place: abs(place[0] - run.baseline), default=None)
        if near is not None and abs(near[0] - run.baseline) <= 0.3 * run.size:
            lines[near[1]].append(run)
        else:
            places.insert(at, (run.baseline, len(lines)))
            lines.append([run])
    return lines


def _is_wrapped(last: Run, following: str, right: float, advance: float) -> bool:
    """Whether a line of a listing was cut because it was too long.

    The blank at the cut is still there, as Chromium leaves it, and the first word of the rest would not have fitted.
    """
    word = following.split(" ", 1)[0]
    return bool(word) and last.text.endswith(" ") and last.box[2] + advance * (len(word) - 0.5) > right


def _spans(runs: list[tuple[Run, _Style]], links: LinksByHeight) -> list[Span]:
    spans: list[Span] = []
    last: Run | None = None
    scripts = _scripts([run for run, _ in runs])
    for number, (run, style) in enumerate(runs):
        text = run.text.replace("\xa0", " ")
        if last is not None and spans:
            before = spans[-1].text
            gap = _gap(last, run, before, text)
            if before.endswith("\xad"):
                spans[-1].text = before[:-1]
            elif gap and not before.endswith((" ", "\n")) and not text.startswith(" "):
                # The blank belongs to neither style; to the one before, if that is what the next one is as well.
                spans.append(Span(" "))
        spans.append(
            Span(
                text,
                bold=style.bold or run.is_bold,
                italic=style.italic or run.is_italic,
                code=style.code or run.is_monospaced,
                script=style.script or scripts[number],
                link=_link_of(run, links),
            )
        )
        last = run
    _bridge(spans)
    return spans


def _scripts(runs: list[Run]) -> list[int]:
    """1 for what stands above the line in smaller letters, -1 for what stands below it, else 0."""
    usual = _usual_size(runs)
    found = []
    for number, run in enumerate(runs):
        beside = runs[max(number - 1, 0) : number] + runs[number + 1 : number + 2]
        rise = [other.baseline - run.baseline for other in beside if other.size > 1.1 * run.size]
        rise = [step for step in rise if 0.08 * usual < abs(step) < 0.6 * usual]
        is_small = run.size < 0.9 * usual and len(run.text.strip()) <= 12
        # The letters of a logo, as that of TeX, are no exponents: these are digits, or end a word.
        following = runs[number + 1].text[:1] if number + 1 < len(runs) else ""
        is_small &= not (run.text[-1:].isalpha() and following.isalpha())
        found.append((1 if rise[0] > 0 else -1) if rise and is_small else int(run.is_superscript and is_small))
    return found


def _bridge(spans: list[Span]) -> None:
    """A blank between two pieces of one style is of that style too."""
    for before, blank, after in zip(spans, spans[1:], spans[2:], strict=False):
        if blank.text == " " and before.style == after.style:
            blank.bold, blank.italic, blank.code, blank.strike, blank.script, blank.link = before.style


def _gap(last: Run, run: Run, before: str, text: str) -> bool:
    """Whether there is a blank between two runs that has no character of its own."""
    size = max(run.size, last.size)
    if abs(run.baseline - last.baseline) > 0.6 * size:  # the next line
        if before.endswith(("-", "\u2010", "/")) and len(before) > 1 and before[-2].isalnum() and text[:1].isalnum():
            return False
        return not (_CJK.match(before[-1:]) and _CJK.match(text[:1]))
    return run.box[0] - last.box[2] > 0.18 * size


def _link_of(run: Run, links: LinksByHeight) -> str:
    left, top, right, bottom = run.box
    middle = (top + bottom) / 2
    for (x0, y0, x1, y1), target in links.near(middle):
        if y0 - 1 <= middle <= y1 + 1 and min(right, x1) - max(left, x0) > 0.8 * (right - left):
            return target
    return ""


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
    runs = [run for run in element.runs() if run.text.strip()]
    if not runs or not all(run.is_monospaced for run in runs):
        return False
    if element.role == "P":
        return bool(_CODE_STYLE.search(element.name))
    inner = element
    while len(inner.kids) == 1 and isinstance(inner.kids[0], Element):
        inner = inner.kids[0]
        if inner.role == "Code":
            return True
    return len({round(run.baseline) for run in runs}) > 1 and not _holds_blocks(element)


def _holds_blocks(element: Element) -> bool:
    return any(kid.role in _BLOCKS or _holds_blocks(kid) for kid in element.elements())


def _path_text(path: Path) -> str:
    return ".".join(map(str, path))


def _around(boxes: Iterable[Box]) -> Box:
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return (min(lefts), min(tops), max(rights), max(bottoms))


def _usual_size(runs: Iterable[Run]) -> float:
    sizes: Counter[float] = Counter()
    for run in runs:
        sizes[round(run.size, 1)] += len(run.text.strip())
    return sizes.most_common(1)[0][0] if sizes else 0.0


def _paths_with_text(element: Element) -> Iterator[Path]:
    if any(isinstance(kid, Run) for kid in element.kids):
        yield element.path
    for kid in element.elements():
        yield from _paths_with_text(kid)


# --- whether the tags deserve trust ---


def _check_text(root: Element) -> None:
    outside = sum(len(kid.text.strip()) for kid in root.kids if isinstance(kid, Run))
    text = "".join(run.text for run in root.runs())
    if not text.strip():
        raise NoStructure("it has no text")
    if outside > (1 - MIN_COVERAGE) * len(text):
        raise NoStructure("its tags do not lead to its text")
    if text.count("\N{REPLACEMENT CHARACTER}") > 0.05 * len(text):
        raise NoStructure("its text cannot be decoded")


def _check_structure(blocks: list[Block], tree: StructureTree) -> None:
    steps = disorder = 0
    for before, after in pairwise([block for block in blocks if block.kind is not Kind.PICTURE]):
        shared = min(before.box[2], after.box[2]) - max(before.box[0], after.box[0])
        if shared > 0.5 * min(before.box[2] - before.box[0], after.box[2] - after.box[0]):
            steps += 1
            disorder += after.box[3] <= before.box[1]
    if disorder and disorder > _MOST_DISORDER * steps:
        raise NoStructure("its tags are in another order than its text")
    if tree.has_headings or any(block.kind not in (Kind.PARAGRAPH, Kind.PICTURE) for block in blocks):
        return
    sizes: Counter[float] = Counter()
    for block in blocks:
        sizes[block.size] += len(block.text)
    body = sizes.most_common(1)[0][0] if sizes else 0.0
    if any(block.size > _HEADING_SIZE * body and len(block.text) < 200 for block in blocks):
        raise NoStructure("its tags are paragraphs only, although it has headings")


def _with_furniture(blocks: list[Block], artifacts: list[Run], height: float) -> list[Block]:
    """The blocks, and what is tagged as an artifact: running heads above them, feet below, a block a line."""
    lines: dict[int, list[Run]] = {}
    for run in artifacts:
        if run.text.strip():
            lines.setdefault(round(run.baseline), []).append(run)
    heads: list[Block] = []
    feet: list[Block] = []
    for baseline, runs in sorted(lines.items()):
        is_head = baseline < height / 2
        kind = Kind.PAGE_HEADER if is_head else Kind.PAGE_FOOTER
        spans = stripped(
            _spans([(run, _Style()) for run in sorted(runs, key=lambda run: run.box[0])], LinksByHeight((), 0.0))
        )
        block = Block(kind, _around(run.box for run in runs), spans, size=_usual_size(runs), node="artifact")
        (heads if is_head else feet).append(block)
    return [*heads, *blocks, *feet]
