"""What is asked of one conversion: the part of the settings that travels with a job."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit, urlunsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from engine.job import formats, plugins
from engine.job.formats import Format, MadeOf
from engine.job.pageranges import canonical_ranges
from engine.job.plugins import Offer, Seam

_TEXTS = frozenset({Format.TXT, Format.PAGE_TXT})
"""Formats that show nothing of a page but its text."""
STANDARD = "standard"
"""hotfolio's own reader: tags, layout model and OCR."""


class OcrMode(StrEnum):
    """When a page is read by optical character recognition."""

    AUTO = "auto"
    NEVER = "never"
    FORCE = "force"


class OcrEngineName(StrEnum):
    """What does the reading, where some code means it by name; plug-ins may bring more (`engine.job.plugins`)."""

    AUTO = "auto"
    """RapidOCR where it is installed and knows the languages, else Tesseract."""
    RAPIDOCR = "rapidocr"
    TESSERACT = "tesseract"


class Structure(StrEnum):
    """What the structure of a page is taken from."""

    AUTO = "auto"
    TAGS = "tags"
    LAYOUT = "layout"


class Layout(StrEnum):
    """When the layout model looks at pages that are not read by their tags."""

    AUTO = "auto"
    ALWAYS = "always"


class LayoutEffort(StrEnum):
    """What lays out the pages that are not read by their tags."""

    FULL = "full"
    """The layout model."""
    FAST = "fast"
    """No model: rules about places, fonts and lines alone."""


class Annotations(StrEnum):
    """Where notes and comments of reviewers are put."""

    JSON = "json"
    """Into JSON alone, page by page."""
    NOTES = "notes"
    """And into all else that is made of the text, behind what they are about."""


class Attachments(StrEnum):
    """What becomes of files that are attached to a PDF."""

    LIST = "list"
    """The manifest and a warning name them."""
    CONVERT = "convert"
    """Those of accepted kinds are converted too, each by itself."""


class HiddenText(StrEnum):
    """What becomes of text that nobody can see on its page."""

    DROP = "drop"
    KEEP = "keep"
    MARK = "mark"
    """It is kept between `[hidden: ` and `]`."""


class RefineStep(StrEnum):
    """A step of refinement: a module of `engine.convert` with one effect, which docs/markdown.md shows."""

    FORMULAS = "formulas"
    COLUMNS = "columns"
    CONTENTS = "contents"
    CODE = "code"
    TABLE_CELLS = "table-cells"
    LISTS = "lists"
    LINKS = "links"
    INLINE = "inline"
    FURNITURE = "furniture"
    HEADINGS = "headings"
    CONTINUED = "continued"


class ConverterName(StrEnum):
    """What pages are read by."""

    LOCAL = "local"
    """Tags, layout model and OCR, on this machine."""
    VLM = "vlm"
    """A vision model, behind an API like OpenAI's."""


class PromptMode(StrEnum):
    """What a vision model is asked for."""

    LAYOUT_ALL = "prompt_layout_all_en"
    """Layout and text of the page."""
    LAYOUT_ONLY = "prompt_layout_only_en"
    """Layout alone; the text is then the PDF's own."""
    OCR = "prompt_ocr"
    """Text alone."""
    GROUNDING_OCR = "prompt_grounding_ocr"
    """The text in each box of the layout, asked for a box at a time."""


class ChunkUnit(StrEnum):
    """What the size of a chunk is counted in."""

    TOKENS = "tokens"
    CHARACTERS = "characters"


class DocumentKind(StrEnum):
    """A kind of document that is read, by the suffix of its files."""

    PDF = "pdf"
    XPS = "xps"
    EPUB = "epub"
    MOBI = "mobi"
    FB2 = "fb2"
    CBZ = "cbz"
    SVG = "svg"
    PNG = "png"
    JPG = "jpg"
    TIFF = "tiff"
    GIF = "gif"
    BMP = "bmp"
    WEBP = "webp"
    DOCX = "docx"
    XLSX = "xlsx"
    PPTX = "pptx"
    ODT = "odt"


OFFICE = frozenset({DocumentKind.DOCX, DocumentKind.XLSX, DocumentKind.PPTX, DocumentKind.ODT})
"""Kinds that LibreOffice makes a PDF of, where `office` is set; MuPDF opens all others."""


def split(value: Any) -> Any:
    """`md,txt`, as it is written on the command line and in the environment, as a list."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


AbsolutePath = Annotated[Path, AfterValidator(Path.absolute)]
"""Processes work in other folders."""
VLM_KEY = "HOTFOLIO_VLM_KEY"
"""The variable with the key for the vision model's API; a secret, so it is no setting."""
VLM_ATTEMPTS = 4
"""How often a page is sent to a vision model that is busy, failing or silent."""
VLM_WAITS_S = 90.0
"""Seconds that the waits between these attempts may come to."""

