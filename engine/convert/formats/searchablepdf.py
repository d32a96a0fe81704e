"""The searchable PDF: the document as it is, with invisible text on the pages that OCR has read.

Each page's text is made in its batch, as a small file outside the folder that is published. The merge adds these to
the document by an incremental update (PDF 32000-1, 7.5.6), which leaves every byte of it in place, and with them its
encryption, tags, forms, attachments and whatever else there is. Only a document that had to be repaired, or of which
not all pages are wanted, is written anew.
"""

import json
import os
import shutil
from dataclasses import asdict
from pathlib import Path

import pymupdf
from pymupdf import mupdf

from engine.convert.formats.pdfpages import PdfPages
from engine.convert.formats.textlayer import TextLayer, text_layer
from engine.convert.open.context import MergeContext, OcrWord, PageContext
from engine.convert.open.document import Document, one_line
from engine.job.formats import Format
from engine.sandbox.protocol import PARTS

_PROBE = 1 << 20
_COVERED = 0.5
"""So much of a page's older invisible text must lie where OCR has read text, for the new to take its place."""


class SearchablePdfConverter:
    """Makes the invisible text of a page in the batch, and the document in the merge."""

    def convert_page(self, page: PageContext) -> None:
        """Write down the text that OCR has read on the page, if it has."""
        if Format.PDF not in page.options.formats:
            return
        file = _layer_file(page.out, page.number)
        file.unlink(missing_ok=True)  # of an earlier attempt
        if not page.ocr_words:
            return
        shown = page.document.pristine.load_page(page.number - 1)
        visible, hidden = _existing_text(shown)
        words = [word for word in page.ocr_words if not _is_said(word, visible)]
        layer = text_layer(words, PdfPages.font_name(page.number))
        if layer is None:
            return
        replaces = bool(hidden) and _covered(hidden, layer) >= _COVERED * len(hidden)
        file.write_text(json.dumps({**asdict(layer), "replaces": replaces}), encoding="utf-8")
        page.files.append(file)

    def merge(self, document: MergeContext) -> None:
        """Write `<stem>.pdf`; where nothing was read by OCR it is the source, byte for byte.

        Where text cannot be added it is a plain copy, and where pages cannot be selected there is none.
        """
        if Format.PDF not in document.options.formats:
            return
        file = document.out / f"{document.stem}.pdf"
        source = document.open()
        try:
            wanted = _wanted_pages(source, document)
            all_wanted = len(wanted) == source.page_count  # asked before pages are taken out of it
            try:
                _write(source, document, file, wanted)
            except OSError:
                raise  # the disk, not the document
            except Exception as error:  # noqa: BLE001 - the library may raise anything on a bad document
                if not all_wanted:  # a copy would have pages that nobody has asked for
                    file.unlink(missing_ok=True)
                    document.warnings.append(
                        "The PDF is missing: the selected pages could not be taken out of the document "
                        f"({one_line(error)})."
                    )
                    return
                document.warnings.append(
                    f"The PDF is a plain copy of the source: no text could be added to it ({one_line(error)})."
                )
                shutil.copyfile(source.file, file)
        finally:
            source.close()
        document.files.append(file)


def _wanted_pages(source: Document, document: MergeContext) -> list[int]:
    return sorted(n for n in {*document.pages.numbers, *document.failed} if n <= source.page_count)


def _write(source: Document, document: MergeContext, file: Path, wanted: list[int]) -> None:
    layers = {n: path for n in wanted if n not in document.failed and (path := _layer_file(document.out, n)).exists()}
    all_wanted = len(wanted) == source.page_count
    is_repaired = bool(source.pdf.is_repaired)
    if all_wanted and not layers and not is_repaired:
        shutil.copyfile(source.file, file)
        return
    pages = PdfPages(source.pdf)
    is_signed = pages.is_signed()
    doubled: list[int] = []
    for number, path in layers.items():
        layer = json.loads(path.read_text(encoding="utf-8"))
        pages.add_text(number, layer["content"], layer["beyond"])
        if layer["replaces"] and not pages.strip_hidden_text(number):
            doubled.append(number)
        document.on_page(number)
    if not all_wanted:
        pages.keep(wanted)
    # What is broken may show only once it is read.
    is_whole = all_wanted and not is_repaired and pages.can_be_updated
    if is_whole:
        shutil.copyfile(source.file, file)
    else:
        file.unlink(missing_ok=True)
    _save(pages, file, update=is_whole, room=sum(path.stat().st_size for path in layers.values()))
    document.warnings += _remarks(document, is_signed, not is_whole and all_wanted, doubled)


def _save(pages: PdfPages, file: Path, *, update: bool, room: int) -> None:
    """Save, and find out whether that has worked: MuPDF does not always say when the disk is full."""
    try:
        pages.save(file, update=update)
        _check_end(file)
    except Exception:
        with file.open("ab", buffering=0) as stream:  # which raises `OSError` if the disk is to blame
            stream.write(bytes(_PROBE + room))
            os.fsync(stream.fileno())
        raise


def _check_end(file: Path) -> None:
    with file.open("rb") as stream:
        stream.seek(max(0, file.stat().st_size - 64))
        if b"%%EOF" not in stream.read(64):
            raise RuntimeError("it was not written to its end")


def _remarks(document: MergeContext, is_signed: bool, is_rewritten: bool, doubled: list[int]) -> list[str]:
    remarks = []
    if is_signed:
        remarks.append(
            "The document is signed: programs that check signatures will say that the searchable PDF was changed."
        )
    if is_rewritten:
        remarks.append("The document is damaged: the searchable PDF is written anew from what could be read of it.")
    if doubled:
        shown = ", ".join(map(str, doubled[:10])) + (", …" if len(doubled) > 10 else "")
        remarks.append(f"Older invisible text could not be removed, and is found as well: page {shown}.")
    return remarks


def _layer_file(out: Path, number: int) -> Path:
    return out / os.pardir / PARTS / f"{number:04d}.json"


_Span = tuple[pymupdf.Rect, str]


def _existing_text(page: pymupdf.Page) -> tuple[list[_Span], list[_Span]]:
    """The page's own text as boxes on the page as it is shown, and letters: what is visible, and what is not."""
    visible: list[_Span] = []
    hidden: list[_Span] = []
    flags = pymupdf.TEXT_ACCURATE_BBOXES | pymupdf.TEXT_PRESERVE_WHITESPACE
    for block in page.get_text("dict", flags=flags)["blocks"]:
        for line in block.get("lines", ()):
            for span in line["spans"]:
                text = _letters(span["text"])
                drawn = span["char_flags"] & (mupdf.FZ_STEXT_FILLED | mupdf.FZ_STEXT_STROKED)
                if text:
                    is_visible = drawn or span["alpha"]
                    box = pymupdf.Rect(span["bbox"]) * page.rotation_matrix  # PyMuPDF reads text as if unturned
                    (visible if is_visible else hidden).append((box, text))
    return visible, hidden


def _letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def _is_said(word: OcrWord, visible: list[_Span]) -> bool:
    """Whether the page itself has this word in this place."""
    center = pymupdf.Point(sum(word.quad[::2]) / 4, sum(word.quad[1::2]) / 4)
    text = _letters(word.text)
    return bool(text) and any(center in box and text in said for box, said in visible)


def _covered(hidden: list[_Span], layer: TextLayer) -> int:
    """How many pieces of older text lie on lines of the new."""
    boxes = [pymupdf.Rect(line) for line in layer.lines]
    centers = [(box.tl + box.br) / 2 for box, _ in hidden]
    return sum(any(center in box for box in boxes) for center in centers)
