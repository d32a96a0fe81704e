"""The seam of a format family, and what a converter is given to work with."""

import re
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol

import pymupdf

from engine.base.safetext import display_text
from engine.convert.open.document import Document
from engine.convert.page.attachedfile import AttachedFile
from engine.convert.page.formentry import FormEntry
from engine.convert.page.outlineentry import OutlineEntry
from engine.convert.page.pagemodel import PageModel
from engine.convert.page.told import NoAnswer, Told
from engine.convert.sight.sideways import Region
from engine.convert.sight.watermarks import Watermark
from engine.convert.text.formfields import Field
from engine.convert.text.hiding import NOTHING_HIDDEN, Hiding
from engine.convert.text.strikes import NO_STRIKES, Strikes
from engine.job.job import PageState
from engine.job.options import ConvertOptions
from engine.job.warningkind import WarningKind

_TEX = re.compile(r"TeX\b|^Typst\b|\bx?dvipdfmx?\b|\bdvips\b")


@dataclass(frozen=True, slots=True)
class OcrWord:
    """A word that OCR has read."""

    text: str
    quad: tuple[float, float, float, float, float, float, float, float]
    """Its corners as x, y pairs in points on the page as it is shown: where the word's top begins, where its top ends,
    where its bottom ends, where its bottom begins, as one reads it."""
    confidence: float = 1.0
    """From 0 to 1."""


@dataclass
class PageContext:
    """One page on its way through a batch."""

    document: Document
    number: int
    """From 1."""
    options: ConvertOptions
    text_only: bool
    """The layout step is known to fail on this page."""
    out: Path
    """The folder that will be published; relative to the working directory."""
    on_ocr: Any
    """Called without arguments when the page turns out to need OCR."""
    state: PageState = PageState.OK
    via: str = "none"
    error: str | None = None
    why: str | None = None
    """Why it was read the way it was, where there was a choice."""
    model: PageModel | None = None
    """What the page says, for the checkpoint; None where no text format is asked for."""
    ocr_words: list[OcrWord] = field(default_factory=list)
    """What OCR has read, line by line; empty where it has not run, or found nothing."""
    files: list[Path] = field(default_factory=list)
    """Files written for this page; made durable with the checkpoint."""
    warnings: list[str] = field(default_factory=list)
    notices: Counter[str] = field(default_factory=Counter)
    """What is to be said of all pages at once, by `WarningKind`."""
    on_start: Callable[[], None] = lambda: None
    """Called when work on the page begins."""
    begun: float = 0.0
    """When that was, by `time.perf_counter`."""
    told: Told | NoAnswer | None = None
    """What a vision model has said of it; None where none was asked."""
    hiding: Hiding = NOTHING_HIDDEN
    """What becomes of text that nobody can see; known when reading begins."""
    turned: int = 0
    """By how many degrees, with the clock, most text is turned on the page without its rotation: 0, 90, 180 or 270;
    known when reading begins."""
    sideways: Region | None = None
    """What lies another way than the rest of its text; known when reading begins."""
    graphics: int = 0
    """How many vector graphics the page has; known when reading begins."""
    looked: list[dict[str, Any]] | None = None
    """What is on it, as `sight.unseen.look_at` says, where that is what it would be read from."""
    strikes: Strikes = NO_STRIKES
    """The lines that may strike out text of tagged pages, turned upright; known when reading begins."""
    fields: Sequence[Field] = ()
    """Of a form on the page: hidden while it is read, and told by their values."""
    stamps: list[Watermark] = field(default_factory=list)
    """What is written across the page, which its text is read without."""
    is_read_by_others: bool = False
    """By a vision model or a plug-in, so that hotfolio's own OCR has not been asked for its words."""

    def begin(self) -> None:
        """Work on the page begins."""
        self.on_start()
        self.begun = time.perf_counter()

    def load(self) -> pymupdf.Page:
        """The page itself."""
        return self.document.load(self.number)


def _no_source() -> Document:
    raise ValueError("this is made from the checkpoints alone")


