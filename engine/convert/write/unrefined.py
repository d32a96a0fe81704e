"""Writes a document that is not to be refined: exactly as the library itself would."""

from pymupdf4llm.helpers.document_layout import ParsedDocument
from pymupdf4llm.ocr import OCRMode

from engine.convert.open.context import MergeContext, Writer, missing_in_markdown, missing_in_text
from engine.convert.page.pagemodel import PageModel, dump
from engine.convert.read import bylayout as layout


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


class MarkdownFile(Writer):
    """The document as Markdown. Changes the pages it is given."""

    def __init__(self, document: MergeContext) -> None:
        self._parsed = _parsed(document)
        self._options = document.options

    def page(self, model: PageModel) -> str:
        """The page's Markdown."""
        self._parsed.pages = [model.unrefined]
        options = self._options
        return str(
            self._parsed.to_markdown(
                header=options.page_header, footer=options.page_footer, write_images=options.images
            )
        )

    def missing(self, number: int, reason: str) -> str:
        """A comment."""
        return missing_in_markdown(number, reason)


class TextFile(Writer):
    """The document as plain text. Changes the pages it is given."""

    def __init__(self, document: MergeContext) -> None:
        self._parsed = _parsed(document)
        self._options = document.options

    def page(self, model: PageModel) -> str:
        """The page's text."""
        self._parsed.pages = [model.unrefined]
        return str(self._parsed.to_text(header=self._options.page_header, footer=self._options.page_footer))

    def missing(self, number: int, reason: str) -> str:
        """A line that says why."""
        return missing_in_text(number, reason)


class JsonFile(Writer):
    """The document as JSON."""

    def __init__(self, document: MergeContext) -> None:
        self._before, self._after = _parsed(document).to_json().split('"pages": []', 1)
        self._separator = ""

    def begin(self) -> str:
        """What concerns the document as a whole and stands before its pages."""
        return f'{self._before}"pages": ['

    def page(self, model: PageModel) -> str:
        """The page's boxes."""
        separator, self._separator = self._separator, ", "
        return separator + dump(model.unrefined)

    def end(self) -> str:
        """The end of the list of pages, and what stands after it."""
        return f"]{self._after}"
