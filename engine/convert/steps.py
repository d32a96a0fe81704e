"""The steps a page goes through between being read and being written, each with one stated effect.

A page step sees one page and runs in the batch. A document step runs in the merge, over pages that pass one at a
time: first it looks at all of them, then it changes each.
"""

from typing import Protocol

import pymupdf
from pymupdf4llm.helpers.document_layout import update_header_tags

from engine.convert.pagemodel import PageModel


class PageStep(Protocol):
    """Improves one page by itself."""

    name: str

    def apply(self, model: PageModel, page: pymupdf.Page) -> None:
        """Change `model`; `page` is there to look things up."""
        ...


class DocumentStep(Protocol):
    """Improves pages by what the rest of the document says."""

    name: str

    def observe(self, model: PageModel) -> None:
        """See a page, before any is changed."""
        ...

    def apply(self, model: PageModel) -> None:
        """Change a page, after all have been seen."""
        ...


class HeadingLevels:
    """Gives headings their level by the font sizes that headings have in this document: the library's own rule."""

    name = "heading-levels"

    def __init__(self) -> None:
        self._sizes: set[int] = set()

    def observe(self, model: PageModel) -> None:
        """Collect the sizes of headings."""
        self._sizes.update(
            box.max_fontsize for box in model.layout.boxes if box.boxclass in ("title", "section-header")
        )

    def apply(self, model: PageModel) -> None:
        """Set each heading's level, 1 to 6."""
        if self._sizes:
            update_header_tags([model.layout], self._sizes)


def page_steps() -> list[PageStep]:
    """The page steps, in order."""
    return []


def document_steps() -> list[DocumentStep]:
    """The document steps, in order; new ones for every merge, since they remember what they saw."""
    return [HeadingLevels()]
