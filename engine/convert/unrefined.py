"""Writes a document that is not to be refined: exactly as the library itself would."""

from typing import IO

from pymupdf4llm.helpers.document_layout import ParsedDocument
from pymupdf4llm.ocr import OCRMode

from engine.convert import layout
from engine.convert.base import MergeContext, Pages, missing, missing_in_markdown
from engine.convert.pagemodel import dump


def _parsed(document: MergeContext) -> ParsedDocument:
    """The library's document, without pages, with its attributes in the order the library sets them."""
    head = document.head
    parsed = ParsedDocument()
    parsed.filename = head["filename"]
    parsed.toc = head["toc"]
    parsed.page_count = head["page_count"]
    parsed.metadata = head["metadata"]
    parsed.form_fields = head["form_fields"]
    parsed.image_dpi = document.options.dpi
    parsed.image_format = "png"
    parsed.image_path = layout.IMAGE_FOLDER if document.options.images else ""
    parsed.pages = []
    parsed.force_text = True
    parsed.embed_images = False
    parsed.write_images = document.options.images
    parsed.use_ocr = OCRMode(head["use_ocr"])
    return parsed


def write_markdown(document: MergeContext, pages: Pages, stream: IO[str]) -> None:
    """The document as Markdown; notes how many bytes each page has come to."""
    parsed = _parsed(document)
    for page in pages:
        if isinstance(page, tuple):
            number, text = page[0], missing_in_markdown(*page)
        else:
            parsed.pages = [page.unrefined]
            number = page.number
            text = parsed.to_markdown(
                header=document.options.page_header,
                footer=document.options.page_footer,
                write_images=document.options.images,
            )
        stream.write(text)
        document.page_sizes[number] = len(text.encode("utf-8", "replace"))  # as `_open` has it written


def write_text(document: MergeContext, pages: Pages, stream: IO[str]) -> None:
    """The document as plain text."""
    parsed = _parsed(document)
    for page in pages:
        if isinstance(page, tuple):
            stream.write(f"[{missing(*page)}]\n\n")
            continue
        parsed.pages = [page.unrefined]
        stream.write(parsed.to_text(header=document.options.page_header, footer=document.options.page_footer))


def write_json(document: MergeContext, pages: Pages, stream: IO[str]) -> None:
    """The document as JSON."""
    before, after = _parsed(document).to_json().split('"pages": []', 1)
    stream.write(f'{before}"pages": [')
    separator = ""
    for page in pages:
        if isinstance(page, tuple):
            continue
        stream.write(separator + dump(page.unrefined))
        separator = ", "
    stream.write(f"]{after}")
