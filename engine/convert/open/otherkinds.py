"""Turns documents that are no PDFs into one, so that everything else has to do with PDFs alone."""

import contextlib
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pymupdf

from engine.base.disk import fsync_path
from engine.convert.open.document import CannotOpen, one_line
from engine.convert.open.frompictures import LARGEST_PAGE, PICTURES, add_pictures
from engine.job.kinds import HEAD, kind_of, label, not_accepted, office_file
from engine.job.options import OFFICE, DocumentKind
from engine.sandbox.protocol import CONVERTED, SOURCE

_WARNINGS = Path(CONVERTED).with_suffix(".json")
_PAGE = {"width": 595.0, "height": 842.0, "fontsize": 11.0}
"""The page that flowing text is set on: A4, as most PDFs are, with text as most of them have it."""
_MOST_WARNINGS = 100
_ALGORITHM = re.compile(rb"""EncryptionMethod\s+Algorithm\s*=\s*["']([^"']*)["']""")
_FOR_FONTS = frozenset({b"http://www.idpf.org/2008/embedding", b"http://ns.adobe.com/pdf/enc#RC"})
"""Ways to disguise fonts, which leave the text as it is."""
_MOST_ENCRYPTION = 4 << 20


def working_copy() -> Path:
    """What is to be opened in the working directory, a job's folder: the PDF made of the document, or itself."""
    converted = Path(CONVERTED)
    return converted if converted.exists() else Path(SOURCE)


def kind_to_open(file: Path, name: str, accept: tuple[DocumentKind, ...]) -> DocumentKind:
    """What a file is to be opened as; raises `CannotOpen` with a sentence if that is not accepted."""
    with file.open("rb") as stream:
        head = stream.read(HEAD)
    if not head:
        raise CannotOpen("not_a_pdf", "The file is empty.")
    kind = kind_of(name, head)
    if kind not in accept and (why := office_file(name, head)):
        raise CannotOpen("not_accepted", why)
    if kind is None and DocumentKind.PDF in accept:
        return DocumentKind.PDF  # MuPDF also opens one that has lost its beginning
    if kind is None:
        raise CannotOpen("not_a_pdf", not_accepted(kind, accept))
    if kind not in accept:
        raise CannotOpen("not_accepted", not_accepted(kind, accept))
    return kind


def make_pdf(name: str, accept: tuple[DocumentKind, ...], on_page: Callable[[int], None]) -> list[str]:
    """If the staged document is no PDF, write it as one beside it, unless that is done; returns warnings. Durable.

    `on_page` hears how many pages have been laid out or written, as a sign of life. Raises `CannotOpen`.
    """
    done, file = Path(CONVERTED), Path(SOURCE)
    kind = kind_to_open(file, name, accept)
    if kind is DocumentKind.PDF:
        return []
    if done.exists():
        return _kept_warnings()
    if kind in OFFICE:  # which is done before the process is held to the document, or not at all
        raise CannotOpen("damaged", f"No PDF has been made of the {label(kind)}.")
    part = done.with_suffix(".part")
    if kind in PICTURES or kind is DocumentKind.CBZ:
        with pymupdf.open() as pdf:
            warnings = add_pictures(pdf, file, kind, on_page)
            pdf.save(str(part), deflate=True)
    else:
        warnings = _write_document(part, file, kind, on_page)
    warnings = warnings[:_MOST_WARNINGS]
    _WARNINGS.write_text(json.dumps(warnings), encoding="utf-8")
    fsync_path(_WARNINGS)
    fsync_path(part)
    part.replace(done)
    fsync_path(Path())
    return warnings


def _kept_warnings() -> list[str]:
    try:
        return [str(warning) for warning in json.loads(_WARNINGS.read_text(encoding="utf-8"))]
    except (OSError, ValueError):
        return []


def single_page(file: Path, kind: DocumentKind, page: int) -> pymupdf.Document:
    """One page (from 1) of a document that is no PDF, or its last, as a PDF; raises `CannotOpen`."""
    if kind in OFFICE:
        raise CannotOpen("not_accepted", f"The pages of a {label(kind)} can be seen while it is converted.")
    pdf = pymupdf.open()
    if kind in PICTURES or kind is DocumentKind.CBZ:
        add_pictures(pdf, file, kind, lambda _: None, only=page)
        return pdf
    with _opened(file, kind) as document:
        stream = io.BytesIO()
        _write_pages(stream, [document[min(page, document.page_count) - 1]])
        return pymupdf.open(stream=stream.getvalue(), filetype="pdf")


