"""Finds out by OCR what glyphs in words are of which nobody else says so, before a page is read."""

from typing import Any

import pymupdf

from engine.convert.ocr.wordglyphs import read_glyphs, stands_in_words
from engine.convert.open.context import PageContext
from engine.convert.open.document import one_line
from engine.job.options import OcrMode


def have_learnt(page: PageContext, shown: pymupdf.Page, blocks: list[dict[str, Any]]) -> bool:
    """Whether something is known now that was not; `blocks` are those of `look_at` for the page as it is read.

    A page that is read by OCR as a whole needs none of it. Raises `NotLoaded`.
    """
    document = page.document
    if document.ocr.mode is not OcrMode.AUTO or not document.ocr.is_there or shown.rotation:
        return False
    if not document.has_open_glyphs or not stands_in_words(blocks):
        return False
    words = document.open_words.choose(shown)
    if not words:
        return False
    engine = document.ocr.engine()
    page.on_ocr()
    try:
        glyphs = read_glyphs(shown, words, engine)
    except Exception as error:  # noqa: BLE001 - they are counted as unknown
        page.warnings.append(f"The unknown characters of page {page.number} were not read by OCR ({one_line(error)}).")
        return False
    document.learn(page.number, glyphs)
    return bool(glyphs)
