"""The steps a page goes through between being read and being written, each with one stated effect.

A page step sees one page and runs in the batch. A document step runs in the merge, over pages that pass one at a
time: first it looks at all of them, then it changes each. Steps of refinement work on blocks and can be left out by
name; the library's own rule for headings is all that an unrefined document gets.
"""

from collections.abc import Sequence
from typing import Protocol

from pymupdf4llm.helpers.document_layout import update_header_tags

from engine.convert.page.blocks import RefinedPage
from engine.convert.page.formentry import FormEntry
from engine.convert.page.outlineentry import OutlineEntry
from engine.convert.page.pagemodel import PageModel
from engine.convert.refine.additions import FilledForm, ReviewNotes, Stamps
from engine.convert.refine.anchors import Anchors
from engine.convert.refine.code import Code
from engine.convert.refine.columns import Columns
from engine.convert.refine.contents import Contents
from engine.convert.refine.continued import Continued
from engine.convert.refine.furniture import Furniture
from engine.convert.refine.headings.headings import Headings
from engine.convert.refine.headings.runinheadings import RunInHeadings
from engine.convert.refine.inline import Inline
from engine.convert.refine.links import Links
from engine.convert.refine.lists import Lists
from engine.convert.refine.tablecells import TableCells
from engine.convert.text.pagetext import PageText
from engine.job.options import Annotations, ConvertOptions


class PageStep(Protocol):
    """Improves one page by itself."""

    @property
    def name(self) -> str:
        """By which it can be left out."""
        ...

    def apply(self, page: RefinedPage, text: PageText) -> None:
        """Change `page`; `text` is there to look things up."""
        ...


class BlockStep(Protocol):
    """Improves pages by what the rest of the document says."""

    name: str

    def observe(self, page: RefinedPage) -> None:
        """See a page, as the steps before this one leave it."""
        ...

    def apply(self, page: RefinedPage) -> None:
        """Change a page, after all have been seen; pages come in order, and may come again for another format."""
        ...


class DocumentStep(Protocol):
    """A step over the pages of a document, refined or not."""

    def observe(self, model: PageModel) -> None:
        """See a page, before any is changed."""
        ...

    def apply(self, model: PageModel) -> None:
        """Change a page, after all have been seen."""
        ...


class HeadingLevels:
    """Gives headings their level by the font sizes that headings have in this document: the library's own rule."""

    def __init__(self) -> None:
        self._sizes: set[int] = set()

    def observe(self, model: PageModel) -> None:
        """Collect the sizes of headings."""
        self._sizes.update(
            box.max_fontsize for box in model.unrefined.boxes if box.boxclass in ("title", "section-header")
        )

    def apply(self, model: PageModel) -> None:
        """Set each heading's level, 1 to 6."""
        if self._sizes:
            update_header_tags([model.unrefined], self._sizes)


class _OnBlocks:
    """A step of refinement as a step over pages."""

    def __init__(self, step: BlockStep) -> None:
        self._step = step

    def observe(self, model: PageModel) -> None:
        self._step.observe(model.blocks)

    def apply(self, model: PageModel) -> None:
        self._step.apply(model.blocks)


def page_steps(options: ConvertOptions) -> list[PageStep]:
    """The page steps of refinement, in order.

    Those that read a block again by its characters come before those that change its text.
    """
    steps: list[PageStep] = [Columns(), Links(), Contents(), Code(), RunInHeadings(), Lists(), TableCells(), Inline()]
    return [step for step in steps if step.name not in options.skip_steps]


def document_steps(
    options: ConvertOptions,
    outline: Sequence[OutlineEntry] = (),
    title: str = "",
    form: Sequence[FormEntry] = (),
    *,
    by_tex: bool = False,
    on_blocks: bool,
) -> list[DocumentStep]:
    """The document steps, in order; new ones for every merge, since they remember what they saw.

    `outline` and `title` are the document's own, `form` is what was filled in beyond its pages, and `by_tex` is whether
    TeX has set it. Without `on_blocks`, those over the library's pages.
    """
    if not on_blocks:
        return [HeadingLevels()]
    steps: list[BlockStep] = [Furniture(), Continued()]
    if options.needs_layout:  # text shows neither headings nor where links lead to
        steps = [Furniture(), Headings(outline, title, by_tex=by_tex), Continued(), Anchors(options.pages)]
    chosen = [step for step in steps if step.name not in options.skip_steps]
    chosen.append(Stamps(leaves_out=Furniture.name not in options.skip_steps))
    if options.annotations is Annotations.NOTES:
        chosen.append(ReviewNotes())
    if form:
        chosen.append(FilledForm(form))
    return [*map(_OnBlocks, chosen)]