PluginName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,39}$")]
"""The name of a format, a reader or an OCR engine. Whether there is one is asked where a name is given (`require`) and
where it is used, so that a queue can be read when a plug-in is gone."""
Language = Annotated[str, Field(pattern=r"^[A-Za-z_]{2,20}$")]


class ConvertOptions(BaseModel):
    """Options of one conversion. Stored with the job, so a job keeps them whatever the settings become."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    formats: Annotated[tuple[PluginName, ...], BeforeValidator(split)] = (Format.MD.value,)
    """What to make of each document, without repeats, in the order asked for."""
    accept: Annotated[tuple[DocumentKind, ...], BeforeValidator(split)] = (DocumentKind.PDF,)
    """Kinds of documents that are taken in."""
    pages: Annotated[str | None, BeforeValidator(canonical_ranges)] = None
    """The pages to convert, as in `1-10,15,20-`; all of them unless set."""
    ocr: OcrMode = OcrMode.AUTO
    """`auto` reads a page by OCR where it has no usable text, `force` wherever it holds more than text."""
    ocr_engine: PluginName = OcrEngineName.AUTO.value
    """What does the OCR."""
    ocr_languages: Annotated[tuple[Language, ...], BeforeValidator(split)] = ()
    """Languages of scanned pages, by their codes in Tesseract (ISO 639-2); the engine's own choice unless set."""
    images: bool = True
    """Keep the pictures of a page as files in `images/`, linked from the Markdown."""
    dpi: Annotated[int, Field(ge=18, le=1200)] = 150
    """Resolution of page images and kept pictures, in dots per inch."""
    max_pixels: Annotated[int, Field(ge=10_000, le=1_000_000_000)] = 100_000_000
    """A page image has at most this many pixels; its DPI is lowered to fit."""
    thumbnail_size: Annotated[int, Field(ge=16, le=2000)] = 256
    """The longer side of a thumbnail, in pixels."""
    page_header: bool = False
    """Keep running headers in Markdown and text."""
    page_footer: bool = False
    """Keep running footers in Markdown and text."""
    refine: bool = True
    """Mend what the library gets wrong; off, its own output comes out byte for byte."""
    structure: Structure = Structure.AUTO
    """`auto` reads a page by the document's tags where they deserve it, else by the layout model; `tags` trusts tags in
    more cases, `layout` in none. Without `refine`, it is always the layout model."""
    layout: Layout = Layout.AUTO
    """`auto` does without the layout model where nothing but text is made of the pages, which it takes most of the time
    for; `always` has it look at every page that is not read by its tags."""
    layout_effort: LayoutEffort = LayoutEffort.FULL
    """`full` asks the layout model, `fast` none: a page takes a small part of the time, and what only a look at it
    tells is missed. Without `refine`, it is always the layout model."""
    hidden_text: HiddenText = HiddenText.DROP
    """Text that nobody can see on its page is left out, kept, or kept and marked; a warning counts it. Without
    `refine`, all text is kept, uncounted."""
    annotations: Annotations = Annotations.JSON
    """Where the notes and comments of reviewers are put. Without `refine`, they are left out."""
    attachments: Attachments = Attachments.LIST
    """Files that are attached to a PDF are listed, or those of accepted kinds are converted too, below its result."""
    skip_steps: Annotated[tuple[RefineStep, ...], BeforeValidator(split)] = ()
    """Steps of refinement to leave out."""
    chunk_size: Annotated[int, Field(ge=16, le=100_000)] = 512
    """A chunk has at most so many units."""
    chunk_overlap: Annotated[int, Field(ge=0)] = 64
    """So many units of a chunk, at most, stand at the beginning of the next one too."""
    chunk_unit: ChunkUnit = ChunkUnit.TOKENS
    """What chunks are measured in."""
    converter: ConverterName = ConverterName.LOCAL
    """What pages are read by."""
    reader: PluginName = STANDARD
    """What reads the pages that no vision model reads; what it does not read is read by `standard`."""
    prompt_mode: PromptMode = PromptMode.LAYOUT_ALL
    """What a vision model is asked for."""
    vlm_url: str = "http://127.0.0.1:8000/v1"
    """Where the vision model's API begins."""
    vlm_model: str = "model"
    """The model's name there."""
    vlm_prompts: AbsolutePath | None = None
    """A TOML file with prompts to be used instead of the built-in ones, by the names of the modes."""
    vlm_timeout: Annotated[float, Field(gt=0, le=3600)] = 120
    """Seconds the model may take for an answer."""

    @field_validator("vlm_url")
    @classmethod
    def _is_web_address(cls, value: str) -> str:
        try:
            parts = urlsplit(value)
            is_one = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_one = False
        if not is_one or not value.isprintable() or " " in value:
            raise ValueError("give a URL that begins with http:// or https://")
        if parts.username is not None or parts.password is not None:
            raise ValueError(f"give the key in {VLM_KEY}, not in the URL")
        if parts.fragment:
            raise ValueError("give a URL without a #")
        return value

    @field_validator("vlm_model")
    @classmethod
    def _is_name(cls, value: str) -> str:
        if not value.strip() or not value.isprintable() or len(value) > 300:
            raise ValueError("give the name that the server has for the model")
        return value

    @field_validator("formats", mode="after")
    @classmethod
    def _some_formats_each_once(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if not names:
            raise ValueError(f"name at least one of {', '.join(formats.names())}")
        return tuple(dict.fromkeys(names))

    @field_validator("accept", mode="after")
    @classmethod
    def _some_kinds_each_once(cls, kinds: tuple[DocumentKind, ...]) -> tuple[DocumentKind, ...]:
        if not kinds:
            raise ValueError(f"name at least one of {', '.join(DocumentKind)}")
        return tuple(dict.fromkeys(kinds))

    @model_validator(mode="after")
    def _overlap_is_smaller(self) -> Self:
        if self.chunk_overlap >= self.chunk_size:
            raise ValueError(f"chunk_overlap ({self.chunk_overlap}) must be smaller than chunk_size")
        return self

    @property
    def asks_model(self) -> bool:
        """Whether pages are sent to a vision model."""
        return self.converter is ConverterName.VLM and bool(self.text_formats)

    @property
    def vlm_patience_s(self) -> float:
        """Seconds until a page that the vision model has not answered for is read without it."""
        return VLM_ATTEMPTS * self.vlm_timeout + VLM_WAITS_S

    @property
    def is_refined(self) -> bool:
        """Whether pages end in blocks; what a vision model or a plug-in says of them always does."""
        return self.refine or self.converter is ConverterName.VLM or self.reader != STANDARD

    @property
    def needs_layout(self) -> bool:
        """Whether pages that are not read by their tags are laid out: more than their text is wanted."""
        return (
            not self.refine
            or self.layout is Layout.ALWAYS
            or self.structure is Structure.LAYOUT
            or not _TEXTS.issuperset(self.text_formats)
        )

    @property
    def needs_model(self) -> bool:
        """Whether pages that are not read by their tags are laid out by the layout model."""
        return self.needs_layout and not (self.refine and self.layout_effort is LayoutEffort.FAST)

    @property
    def text_formats(self) -> tuple[str, ...]:
        """The formats made from a reading of the page."""
        return self.formats_made_of(MadeOf.BLOCKS)

    def formats_made_of(self, what: MadeOf) -> tuple[str, ...]:
        """The formats that are made of this, in the order asked for."""
        rows = map(formats.find, self.formats)
        return tuple(row.name for row in rows if row is not None and row.made_of is what)

    def has_blocks(self, format_: str) -> bool:
        """Whether a text format is made of refined pages, and not of the library's."""
        row = formats.find(format_)
        return self.is_refined or row is None or not row.by_library

    @property
    def needed(self) -> tuple[tuple[Seam, str], ...]:
        """The formats and the reader, by seam and name, without which the document cannot be converted as asked."""
        return (*((Seam.FORMAT, name) for name in self.formats), (Seam.READER, self.reader))

    @property
    def offers(self) -> tuple[Offer, ...]:
        """What is asked for of all that can be plugged in, hotfolio's own too, as far as it is there."""
        engine = () if self.ocr is OcrMode.NEVER else ((Seam.OCR, self.ocr_engine),)
        found = (plugins.find(seam, name) for seam, name in (*self.needed, *engine))
        return tuple(offer for offer in found if offer is not None)

    @property
    def plugins(self) -> tuple[Offer, ...]:
        """The plug-ins of others among these."""
        return tuple(offer for offer in self.offers if not offer.is_own)


_SEAMS = {"formats": Seam.FORMAT, "reader": Seam.READER, "ocr_engine": Seam.OCR}
"""The options that are names of what may be a plug-in's."""


def require(options: Mapping[str, Any]) -> None:
    """Raise `NotOffered` where options, by name, ask for a format, a reader or an OCR engine that there is not."""
    for name, seam in _SEAMS.items():
        if (value := options.get(name)) is not None:
            plugins.require(seam, _listed(value))


def _listed(value: str | Sequence[str]) -> Sequence[str]:
    return [value] if isinstance(value, str) else value


def vlm_address(url: str, path: str) -> str:
    """A path of the API that begins at a URL, which may have a query of its own."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{path}"))