@dataclass
class MergeContext:
    """A whole document on its way into files."""

    head: dict[str, Any]
    """What concerns the document as a whole, as `Document.describe()` gave it."""
    stem: str
    """File name without suffix for what is made."""
    name: str
    """The source's file name."""
    options: ConvertOptions
    out: Path
    pages: "PageSource"
    failed: dict[int, str]
    open: Callable[[], Document] = _no_source
    """Opens the document, to be closed after use."""
    on_page: Callable[[int], None] = lambda _: None
    """To be called with the number of a page that is done: a merge that is not heard of for long is given up."""
    source: str = ""
    """The source's path in its folder, as the manifest has it."""
    sha256: str = ""
    """Of the source, in hexadecimal digits."""
    warnings: list[str] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    page_sizes: dict[int, int] = field(default_factory=dict)
    """Bytes of Markdown that each page has come to, in the order they were written."""

    @property
    def outline(self) -> list[OutlineEntry]:
        """The document's outline."""
        return [OutlineEntry(*entry) for entry in self.head.get("outline", ())]

    @property
    def form(self) -> list[FormEntry]:
        """What was filled into a form that is not on the document's pages."""
        return [FormEntry(*entry) for entry in self.head.get("form", ())]

    @property
    def attached(self) -> list[AttachedFile]:
        """The files that are attached to the document."""
        return [AttachedFile(*file) for file in self.head.get("attached", ())]

    @property
    def is_portfolio(self) -> bool:
        """Whether these are what the document is about."""
        return bool(self.head.get("is_portfolio"))

    @property
    def kinds(self) -> list[WarningKind]:
        """Of the warnings that concern the document as a whole."""
        return [WarningKind(kind) for kind in self.head.get("kinds", ())]

    @property
    def title(self) -> str:
        """What the document's properties say it is called; empty if they do not."""
        return self._property("title")

    @property
    def is_by_tex(self) -> bool:
        """Whether the document's properties say that TeX has set it, or Typst, which does it alike."""
        return any(_TEX.search(self._property(name)) for name in ("creator", "producer"))

    def _property(self, name: str) -> str:
        return str((self.head.get("metadata") or {}).get(name) or "")


Pages = Iterator[PageModel | tuple[int, str]]
"""Pages to be written; of a failed one its number and the reason."""


class Writer(ABC):
    """Writes a document in one format: what its methods return, called in this order, is the file.

    It is made with the `MergeContext`. Several writers may be given the same page, so they leave it as it is, unless
    they say otherwise.
    """

    unrefined: "ClassVar[type[Writer] | None]" = None
    """Of a format that the library writes too: what writes it where pages are not refined."""

    def begin(self) -> str:
        """What comes before the first page."""
        return ""

    @abstractmethod
    def page(self, model: PageModel) -> str:
        """What there is to write after one more page."""

    def missing(self, number: int, reason: str) -> str:
        """What stands for a page that failed."""
        return ""

    def end(self) -> str:
        """What comes after the last page."""
        return ""


def missing(number: int, reason: str) -> str:
    """What stands in the place of a page that failed."""
    return display_text(f"Page {number} could not be converted: {reason}")


def missing_in_text(number: int, reason: str) -> str:
    """The same in brackets, in plain text."""
    return f"[{missing(number, reason)}]\n\n"


def missing_in_markdown(number: int, reason: str) -> str:
    """The same as a comment, which does not show in the document."""
    return f"<!-- {missing(number, reason).replace('--', '- -')} -->\n\n"


class PageSource(Protocol):
    """The checkpoints of a document, readable as often as a converter needs."""

    @property
    def numbers(self) -> Sequence[int]:
        """The pages that have a checkpoint, in order, whatever is in it."""
        ...

    @property
    def size(self) -> int:
        """Bytes that there are to read."""
        ...

    def __iter__(self) -> Iterator[PageModel]:
        """Those of which text is wanted, in order, one in memory at a time, each a fresh copy."""
        ...


Reader = Callable[[PageContext], PageModel | None]
"""Reads a page; None where the page is left to hotfolio's own reader, as it is where this one raises something.

What others than hotfolio's own give is a `PageModel` with a `RefinedPage`, in points on the page as it is shown.
"""


class Converter(Protocol):
    """Makes a family of formats; it is made without arguments, for each page anew."""

    def convert_page(self, page: PageContext) -> None:
        """Do what can be done with one page alone. An exception fails the page, not the document."""
        ...

    def merge(self, document: MergeContext) -> None:
        """Do what needs the whole document."""
        ...
