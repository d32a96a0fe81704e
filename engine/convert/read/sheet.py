"""What a page is laid out on: the page itself, or an upright copy of it with the words that OCR has read.

The layout model looks at a page's picture and at its text, and takes for granted that both are upright. So a page that
OCR has read is copied into a document of its own; where its text turned out to run another way than the page, by
quarter turns or askew, the copy's content is turned about, and that of a poster made smaller: drawings and pictures
keep their resolution, and pictures cut out of the copy are upright too. The words then go on top. The document itself
stays as it was, which the other converters of the page count on. What is found on the copy is mapped back in the end:
boxes of a refined page are always those of the page as it is shown. An unrefined page has the size and the boxes of the
copy, as the library has them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pymupdf
from pymupdf import mupdf

from engine.convert.ocr.engines.ocrengine import Corners
from engine.convert.ocr.scan import Raster, box_around, moved, upright
from engine.convert.page.blocks import Box, RefinedPage
from engine.convert.sight.bearing import quarter_turn
from engine.convert.text.formfields import Field
from engine.convert.text.hiding import NOTHING_HIDDEN, Hiding
from engine.convert.text.linktargets import link_targets
from engine.convert.text.pagetext import PageText

_OF_PARTS = 50
"""Pictures of a part of a page are counted from here: the rest of the page has fewer."""
_IDENTITY = (1, 0, 0, 1, 0, 0)


@dataclass
class Sheet:
    """One page to be laid out."""

    pdf: pymupdf.Document
    index: int
    """Of the page in it, from 0."""
    original: pymupdf.Page
    turn: pymupdf.Matrix = field(default_factory=lambda: pymupdf.Matrix(1, 1))
    """From the page as it is shown to this one."""
    turned: int = 0
    """How many quarters of that there are, with the clock, in degrees."""
    first_picture: int = 0
    """What the pictures on it are counted from."""

    @property
    def is_copy(self) -> bool:
        """Whether it is in a document of its own."""
        return self.pdf is not self.original.parent

    def load(self) -> pymupdf.Page:
        """The page to be laid out."""
        return self.pdf.load_page(self.index)

    def text(
        self, hiding: Hiding = NOTHING_HIDDEN, fields: Sequence[Field] = (), *, by_spans: bool = False
    ) -> PageText:
        """What is on it, with the links of the page it stands for; `hiding` knows what cannot be seen there.

        `fields` are those of a form that are hidden there. For `by_spans` see `PageText.of`.
        """
        if not self.is_copy:
            return PageText.of(self.load(), hiding=hiding, fields=fields, by_spans=by_spans)
        targets = [(self._turned(box, self.turn), target) for box, target in link_targets(self.original)]
        moved = self.original.rotation_matrix * self.turn
        fields = [field.moved(moved) for field in fields]
        return PageText.of(self.load(), targets, hiding=hiding.moved(moved), fields=fields, by_spans=by_spans)

    def map_back(self, page: RefinedPage) -> None:
        """Give boxes their place on the page itself, by quarters turned upright."""
        page.turned = self.turned
        if tuple(self.turn) == _IDENTITY:
            return
        rect = self.original.rect
        page.width, page.height = rect.width, rect.height
        if self.turned in (90, 270):
            page.width, page.height = page.height, page.width
        scale = math.hypot(self.turn.a, self.turn.b)
        back = ~self.turn * quarter_turn(rect.width, rect.height, self.turned)
        for block in page.blocks:
            block.box = self._turned(block.box, back)
            block.size = round(block.size / scale, 1)

    def close(self) -> None:
        """Let go of the copy, if it is one."""
        if self.is_copy:
            self.pdf.close()

    @staticmethod
    def _turned(box: Box, matrix: pymupdf.Matrix) -> Box:
        x0, y0, x1, y1 = box
        return box_around(moved(np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)]), matrix))


def upright_copy(page: pymupdf.Page, angle: float, drop: Sequence[Box]) -> Sheet:
    """A copy of a page whose text is turned by an angle (degrees, with the clock), without the text in some boxes."""
    turn, width, height = upright(page.rect, angle)
    pdf = _one_page(page)
    copy = pdf[0]
    if drop:
        _remove_text(copy, drop)
        copy = pdf.reload_page(copy)
    shown = _to_shown(copy)
    if tuple(turn) != _IDENTITY or tuple(shown) != (1, 0, 0, -1, 0, copy.rect.height):
        if copy.first_annot is not None or copy.first_widget is not None:
            pdf.bake()  # what is not content would not be turned
            copy = pdf.reload_page(copy)
        _turn(copy, shown, turn, width, height)
    return Sheet(pdf, 0, page, turn, _quarters(angle))


def part_copy(page: pymupdf.Page, frame: Box, angle: int, others: Sequence[Box]) -> Sheet:
    """A copy of a page with nothing on it but what is in a frame, turned by an angle; `others` is text beyond that.

    It is as large as the page, since the layout model has learnt from pages. Boxes are mapped back onto the page.
    """
    turn, width, height = upright(page.rect, angle)
    pdf = _one_page(page)
    copy = pdf[0]
    if others:
        _remove_text(copy, others)
        copy = pdf.reload_page(copy)
    if copy.first_annot is not None or copy.first_widget is not None:
        pdf.bake()
        copy = pdf.reload_page(copy)
    _turn(copy, _to_shown(copy), turn, width, height, pymupdf.Rect(frame))
    return Sheet(pdf, 0, page, turn, first_picture=_OF_PARTS)


def raster_copy(page: pymupdf.Page, raster: Raster, angle: float) -> Sheet:
    """The same as a picture, of a page that cannot be copied."""
    turn, width, height = upright(page.rect, angle)
    pdf = pymupdf.open()
    copy = pdf.new_page(width=page.rect.width, height=page.rect.height)
    rows, columns = raster.pixels.shape[:2]
    copy.insert_image(copy.rect, pixmap=pymupdf.Pixmap(pymupdf.csRGB, columns, rows, raster.pixels.tobytes(), False))
    copy = pdf.reload_page(copy)
    _turn(copy, _to_shown(copy), turn, width, height)
    return Sheet(pdf, 0, page, turn, _quarters(angle))


def _quarters(angle: float) -> int:
    return 90 * round(angle / 90) % 360


def _one_page(page: pymupdf.Page) -> pymupdf.Document:
    document = page.parent
    if not document.is_pdf:
        data = document.convert_to_pdf(from_page=page.number, to_page=page.number)
        return pymupdf.open(stream=data, filetype="pdf")
    pdf = pymupdf.open()
    pdf.insert_pdf(document, from_page=page.number, to_page=page.number)
    return pdf


def _to_shown(page: pymupdf.Page) -> pymupdf.Matrix:
    """From the coordinates of a PDF page's content to the page as it is shown, turned and cropped."""
    box, matrix = mupdf.FzRect(), mupdf.FzMatrix()
    mupdf.pdf_page_transform(mupdf.pdf_page_from_fz_page(page.this), box, matrix)
    return pymupdf.Matrix(matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f)