@contextlib.contextmanager
def _opened(file: Path, kind: DocumentKind) -> Iterator[pymupdf.Document]:
    """The document as MuPDF has it; what goes wrong with it is a sentence."""
    if kind is DocumentKind.EPUB and _is_locked(file):
        raise CannotOpen("damaged", "The EPUB is locked by its publisher (DRM) and cannot be read.")
    try:
        with pymupdf.open(str(file), filetype=str(kind)) as document:
            if document.is_reflowable:
                document.layout(**_PAGE)
            yield document
    except (CannotOpen, OSError, MemoryError):
        raise
    except Exception as error:
        print(one_line(error))  # to the job's log
        raise CannotOpen("damaged", f"The {label(kind)} is damaged beyond repair.") from error


def _is_locked(epub: Path) -> bool:
    """Whether more of a book than its fonts is encrypted: MuPDF would make pages of what it takes for text."""
    try:
        with zipfile.ZipFile(epub) as archive, archive.open("META-INF/encryption.xml") as stream:
            ways = _ALGORITHM.findall(stream.read(_MOST_ENCRYPTION))
    except Exception:  # noqa: BLE001 - nothing is encrypted, or the archive is damaged, which is told elsewhere
        return False
    return not _FOR_FONTS.issuperset(ways)


def _write_document(part: Path, file: Path, kind: DocumentKind, on_page: Callable[[int], None]) -> list[str]:
    warnings: list[str] = []
    with _opened(file, kind) as document:
        count = 0
        for chapter in range(document.chapter_count):
            count += document.chapter_page_count(chapter)
            on_page(max(count, 1))
        if not count:
            raise CannotOpen("damaged", f"The {label(kind)} is damaged beyond repair: no page can be found in it.")
        _write_pages(str(part), _told(document, on_page))
        with pymupdf.open(str(part), filetype="pdf") as pdf:
            try:
                _add_links(pdf, _told(document, on_page))
                pdf.set_toc(_outline(document.get_toc(simple=True), count))
                known = document.metadata or {}
                kept = {key: known[key] for key in ("title", "author", "subject", "keywords") if known.get(key)}
                pdf.set_metadata(kept)
            except Exception as error:  # noqa: BLE001 - the text is worth more than what leads to it
                warnings.append(f"Links or outline are missing: {one_line(error)}.")
            pdf.save(str(part), incremental=True, encryption=pymupdf.PDF_ENCRYPT_KEEP)
    return warnings


def _told(document: pymupdf.Document, on_page: Callable[[int], None]) -> Iterator[pymupdf.Page]:
    for page in document:
        on_page(page.number + 1)
        yield page


def _write_pages(target: str | io.BytesIO, pages: Iterable[pymupdf.Page]) -> None:
    """Write pages as a PDF. `Document.convert_to_pdf` fails where a range of pages does not begin with the first."""
    writer = pymupdf.DocumentWriter(target, "compress")
    for page in pages:
        scale = _scale_of(page)
        device = writer.begin_page(pymupdf.Rect(*(edge * scale for edge in page.rect)))
        matrix = pymupdf.mupdf.FzMatrix(scale, 0, 0, scale, 0, 0)
        pymupdf.mupdf.fz_run_page(page.this, device.this, matrix, pymupdf.mupdf.FzCookie())
        writer.end_page()
    writer.close()


def _scale_of(page: pymupdf.Page) -> float:
    """What brings a page to a size that PDF has pages of."""
    return float(min(1.0, LARGEST_PAGE / max(page.rect.width, page.rect.height, 1)))


def _add_links(pdf: pymupdf.Document, pages: Iterable[pymupdf.Page]) -> None:
    for page in pages:
        for link in page.get_links():
            leads_inside = link["kind"] == pymupdf.LINK_GOTO and 0 <= link["page"] < pdf.page_count
            if leads_inside or link["kind"] == pymupdf.LINK_URI:
                scale = _scale_of(page)
                pdf[page.number].insert_link({**link, "from": link["from"] * pymupdf.Matrix(scale, scale)})


def _outline(entries: list[list[Any]], count: int) -> list[list[Any]]:
    """An outline that PDF takes: it begins on the first level, and skips none on the way down."""
    outline: list[list[Any]] = []
    for level, title, page, *_ in entries:
        deepest = outline[-1][0] + 1 if outline else 1
        outline.append([max(1, min(level, deepest)), title, page if 1 <= page <= count else -1])
    return outline
