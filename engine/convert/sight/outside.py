"""Counts the text that lies beyond the part of a page that is shown, and is left out: what a crop has cut away."""

import pymupdf

_SLACK = 1.0
"""In points: crops that are so little smaller than the page cut nothing away."""


def count_outside(page: pymupdf.Page) -> int:
    """How many characters, without blanks, lie outside the shown part of a page; 3 ms of a page that is cropped."""
    whole, shown = page.mediabox, page.cropbox
    if whole.width - shown.width < _SLACK and whole.height - shown.height < _SLACK:
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