def _turn(
    page: pymupdf.Page,
    shown: pymupdf.Matrix,
    turn: pymupdf.Matrix,
    width: float,
    height: float,
    part: pymupdf.Rect | None = None,
) -> None:
    """Make a page's content lie as it is shown and turned, on a page of this size without rotation or margins.

    Only what is in a part of it can be seen then, if one is given.
    """
    document = page.parent
    matrix = shown * turn * pymupdf.Matrix(1, 0, 0, -1, 0, height)
    rect = page.rect if part is None else part
    corners: Corners = moved(np.array([rect.tl, rect.tr, rect.br, rect.bl], np.float64), ~shown)
    x0, y0, x1, y1 = box_around(corners)
    numbers = " ".join(f"{value:.6f}" for value in matrix)
    # What is outside the page as it is shown must not come into view.
    before = f"q {numbers} cm {x0:.3f} {y0:.3f} {x1 - x0:.3f} {y1 - y0:.3f} re W n q\n"
    streams = []
    for text in (before, "\nQ Q\n"):
        xref = document.get_new_xref()
        document.update_object(xref, "<<>>")
        document.update_stream(xref, text.encode("ascii"))
        streams.append(xref)
    contents = [streams[0], *page.get_contents(), streams[1]]
    document.xref_set_key(page.xref, "Contents", "[" + " ".join(f"{xref} 0 R" for xref in contents) + "]")
    for key in ("CropBox", "BleedBox", "TrimBox", "ArtBox", "UserUnit", "Rotate"):
        document.xref_set_key(page.xref, key, "null")
    document.xref_set_key(page.xref, "MediaBox", f"[0 0 {width:.3f} {height:.3f}]")


def _remove_text(page: pymupdf.Page, boxes: Sequence[Box]) -> None:
    """Take text out of a page, and nothing else."""
    rotation, back = page.rotation, page.derotation_matrix
    page.set_rotation(0)
    for box in boxes:
        # A little smaller, or what only touches it would go too.
        x0, y0, x1, y1 = box
        rect = pymupdf.Rect(x0 + 0.3, y0 + 0.2 * (y1 - y0), x1 - 0.3, y1 - 0.2 * (y1 - y0))
        page.add_redact_annot((pymupdf.Rect(box) if rect.is_empty else rect) * back, cross_out=False, fill=False)
    page.apply_redactions(
        images=pymupdf.PDF_REDACT_IMAGE_NONE,
        graphics=pymupdf.PDF_REDACT_LINE_ART_NONE,
        text=pymupdf.PDF_REDACT_TEXT_REMOVE,
    )
    page.set_rotation(rotation)
