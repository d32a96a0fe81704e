"""Markdown, text and JSON, all three from one reading of the page."""

from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from pymupdf4llm.helpers.document_layout import ParsedDocument
from pymupdf4llm.ocr import OCRMode

from engine.convert import layout, plaintext
from engine.convert.base import MergeContext, PageContext
from engine.convert.document import one_line
from engine.convert.pagemodel import PageModel, dump
from engine.convert.steps import DocumentStep, document_steps, page_steps
from engine.display import display_text
from engine.options import Format


class MarkupConverter:
    """Reads pages in the batch, writes the files in the merge."""

    def convert_page(self, page: PageContext) -> None:
        """Read the page; where the layout step fails, as plain text."""
        if not page.options.text_formats:
            return
        page.model = plaintext.read(page) if page.text_only else _read(page)
        for step in page_steps():
            step.apply(page.model, page.load())
        if page.options.images:
            page.files += [page.out / box.image for box in page.model.layout.boxes if isinstance(box.image, str)]
        if Format.JSON not in page.options.formats:
            page.model.layout.fulltext = None  # only JSON has it, and it is most of a checkpoint

    def preview(self, document: MergeContext, file: Path) -> int:
        """Write the Markdown of the pages there are so far, as it would be if they were all; returns how many."""
        steps = document_steps()
        pages = 0
        for model in document.pages:
            pages += 1
            for step in steps:
                step.observe(model)
        with _open(file) as stream:
            _write_markdown(document, _finished(document, steps), stream)
        return pages

    def preview_page(self, document: MergeContext, number: int, file: Path) -> int:
        """Write one page's Markdown, with the heading levels that all pages there are so far give it.

        Returns 1, or 0 without a file if the page is neither there nor among the failed ones.
        """
        steps = document_steps()
        found: PageModel | None = None
        for model in document.pages:
            for step in steps:
                step.observe(model)
            if model.number == number:
                found = model
        if found is not None:
            for step in steps:
                step.apply(found)
        elif number not in document.failed:
            return 0
        with _open(file) as stream:
            _write_markdown(document, iter([found or (number, document.failed[number])]), stream)
        return 1

    def merge(self, document: MergeContext) -> None:
        """Write the files, holding one page in memory at a time."""
        formats = document.options.text_formats
        if not formats:
            return
        steps = document_steps()
        for model in document.pages:
            for step in steps:
                step.observe(model)
        writers = {Format.MD: _write_markdown, Format.TXT: _write_text, Format.JSON: _write_json}
        for format_ in formats:
            file = document.out / f"{document.stem}.{format_}"
            with _open(file) as stream:
                # Every format starts from fresh pages: the library's renderers change the ones they are given.
                writers[format_](document, _finished(document, steps), stream)
            document.files.append(file)


def _open(file: Path) -> IO[str]:
    return file.open("w", encoding="utf-8", errors="replace", newline="")


def _read(page: PageContext) -> PageModel:
    """The page by the layout model, giving up on no more than has to be: OCR, then pictures, then the structure."""
    images, has_ocr = page.options.images, page.document.ocr.is_used
    attempts: list[tuple[bool, bool, str | None]] = [(images, has_ocr, None)]
    if has_ocr:
        attempts.append((images, False, "Read without OCR, which failed"))
    if images:
        attempts.append((False, False, "Its pictures are missing: they could not be rendered"))
    problem = ""
    for with_images, with_ocr, consequence in attempts:
        try:
            model = layout.read(page, images=with_images, ocr=with_ocr)
        except Exception as error:  # noqa: BLE001 - the library may raise anything on a bad page
            problem = problem or one_line(error)
            continue
        if consequence is not None:
            page.error = f"{consequence} ({problem})."
        return model
    model = plaintext.read(page)
    page.error = f"Only plain text: the layout step failed ({problem})."
    return model


def _finished(document: MergeContext, steps: list[DocumentStep]) -> Iterator[PageModel | tuple[int, str]]:
    """The pages as they are to be written; for a failed one, its number and the reason."""
    failed = sorted(document.failed.items())
    for model in document.pages:
        while failed and failed[0][0] < model.number:
            yield failed.pop(0)
        for step in steps:
            step.apply(model)
        yield model
    yield from failed


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


def _write_markdown(document: MergeContext, pages: Iterator[Any], stream: IO[str]) -> None:
    parsed = _parsed(document)
    for page in pages:
        if isinstance(page, tuple):
            number, text = page[0], f"<!-- {_missing(*page).replace('--', '- -')} -->\n\n"
        else:
            parsed.pages = [page.layout]
            number = page.number
            text = parsed.to_markdown(
                header=document.options.page_header,
                footer=document.options.page_footer,
                write_images=document.options.images,
            )
        stream.write(text)
        document.page_sizes[number] = len(text.encode("utf-8", "replace"))  # as `_open` has it written


def _write_text(document: MergeContext, pages: Iterator[Any], stream: IO[str]) -> None:
    parsed = _parsed(document)
    for page in pages:
        if isinstance(page, tuple):
            stream.write(f"[{_missing(*page)}]\n\n")
            continue
        parsed.pages = [page.layout]
        stream.write(parsed.to_text(header=document.options.page_header, footer=document.options.page_footer))


def _write_json(document: MergeContext, pages: Iterator[Any], stream: IO[str]) -> None:
    before, after = _parsed(document).to_json().split('"pages": []', 1)
    stream.write(f'{before}"pages": [')
    separator = ""
    for page in pages:
        if isinstance(page, tuple):
            continue
        stream.write(separator + dump(page.layout))
        separator = ", "
    stream.write(f"]{after}")


def _missing(number: int, reason: str) -> str:
    return display_text(f"Page {number} could not be converted: {reason}")
