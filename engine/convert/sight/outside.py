"""Counts the text that lies beyond the part of a page that is shown, and is left out: what a crop has cut away."""

from typing import Any

import pymupdf

from engine.convert.sight.unseen import LOOK, look_at

_SLACK = 1.0
"""In points: crops that are so little smaller than the page cut nothing away."""


def look_and_count(page: pymupdf.Page) -> tuple[list[dict[str, Any]], int]:
    """What is on a page, as `look_at` says, and how many characters, without blanks, lie outside its shown part.

    Both are told by one call of MuPDF's unless a line crosses the edge of what is shown.
    """
    if not _is_cropped(page):
        return look_at(page), 0
    if page.rotation:
        return look_at(page), count_outside(page)
    x0, y0, x1, y1 = page.rect
    flags = LOOK & ~pymupdf.TEXT_MEDIABOX_CLIP
    blocks: list[dict[str, Any]] = page.get_text("dict", flags=flags, clip=pymupdf.INFINITE_RECT())["blocks"]
    inside: list[dict[str, Any]] = []
    count = 0
    for block in blocks:
        lines = []
        for line in block.get("lines", ()):
            left, top, right, bottom = line["bbox"]
            if left >= x0 and top >= y0 and right <= x1 and bottom <= y1:
                lines.append(line)
            elif left < x1 and right > x0 and top < y1 and bottom > y0:
                return look_at(page), count_outside(page)
            else:
                count += sum(len("".join(span["text"].split())) for span in line["spans"])
        if "lines" not in block:
            inside.append(block)
        elif lines:
            inside.append({**block, "lines": lines})
    return inside, count


def count_outside(page: pymupdf.Page) -> int:
    """How many characters, without blanks, lie outside the shown part of a page; 3 ms of a page that is cropped."""
    if not _is_cropped(page):
        return 0
    rect = pymupdf.Rect(page.rect) * page.derotation_matrix
    rect.normalize()
    blocks = page.get_text("dict", clip=pymupdf.INFINITE_RECT(), flags=pymupdf.TEXT_PRESERVE_WHITESPACE)["blocks"]
    return sum(
        len("".join(span["text"].split()))
        for block in blocks
        for line in block.get("lines", ())
        for span in line["spans"]
        if not rect.contains(
            pymupdf.Point((span["bbox"][0] + span["bbox"][2]) / 2, (span["bbox"][1] + span["bbox"][3]) / 2)
        )
    )


def _is_cropped(page: pymupdf.Page) -> bool:
    whole, shown = page.mediabox, page.cropbox
    return bool(whole.width - shown.width >= _SLACK or whole.height - shown.height >= _SLACK)
