"""Reads pages by the structure their author's program wrote into the PDF, where it deserves trust.

Chromium, Word, LibreOffice, Google Docs and InDesign tag headings, lists, tables, code and links (PDF 32000-1, 14.8).
Reading them takes a small part of the time of the layout model, and is truer.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise

import pymupdf
from pymupdf import mupdf

from engine.convert.page.blocks import Block, Kind, RefinedPage, around, stripped
from engine.convert.sight.bearing import quarter_turn
from engine.convert.sight.watermarks import hide, stamps
from engine.convert.tags.fieldruns import place_fields
from engine.convert.tags.markedcontent import MarkedContent, scan
from engine.convert.tags.pageresources import PageResources
from engine.convert.tags.runformulas import put_formulas
from engine.convert.tags.runlooks import see_to
from engine.convert.tags.structuretext import UPRIGHT, ElementTree, Run, read_elements
from engine.convert.tags.structuretree import NoStructure, Path, StructureTree, read_structure
from engine.convert.tags.tagblocks import TagBlocks
from engine.convert.tags.tagtext import Style, spans_of, usual_size
from engine.convert.text.formfields import Field, fields_of, hidden, with_texts
from engine.convert.text.glyphs.fontmaps import FontMaps
from engine.convert.text.hiding import NOTHING_HIDDEN, Hiding
from engine.convert.text.linktargets import LinksByHeight, link_targets
from engine.convert.text.strikes import NO_STRIKES, Strikes

MIN_COVERAGE = 0.98
"""Of the page's visible text, outside artifacts, must be in the tree."""
_MOST_ARTIFACTS = 0.6
"""A page of which more than this is marked as decoration is marked wrongly."""
_MOST_DISORDER = 0.25
"""Of the steps from block to block may go up the page, within a column."""
_HEADING_SIZE = 1.15
"""Short text so much larger than most of the page looks like a heading."""


