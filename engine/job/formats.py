"""Formats, a row each: what the engine, its doors and the conversion processes have to know of an output.

The rows are read from entry points (`engine.job.plugins`), hotfolio's own from those in `pyproject.toml`, which is the
one table of formats. A fact that a row does not state is the usual one: a text, made of blocks, in one file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from engine.job import plugins
from engine.job.plugins import Offer, Seam

OTHER = "application/octet-stream"
"""What a file is called on the wire whose format has no media type, or one that a browser would run."""
_RUN_BY_BROWSERS = frozenset(
    {
        "text/html",
        "text/xml",
        "application/xml",
        "text/javascript",
        "application/javascript",
        "text/ecmascript",
        "application/ecmascript",
    }
)


class Format(StrEnum):
    """Formats that some code means by name; `names` has them all."""

    MD = "md"
    TXT = "txt"
    PAGE_TXT = "page-txt"
    """A file a page."""
    JSON = "json"
    HTML = "html"
    DOCLING = "docling"
    """A DoclingDocument."""
    PDF = "pdf"
    """The document with an invisible layer of text where OCR ran."""
    PNG = "png"
    JPG = "jpg"
    WEBP = "webp"
    TIFF = "tiff"
    """All pages in one file."""
    THUMBNAILS = "thumbnails"
    """Small pictures of the pages."""


class MadeOf(StrEnum):
    """What a format is made of, which says when, and by what kind of object."""

    BLOCKS = "blocks"
    """What is read on the pages, by a `Writer`, in the merge."""
    PAGE = "page"
    """The page as it is, by a `Converter`, before it is read."""
    DOCUMENT = "document"
    """The document, by a `Converter` that hears of each page after it is read."""


@dataclass(frozen=True, slots=True)
class Row:
    """One format."""

    name: str
    suffix: str
    """Of its files, without the dot in front."""
    media_type: str
    made_of: MadeOf
    by_library: bool
    """Without refinement the library writes it, and not what is made of blocks."""
    is_paged: bool
    """Its text is a file a page, and not one for all."""
    offer: Offer

    @property
    def is_picture(self) -> bool:
        """It is made of the pages' looks."""
        return self.media_type.startswith("image/")


def find(name: str) -> Row | None:
    """The row of a format; None if there is none."""
    offer = plugins.find(Seam.FORMAT, name)
    return None if offer is None else _row(offer)


def names() -> tuple[str, ...]:
    """Of all formats, hotfolio's own first."""
    return tuple(offer.name for offer in plugins.offers(Seam.FORMAT))


@cache
def media_types() -> Mapping[str, str]:
    """How files are called on the wire, by their last suffix with its dot; the first format with one says it."""
    found: dict[str, str] = {}
    for row in map(_row, plugins.offers(Seam.FORMAT)):
        if row.media_type != OTHER:
            found.setdefault(f".{row.suffix.rpartition('.')[2]}", row.media_type)
    return found


@cache
def _row(offer: Offer) -> Row:
    words = [fact for fact in offer.facts if "." not in fact]
    suffixes = [fact.removeprefix("suffix.") for fact in offer.facts if fact.startswith("suffix.")]
    types = [fact.replace(".", "/", 1) for fact in offer.facts if "." in fact and not fact.startswith("suffix.")]
    media_type = next(iter(types), OTHER)
    return Row(
        offer.name,
        suffix=next(iter(suffixes), offer.name),
        media_type=OTHER
        if media_type in _RUN_BY_BROWSERS
        else f"{media_type}; charset=utf-8"
        if media_type.startswith("text/")
        else media_type,
        made_of=next((kind for kind in MadeOf if kind in words), MadeOf.BLOCKS),
        by_library="library" in words,
        is_paged="paged" in words,
        offer=offer,
    )
