"""Opens a document, says in one sentence why it cannot be, and reads what concerns it as a whole."""

import contextlib
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pymupdf
from pymupdf4llm.helpers import utils as library_utils

from engine.convert.ocr.choice import Ocr
from engine.convert.ocr.wordglyphs import OpenWords
from engine.convert.open.attachments import find_attachments
from engine.convert.open.beyondpages import attachments_told, filled_form, is_portfolio, layers_off
from engine.convert.open.outline import read_outline
from engine.convert.open.pagetree import mend_counts
from engine.convert.page.attachedfile import AttachedFile
from engine.convert.page.outlineentry import OutlineEntry
from engine.convert.tags.structuretree import NoStructure
from engine.convert.tags.tagreader import TagReader
from engine.convert.text.glyphs.fontmaps import FontMaps, Glyph
from engine.job.job import NEEDS_PASSWORD
from engine.job.kinds import not_accepted
from engine.job.options import Attachments, ConvertOptions
from engine.job.warningkind import WarningKind
from engine.sandbox.shortage import SHORTAGE, Shortages, is_shortage
from engine.sandbox.stages import Stage

Refusal = Literal["not_a_pdf", "not_accepted", "damaged", "password", "unwritable", "plugin", "internal"]

_NOT_ON_PAGES = "This is an XFA form; its content is not on its pages"
_READ = ", and what was filled in was read from its data."
_ASKED = ". Nothing is filled in; what it asks for was read."
_NOT_READ = ", and is not converted."
_extract_form_fields = library_utils.extract_form_fields_with_pages