class TagReader:
    """The structure of one document, read page by page."""

    def __init__(self, document: pymupdf.Document) -> None:
        """`document` must not be used for anything else: artifacts are taken out of its pages while they are read.

        Raises `NoStructure` if it has no tags that can be used.
        """
        self._document = document
        self.tree = read_structure(document)
        self.fonts = FontMaps(document)
        """Of the document."""
        self._numbers: dict[int, int] = {document.page_xref(n): n for n in range(document.page_count)}
        self._page: pymupdf.Page | None = None
        """The one that was asked for last: it is looked at before it is read."""
        self.rotation = 0
        """That of the page loaded last, in degrees with the clock, as it is in the file."""
        self._stream = 0
        """The number of the object that is a page's content in the place of its own."""

    def load(self, number: int) -> pymupdf.Page:
        """A page (from 1) as it is in the file, but for its rotation and stamps, ready to be read."""
        if self._page is None or self._page.number != number - 1:
            page = self._document.load_page(number - 1)
            self.rotation = page.rotation
            if page.rotation:
                # PyMuPDF gives text the places that it has without, and so are links and the page's size to be.
                page.set_rotation(0)
                page = self._document.reload_page(page)
            hide(stamps(page))
            self._page = page
            self.fonts.mend(self._page)
        return self._page

    def read(
        self,
        number: int,
        *,
        trusting: bool = False,
        furniture: bool = True,
        hiding: Hiding = NOTHING_HIDDEN,
        strikes: Strikes = NO_STRIKES,
        turned: int = 0,
        formulas: bool = True,
    ) -> RefinedPage:
        """A page (from 1) as blocks; raises `NoStructure` if its tags do not deserve trust, with the reason.

        With `trusting`, only tags that would lose text are refused. Without `furniture`, running heads and feet are
        left out, which saves a third of the time. `turned` is by how many degrees, with the clock, text is turned on
        the page as it is loaded; `strikes` are on the page turned upright. With `formulas`, those are read as LaTeX.
        """
        page = self.load(number)
        fields = with_texts(page, fields_of(page))
        with hidden(fields):
            return self._read(
                page, hiding, strikes, turned, fields, trusting=trusting, furniture=furniture, formulas=formulas
            )

    def _read(
        self,
        page: pymupdf.Page,
        hiding: Hiding,
        strikes: Strikes,
        turned: int,
        fields: Sequence[Field],
        *,
        trusting: bool,
        furniture: bool,
        formulas: bool,
    ) -> RefinedPage:
        number = page.number + 1
        turn = quarter_turn(page.rect.width, page.rect.height, turned) if turned else UPRIGHT
        hiding = hiding.moved(turn) if turned else hiding
        shape = page.rect * turn
        try:
            resources = PageResources(page)
            content = scan(page.read_contents(), resources.mcid, keeps_others=furniture)
            # MuPDF adds forms without a mark to the element before, and does not look for marks of their own.
            content.unmarked += resources.text_in_forms(content.unmarked_objects)
        except ValueError as error:
            raise NoStructure(str(error)) from error
        self._check_coverage(content, page)
        with self._contents(page, content.without_artifacts if content.has_artifacts else None):
            root = read_elements(page, figures=self.tree.has_figures, turn=turn)
            see_to(page, root, hiding, strikes, turn)
            if formulas and not turned:
                put_formulas(page, root, self.tree.attributes)
        if fields:
            place_fields(root, [field.moved(turn) for field in fields])
        links = [(tuple(pymupdf.Rect(box) * turn), target) for box, target in link_targets(page)]
        builder = TagBlocks(
            self.tree,
            LinksByHeight(links, shape.height),
            lambda path: self._is_continued(path, number - 1),
        )
        builder.walk(root, Style())
        blocks = builder.finish()
        if content.marked:
            _check_text(root)
            self._check_elements(content, page.xref, root)
        if not trusting:
            _check_structure(blocks, self.tree)
        artifacts = [run for element in builder.artifacts for run in element.runs()]
        if content.has_artifacts and furniture:
            with self._contents(page, content.only_artifacts):
                decoration = read_elements(page, figures=False, turn=turn)
                see_to(page, decoration, hiding, strikes, turn)
            artifacts += decoration.runs()
        if artifacts:
            blocks = _with_furniture(blocks, artifacts, shape.height)
        return RefinedPage(number, shape.width, shape.height, blocks, turned=(turned + self.rotation) % 360)

    def close(self) -> None:
        """Let go of the file."""
        self._page = None
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

    def _check_elements(self, content: MarkedContent, page: int, root: ElementTree) -> None:
        """Whether MuPDF has found the elements that the text is marked for; else it counts it to the one before."""
        known = self.tree.marked.get(page, {})
        sizes = [(size, known[mcid] in root.paths_with_text) for mcid, size in content.marked.items() if mcid in known]
        if sum(size for size, is_found in sizes if is_found) < MIN_COVERAGE * sum(size for size, _ in sizes):
            raise NoStructure("its tags do not lead to its text")

    @contextmanager
    def _contents(self, page: pymupdf.Page, stream: bytes | None) -> Iterator[None]:
        """Within, the page has another content stream, unless that is None; its own may be that of other pages too.

        MuPDF looks a page's content up whenever it runs it, so the page need not be loaded again, and fonts with it.
        """
        if stream is None:
            yield
            return
        if not self._stream:
            self._stream = self._document.get_new_xref()
            self._document.update_object(self._stream, "<<>>")
        self._document.update_stream(self._stream, stream, compress=False)
        holder, name = pymupdf._as_pdf_page(page).obj(), pymupdf.PDF_NAME("Contents")
        own = mupdf.pdf_dict_get(holder, name)
        page.set_contents(self._stream)
        try:
            yield
        finally:
            mupdf.pdf_dict_put(holder, name, own)

    def _is_continued(self, path: Path, number: int) -> bool:
        """Whether a list item began on an earlier page; `number` counts from 0."""
        pages = self.tree.item_pages.get(path, set())
        return any(self._numbers.get(page, number) < number for page in pages)


def _check_text(root: ElementTree) -> None:
    outside = sum(len(kid.text.strip()) for kid in root.kids if isinstance(kid, Run))
    if not root.paths_with_text or not any(run.text.strip() for run in root.runs()):
        raise NoStructure("it has no text")
    if outside > (1 - MIN_COVERAGE) * root.characters:
        raise NoStructure("its tags do not lead to its text")
    if root.unknown > 0.05 * root.characters:
        raise NoStructure("its text cannot be decoded")


def _check_structure(blocks: list[Block], tree: StructureTree) -> None:
    steps = disorder = 0
    # A note is tagged where it belongs, and stands at the foot of the page.
    for before, after in pairwise([block for block in blocks if block.kind not in (Kind.PICTURE, Kind.FOOTNOTE)]):
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
            spans_of([(run, Style()) for run in sorted(runs, key=lambda run: run.box[0])], LinksByHeight((), 0.0))
        )
        block = Block(kind, around(run.box for run in runs), spans, size=usual_size(runs), node="artifact")
        (heads if is_head else feet).append(block)
    return [*heads, *blocks, *feet]
