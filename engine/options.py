"""What is asked of one conversion: the part of the settings that travels with a job."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator


class Format(StrEnum):
    """A kind of output."""

    MD = "md"
    TXT = "txt"
    JSON = "json"
    PNG = "png"
    JPG = "jpg"
    WEBP = "webp"


TEXT_FORMATS = frozenset({Format.MD, Format.TXT, Format.JSON})
"""Formats made from one parse of the page; the others are pictures of it."""


class OcrMode(StrEnum):
    """When a page is read by optical character recognition."""

    AUTO = "auto"
    NEVER = "never"
    FORCE = "force"


class Structure(StrEnum):
    """What the structure of a page is taken from."""

    AUTO = "auto"
    TAGS = "tags"
    LAYOUT = "layout"


class RefineStep(StrEnum):
    """A step of refinement: a module of `engine.convert` with one effect, which docs/markdown.md shows."""

    COLUMNS = "columns"
    CODE = "code"
    TABLE_CELLS = "table-cells"
    LISTS = "lists"
    LINKS = "links"
    INLINE = "inline"
    FURNITURE = "furniture"
    HEADINGS = "headings"
    CONTINUED = "continued"


class ConvertOptions(BaseModel):
    """Options of one conversion. Stored with the job, so a job keeps them whatever the settings become."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    formats: tuple[Format, ...] = (Format.MD,)
    """What to make, without repeats, in the order asked for."""
    ocr: OcrMode = OcrMode.AUTO
    """`auto` reads a page by OCR where it has no usable text, `force` wherever it holds more than text."""
    images: bool = True
    """Keep the pictures of a page as files in `images/`, linked from the Markdown."""
    dpi: Annotated[int, Field(ge=18, le=1200)] = 150
    """Resolution of page images and kept pictures, in dots per inch."""
    max_pixels: Annotated[int, Field(ge=10_000, le=1_000_000_000)] = 100_000_000
    """A page image has at most this many pixels; its DPI is lowered to fit."""
    page_header: bool = False
    """Keep running headers in Markdown and text."""
    page_footer: bool = False
    """Keep running footers in Markdown and text."""
    refine: bool = True
    """Mend what the library gets wrong; off, its own output comes out byte for byte."""
    structure: Structure = Structure.AUTO
    """`auto` reads a page by the document's tags where they deserve it, else by the layout model; `tags` trusts tags in
    more cases, `layout` in none. Without `refine`, it is always the layout model."""
    skip_steps: tuple[RefineStep, ...] = ()
    """Steps of refinement to leave out."""

    @field_validator("formats", mode="after")
    @classmethod
    def _some_and_each_once(cls, formats: tuple[Format, ...]) -> tuple[Format, ...]:
        if not formats:
            raise ValueError(f"name at least one of {', '.join(Format)}")
        return tuple(dict.fromkeys(formats))

    @property
    def text_formats(self) -> tuple[Format, ...]:
        """The formats made from a parse of the page."""
        return tuple(f for f in self.formats if f in TEXT_FORMATS)

    @property
    def image_formats(self) -> tuple[Format, ...]:
        """The formats that are pictures of the page."""
        return tuple(f for f in self.formats if f not in TEXT_FORMATS)