class CannotOpen(Exception):
    """The document cannot be read; `kind` says what sort of trouble, `str()` is a sentence."""

    def __init__(self, kind: Refusal, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Document:
    """An open PDF, with its document-wide facts read once however many pages are asked for."""

    def __init__(
        self, pdf: pymupdf.Document, name: str, options: ConvertOptions, reopen: Callable[[], pymupdf.Document]
    ) -> None:
        self.pdf = pdf
        self.file = Path(pdf.name or "")
        """The PDF that is open."""
        self._options = options
        self._reopen = reopen
        self._pristine: pymupdf.Document | None = None
        self._tags: TagReader | str | None = None
        self.warnings: list[str] = []
        self.kinds: list[WarningKind] = []
        """Of those warnings that have one."""
        self._beyond: dict[str, Any] | None = None
        self.candidate: int | None = None
        """Which of the candidates has opened it, from 0."""
        self.ocr = Ocr.for_options(options)
        # Unrefined pages are to be what the library makes of them.
        self._fonts = FontMaps(pdf) if options.refine else None
        self.open_words = OpenWords()
        self._mended = 0  # the page whose fonts have been seen to last
        # The library puts the document's name into the names of pictures and into JSON.
        pdf._name = name
        self._toc = self._attempt("its outline", lambda: pdf.get_toc(simple=True), [])
        self._outline: list[OutlineEntry] = self._attempt(
            "its outline", lambda: read_outline(pdf) if self._toc else [], []
        )
        self._form_fields = self._attempt("its form fields", lambda: _extract_form_fields(pdf), {})
        self._language = self._attempt("its language", lambda: pdf.language, None)
        # parse_document() reads these on every call, and it is called once a page.
        pdf.get_toc = lambda simple=True: self._toc
        pdf.hotfolio_form_fields = self._form_fields

    @property
    def page_count(self) -> int:
        """How many pages it has."""
        return int(self.pdf.page_count)

    def load(self, number: int) -> pymupdf.Page:
        """A page (from 1), ready to be read."""
        page = self.pdf.load_page(number - 1)
        if self._fonts is not None and number != self._mended:
            self._fonts.mend(page)
            self._mended = number
        return page

    @property
    def tags(self) -> "TagReader | str":
        """What reads its pages by their tags, or why they cannot be."""
        if self._tags is None:
            try:
                # A copy of its own: the library takes the structure out of the one it is given.
                self._tags = TagReader(self._reopen())
            except NoStructure as reason:
                self._tags = str(reason)
            except Exception as error:  # noqa: BLE001 - tags that cannot be read are no tags
                self._tags = f"its tags cannot be read ({one_line(error)})"
        return self._tags

    @property
    def has_open_glyphs(self) -> bool:
        """Whether there are glyphs of which neither the PDF nor its fonts have told what they mean."""
        return any(fonts.are_open for fonts in self._font_maps())

    def learn(self, number: int, glyphs: Mapping[Glyph, str]) -> None:
        """What some of them mean has been found out, on a page (from 1)."""
        self.load(number)  # it may have been seen in the other copy alone
        for fonts in self._font_maps():
            fonts.learn(glyphs)

    def _font_maps(self) -> list[FontMaps]:
        of_tags = [self._tags.fonts] if isinstance(self._tags, TagReader) else []
        return [*of_tags, *([self._fonts] if self._fonts is not None else [])]

    @property
    def needs(self) -> Stage:
        """What its pages will need, as far as that can be told before they are read."""
        options = self._options
        is_enough = not options.text_formats or not options.needs_model or isinstance(self.tags, TagReader)
        return Stage.BARE if is_enough else Stage.LAYOUT

    @property
    def pristine(self) -> pymupdf.Document:
        """A copy that shows what is in the file, whatever reading its pages has changed in the other one."""
        if self._pristine is None:
            self._pristine = self._reopen()
        return self._pristine

    def describe(self) -> dict[str, Any]:
        """What the outputs say about the document as a whole, as JSON.

        What there is beyond its pages is looked for by the first call, and in `warnings` from then on: those who only
        read pages have no need of it.
        """
        if self._beyond is None:
            self._beyond = self._look_beyond()
        return {
            "filename": self.pdf.name,
            "page_count": self.page_count,
            "toc": self._toc,
            "outline": self._outline,
            "metadata": self.pdf.metadata,
            "form_fields": self._form_fields,
            "use_ocr": int(self.ocr.library_mode),
            "language": self._language,
            **self._beyond,
        }

    def _look_beyond(self) -> dict[str, Any]:
        pdf, options = self.pdf, self._options
        self._tell(WarningKind.LAYERS, self._attempt("its layers", partial(layers_off, pdf), ()))
        attached: list[AttachedFile] = self._attempt("its attachments", partial(find_attachments, pdf), [])
        portfolio: bool = self._attempt("its attachments", partial(is_portfolio, pdf), False)
        if options.attachments is Attachments.LIST:  # else it is known in the end what became of them
            self._tell(WarningKind.ATTACHMENTS, attachments_told(attached, (), portfolio=portfolio))
        form = self._attempt("what was filled into its form", partial(filled_form, pdf), [])
        if form is not None:
            is_read = form and any(map(options.has_blocks, options.text_formats))
            read = _READ if any(entry.name for entry in form) else _ASKED
            self._tell(WarningKind.FORM, [f"{_NOT_ON_PAGES}{read if is_read else _NOT_READ}"])
        kinds = dict.fromkeys([*self.kinds, *([WarningKind.ATTACHMENTS] if attached else [])])
        return {"form": form or [], "attached": attached, "is_portfolio": portfolio, "kinds": [*kinds]}

    def close(self) -> None:
        """Let go of the file."""
        self.pdf.close()
        if isinstance(self._tags, TagReader):
            self._tags.close()
        if self._pristine is not None:
            self._pristine.close()

    def _tell(self, kind: WarningKind, sentences: Sequence[str]) -> None:
        self.warnings += sentences
        self.kinds += [kind] * len(sentences)

    def _attempt(self, what: str, read: Callable[[], Any], otherwise: Any) -> Any:
        try:
            return read()
        except Exception as error:  # noqa: BLE001 - a broken outline must not cost the document
            self.warnings.append(f"Could not read {what}: {one_line(error)}")
            return otherwise


def open_document(
    file: Path, name: str, options: ConvertOptions, password: str | None, candidates: Sequence[str] = ()
) -> Document:
    """Open `file`; raises `CannotOpen` with a sentence for a person.

    If it needs a password and `password` is not it, the candidates are tried in their order.
    """
    file = file.absolute()  # pages are converted in another working directory
    if file.stat().st_size == 0:
        raise CannotOpen("not_a_pdf", "The file is empty.")

    def reopen() -> pymupdf.Document:
        again = pymupdf.open(str(file), filetype="pdf")
        if again.needs_pass:
            _opens(again, password if candidate is None else candidates[candidate])
        mend_counts(again)
        return again

    try:
        pdf = pymupdf.open(str(file), filetype="pdf")
    except Exception as error:
        if not _looks_like_pdf(file):
            raise CannotOpen("not_a_pdf", not_accepted(None, options.accept)) from error
        raise CannotOpen("damaged", "The PDF is damaged beyond repair.") from error
    candidate: int | None = None
    if pdf.needs_pass and not _opens(pdf, password):
        candidate = next((number for number, other in enumerate(candidates) if _opens(pdf, other)), None)
        if candidate is None:
            wrong = (
                "none of the passwords given opens it" if password or candidates else "it cannot be read without one"
            )
            raise CannotOpen("password", f"{NEEDS_PASSWORD}: {wrong}.")
    try:
        mended = mend_counts(pdf)
        if pdf.page_count > 0:
            document = Document(pdf, name, options, reopen)
            document.candidate = candidate
            document.warnings += filter(None, [mended])
            return document
    except Exception as error:
        if is_shortage(error):
            raise
    if not _looks_like_pdf(file):
        raise CannotOpen("not_a_pdf", not_accepted(None, options.accept))
    raise CannotOpen("damaged", "The PDF is damaged beyond repair: no page can be found in it.")


def one_line(error: BaseException) -> str:
    """An exception as part of a sentence."""
    if is_shortage(error):
        Shortages.met = True
        return SHORTAGE
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 300 else text[:299] + "…"


def _opens(pdf: pymupdf.Document, password: str | None) -> bool:
    """Whether a password is the user's or the owner's, in whatever way its author has turned it into bytes.

    The format says how (ISO 32000-2, 7.6.4: PDFDocEncoding up to revision 4, then UTF-8), and not every author follows.
    """
    if not password:
        return False
    ways = [password]
    if not password.isascii():
        ways += [password.encode("utf-8").decode("latin-1"), unicodedata.normalize("NFC", password)]
        ways += [unicodedata.normalize("NFD", password)]
    for way in dict.fromkeys(ways):
        with contextlib.suppress(Exception):  # of text that cannot be passed on
            if pdf.authenticate(way):
                return True
    return False


def _looks_like_pdf(file: Path) -> bool:
    with file.open("rb") as stream:
        return b"%PDF-" in stream.read(1024)


def _form_fields_of(pdf: pymupdf.Document, xrefs: bool = False) -> dict[str, Any]:
    known: dict[str, Any] | None = getattr(pdf, "hotfolio_form_fields", None)
    if known is None or xrefs:
        known = dict(_extract_form_fields(pdf, xrefs=xrefs))
    return known


library_utils.extract_form_fields_with_pages = _form_fields_of
