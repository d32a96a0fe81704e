"""Pictures of whole pages: PyMuPDF renders, Pillow encodes."""

import math
import os
from pathlib import Path
from typing import Any

import pymupdf
from PIL import Image

from engine.convert.formats import tiff as tiffpages
from engine.convert.open.context import MergeContext, PageContext
from engine.convert.open.document import Document
from engine.job.formats import Format
from engine.job.snapshot import WHOLE_PAGE, Area
from engine.sandbox.protocol import PARTS

FOLDER = "pages"
THUMBNAILS = "thumbnails"

_LONGEST_SIDE: dict[str, int] = {Format.PNG: 1 << 20, Format.JPG: 65_500, Format.WEBP: 16_383, Format.TIFF: 1 << 20}
"""Pixels that the file format allows along one side (JPEG: libjpeg's limit)."""

_SAVE: dict[str, dict[str, Any]] = {
    # Level 6 costs three times the time of level 3 for 4% less.
    Format.PNG: {"format": "PNG", "compress_level": 3},
    Format.JPG: {"format": "JPEG", "quality": 85, "optimize": True},
    Format.WEBP: {"format": "WEBP", "quality": 85, "method": 4},
}


class PageImageConverter:
    """Writes `pages/0001.png`, `thumbnails/0001.webp` and the like in the batch, and joins the pages of a TIFF."""

    def convert_page(self, page: PageContext) -> None:
        """Render the page once and encode it in every picture format asked for."""
        formats = page.options.formats
        picture: _Picture | None = None
        single = [format_ for format_ in formats if format_ in _SAVE]
        if single or Format.TIFF in formats:
            picture, dpi = _full_size(page)
            for format_ in single:
                file = _made(page, page.out / FOLDER / f"{page.number:04d}.{format_}")
                picture.image.save(file, dpi=(dpi, dpi), **_SAVE[format_])
            if Format.TIFF in formats:
                tiffpages.save_page(picture.image, _made(page, _tiff_file(page.out, page.number)), dpi)
        if Format.THUMBNAILS in formats:
            file = _made(page, page.out / THUMBNAILS / f"{page.number:04d}.webp")
            size = page.options.thumbnail_size
            _fitted(page.load(), size, size, picture).save(file, **_SAVE[Format.WEBP])

    def merge(self, document: MergeContext) -> None:
        """Write `<stem>.tiff`; all else is there already."""
        if Format.TIFF not in document.options.formats:
            return
        wanted = {n: _tiff_file(document.out, n) for n in document.pages.numbers if n not in document.failed}
        file = document.out / f"{document.stem}.tiff"
        tiffpages.join_pages(wanted, file, document.on_page)
        document.files.append(file)


def thumbnail(
    document: Document, number: int, width: int, height: int, area: Area = WHOLE_PAGE
) -> tuple[int, int, bytes]:
    """A page (from 1) or a part of it, fitted into so many pixels: width, height and RGB bytes of that."""
    page = document.pdf.load_page(min(number, document.page_count) - 1)
    image = _fitted(page, width, height) if area == WHOLE_PAGE else _part(page, width, height, area)
    return image.width, image.height, image.tobytes()


def _part(page: pymupdf.Page, width: int, height: int, area: Area) -> Image.Image:
    """A part of a page, fitted into so many pixels."""
    rect, (left, top, right, bottom) = page.rect, area
    clip = pymupdf.Rect(left, top, max(right, left + 0.001), max(bottom, top + 0.001)) * pymupdf.Matrix(
        max(rect.width, 1), max(rect.height, 1)
    )
    zoom = min(width / clip.width, height / clip.height)
    size = max(1, min(width, round(clip.width * zoom))), max(1, min(height, round(clip.height * zoom)))
    clip += (rect.x0, rect.y0, rect.x0, rect.y0)
    return _Picture(page, 2 * zoom, clip).image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def dpi_within_limits(rect: pymupdf.Rect, dpi: float, max_pixels: int, longest_side: int) -> float:
    """The DPI nearest to `dpi` at which a page of this size (points) keeps to both limits (pixels)."""
    inches_wide, inches_high = max(rect.width / 72, 1e-3), max(rect.height / 72, 1e-3)
    by_area = math.sqrt(max_pixels / (inches_wide * inches_high))
    by_side = longest_side / max(inches_wide, inches_high)
    return float(min(dpi, by_area, by_side))


def _made(page: PageContext, file: Path) -> Path:
    """The file, of this page from now on."""
    file.parent.mkdir(parents=True, exist_ok=True)
    page.files.append(file)
    return file


def _tiff_file(out: Path, number: int) -> Path:
    """Where a page waits for the merge."""
    return out / os.pardir / PARTS / f"{number:04d}.tiff"


class _Picture:
    """A page as RGB pixels, which Pillow and MuPDF share: they are gone with this."""

    def __init__(self, page: pymupdf.Page, zoom: float, clip: pymupdf.Rect | None = None) -> None:
        matrix = pymupdf.Matrix(zoom, zoom)
        self._pixmap = page.get_pixmap(matrix=matrix, alpha=False, colorspace=pymupdf.csRGB, clip=clip)
        size = self._pixmap.width, self._pixmap.height
        self.image = Image.frombuffer("RGB", size, self._pixmap.samples_mv, "raw", "RGB", 0, 1)


def _full_size(page: PageContext) -> tuple[_Picture, float]:
    """The page as a picture, and its DPI, which is less than asked for where that would be too large."""
    pdf_page = page.load()
    formats = [f for f in page.options.formats if f in _LONGEST_SIDE]
    dpi = dpi_within_limits(
        pdf_page.rect, page.options.dpi, page.options.max_pixels, min(_LONGEST_SIDE[f] for f in formats)
    )
    if dpi < page.options.dpi:
        page.warnings.append(
            f"Page {page.number} is {pdf_page.rect.width / 72:.0f} by {pdf_page.rect.height / 72:.0f} inches: "
            f"rendered at {dpi:.3g} DPI instead of {page.options.dpi}."
        )
    return _Picture(pdf_page, dpi / 72), dpi


def _fitted(page: pymupdf.Page, width: int, height: int, picture: _Picture | None = None) -> Image.Image:
    """The page fitted into so many pixels; `picture`, if it is larger, saves rendering it again."""
    zoom = min(width / max(page.rect.width, 1), height / max(page.rect.height, 1))
    size = (
        max(1, min(width, round(page.rect.width * zoom))),
        max(1, min(height, round(page.rect.height * zoom))),
    )
    if picture is None or picture.image.width < size[0] or picture.image.height < size[1]:
        # At twice the size, to be scaled down, since MuPDF's own thin lines vanish at a few dozen pixels.
        picture = _Picture(page, 2 * zoom)
    return picture.image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
