"""The last look at a page that has been read, however that was: what no output may have, and what is to be told."""

from collections.abc import Iterator
from itertools import chain, groupby

from engine.convert.ocr.need import looks_scanned
from engine.convert.open.context import PageContext
from engine.convert.page.blocks import RefinedPage, Span, merged
from engine.convert.read.byocr import unsure_words
from engine.convert.text.glyphs.characters import count_unknown, readable, without_invisible
from engine.job.warningkind import WarningKind


def look_at(page: PageContext, refined: RefinedPage) -> None:
    """Take out what is no text, such as control characters, and note what is wrong with the page's, or may be."""
    has_text = False
    if page.hiding.marks:
        _mark_hidden(refined)
    for span in _spans(refined):
        span.text = without_invisible(readable(span.text))
        has_text = has_text or bool(span.text.strip())
        if not span.math and (unknown := count_unknown(span.text)):
            page.notices[WarningKind.UNKNOWN] += unknown
    for block in refined.blocks:
        block.label, block.alt = readable(block.label), readable(block.alt)
    for remark in refined.remarks:
        remark.text, remark.author, remark.marked = map(readable, (remark.text, remark.author, remark.marked))
    refined.unsure = unsure_words(page)
    for word in refined.unsure:
        word.text = readable(word.text)
    has_text = has_text or bool(refined.stamps)
    if not has_text and not page.is_read_by_others:
        _without_text(page)


def _without_text(page: PageContext) -> None:
    shown = page.load()
    if WarningKind.HIDDEN in page.notices:
        return
    if readable(shown.get_text()).strip():
        page.notices[WarningKind.NOTHING] = 1
    elif not page.document.ocr.is_there and page.error is None and looks_scanned(shown):
        page.notices[WarningKind.SCAN] = 1


def _mark_hidden(refined: RefinedPage) -> None:
    for block in refined.blocks:
        block.spans = marked(block.spans)
        for cell in chain.from_iterable(block.rows):
            cell.spans = marked(cell.spans)


def marked(spans: list[Span]) -> list[Span]:
    """Spans with signs around what is hidden."""
    found: list[Span] = []
    for is_hidden, group in groupby(spans, key=lambda span: span.hidden):
        signs = ("[hidden: ", "]") if is_hidden else ("", "")
        found += [Span(signs[0], hidden=True), *group, Span(signs[1], hidden=True)]
    return merged(found)


def _spans(refined: RefinedPage) -> Iterator[Span]:
    for block in refined.blocks:
        yield from block.spans
        yield from chain.from_iterable(cell.spans for cell in chain.from_iterable(block.rows))
