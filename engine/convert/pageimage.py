"""Pictures of whole pages: PyMuPDF renders, Pillow encodes."""

import math
from typing import Any

import pymupdf
from PIL import Image

from engine.convert.base import MergeContext, PageContext
from engine.convert.document import Document
from engine.options import Format

FOLDER = "pages"

_LONGEST_SIDE = {Format.PNG: 1 << 20, Format.JPG: 65_500, Format.WEBP: 16_383}
"""Pixels that the file format allows along one side (JPEG: libjpeg's limit)."""

_SAVE: dict[Format, dict[str, Any]] = {
    # Level 6 costs three times the time of level 3 for 4% less.
    Format.PNG: {"format": "PNG", "compress_level": 3},
    Format.JPG: {"format": "JPEG", "quality": 85, "optimize": True},
    Format.WEBP: {"format": "WEBP", "quality": 85, "method": 4},
}


class PageImageConverter:
    """Writes `pages/0001.png` and the like, in the batch; nothing is left for the merge."""

    def convert_page(self, page: PageContext) -> None:
        """Render the page once and encode it in every picture format asked for."""
        formats = page.options.image_formats
        if not formats:
            return
        pdf_page = page.load()
        dpi = dpi_within_limits(
            pdf_page.rect, page.options.dpi, page.options.max_pixels, min(_LONGEST_SIDE[f] for f in formats)
        )
        if dpi < page.options.dpi:
            page.warnings.append(
                f"Page {page.number} is {pdf_page.rect.width / 72:.0f} by {pdf_page.rect.height / 72:.0f} inches: "
                f"rendered at {dpi:.3g} DPI instead of {page.options.dpi}."
            )
        zoom = dpi / 72
        pixmap = pdf_page.get_pixmap(matrix=pymupdf.Matrix(zoom, zoom), alpha=False)
        pixmap.set_dpi(round(dpi) or 1, round(dpi) or 1)
        mode = {1: "L", 3: "RGB", 4: "CMYK"}[pixmap.n]
        image = Image.frombuffer(mode, (pixmap.width, pixmap.height), pixmap.samples_mv, "raw", mode, 0, 1)
        folder = page.out / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        for format_ in formats:
            file = folder / f"{page.number:04d}.{format_}"
            image.save(file, dpi=(dpi, dpi), **_SAVE[format_])
            page.files.append(file)

    def merge(self, document: MergeContext) -> None:
        """Nothing: the pages are the result."""


def thumbnail(document: Document, number: int, width: int, height: int) -> tuple[int, int, bytes]:
    """A page (from 1) fitted into so many pixels: the picture's width and height, and its RGB bytes."""
    page = document.pdf.load_page(min(number, document.page_count) - 1)
    # Rendered at twice the size and scaled down, since MuPDF's own thin lines vanish at a few dozen pixels.
    zoom = 2 * min(width / max(page.rect.width, 1), height / max(page.rect.height, 1))
    pixmap = page.get_pixmap(matrix=pymupdf.Matrix(zoom, zoom), alpha=False, colorspace=pymupdf.csRGB)
    image = Image.frombuffer("RGB", (pixmap.width, pixmap.height), pixmap.samples_mv, "raw", "RGB", 0, 1)
    size = (max(1, min(width, pixmap.width // 2)), max(1, min(height, pixmap.height // 2)))
    return (*size, image.resize(size, Image.Resampling.LANCZOS).tobytes())


def dpi_within_limits(rect: pymupdf.Rect, dpi: float, max_pixels: int, longest_side: int) -> float:
    """The DPI nearest to `dpi` at which a page of this size (points) keeps to both limits (pixels)."""
    inches_wide, inches_high = max(rect.width / 72, 1e-3), max(rect.height / 72, 1e-3)
    by_area = math.sqrt(max_pixels / (inches_wide * inches_high))
    by_side = longest_side / max(inches_wide, inches_high)
    return float(min(dpi, by_area, by_side))
