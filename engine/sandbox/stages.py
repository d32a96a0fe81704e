"""How much of what reads pages a conversion process has loaded, and how much a document needs from the beginning.

Loading everything takes four times as long as what a tagged page needs, so it is done as far as the pages at hand ask
for it: `benchmarks/start.py`.
"""

from enum import IntEnum

from engine.job.options import ConvertOptions, OcrMode, Structure


class Stage(IntEnum):
    """What is loaded; each has what those before it have."""

    BARE = 0
    """MuPDF and hotfolio's own code: for tagged pages, pictures of pages, looks into documents and merges."""
    LAYOUT = 1
    """The layout model, and what plug-ins and vision models are asked by."""
    OCR = 2
    """The OCR engine's models."""


def first_stage(options: ConvertOptions) -> Stage:
    """The least that all pages of a document with these options need, whatever is on them."""
    if options.asks_model or options.plugins:
        # Their work on a page would be lost if it then had to go to another process.
        return Stage.LAYOUT if options.ocr is OcrMode.NEVER else Stage.OCR
    if options.ocr is OcrMode.FORCE:
        return Stage.OCR
    if options.text_formats and options.needs_model and (not options.refine or options.structure is Structure.LAYOUT):
        return Stage.LAYOUT
    return Stage.BARE
