"""Sets the styles of text so that they say what a reader sees: none on blanks, on lone signs, or on whole blocks."""

from collections.abc import Sequence
from dataclasses import replace

from engine.convert.page.blocks import Block, Kind, RefinedPage, Span, merged, stripped
from engine.convert.text.pagetext import PageText

_PLAIN = frozenset({Kind.CODE, Kind.PICTURE, Kind.TABLE})


class Inline:
    """Normalises styles: blanks and lone punctuation have none of their own, and one word's letters have one style."""

    name = "inline"

    def apply(self, page: RefinedPage, text: PageText) -> None:
        """Change the spans of blocks and cells, but not their text."""
        body = _share_struck(page.blocks)
        for block in page.blocks:
            if block.kind not in _PLAIN:
                block.spans = normalized(block.spans)
                if body > 0.5:
                    block.spans = merged([replace(span, strike=False) for span in block.spans])
            for row in block.rows:
                for cell in row:
                    cell.spans = normalized(cell.spans)


def normalized(spans: Sequence[Span]) -> list[Span]:
    """Spans with blanks outside of styles, and with signs that stand between two styles in the one on their left."""
    pieces: list[Span] = []
    for span in merged(spans):
        pieces += _without_outer_blanks(span)
    for i, span in enumerate(pieces):
        if span.strike and sum(c.isalnum() for c in span.text) < 2:
            pieces[i] = span = replace(span, strike=False)  # A line of a drawing or a form crosses it.
        if span.text.strip() and not any(c.isalnum() for c in span.text) and _is_styled(span) and not span.code:
            pieces[i] = _like_neighbours(pieces, i)
    joined = merged(pieces)
    for i in range(1, len(joined) - 1):
        span = joined[i]
        before, after = joined[i - 1], joined[i + 1]
        if (
            not span.text.strip()
            and "\n" not in span.text
            and before.style == after.style
            and not before.math
            and before.text
            and after.text
        ):
            joined[i] = Span(span.text, *before.style)
    return stripped(merged(joined))


def _without_outer_blanks(span: Span) -> list[Span]:
    """A span in up to three: blanks before and after it keep only its link, and that only within it."""
    text = span.text.strip()
    if not _is_styled(span) and not span.link:
        return [span]
    if not text:
        return [Span(span.text)]
    start = span.text.index(text)
    end = start + len(text)
    parts = [Span(span.text[:start]), Span(text, *span.style), Span(span.text[end:])]
    return [part for part in parts if part.text]


def _is_styled(span: Span) -> bool:
    return span.bold or span.italic or span.code or span.strike or bool(span.script)


def _like_neighbours(pieces: Sequence[Span], i: int) -> Span:
    """Punctuation by itself: in the style of the text it touches, else in none."""
    span = pieces[i]
    before = pieces[i - 1] if i else None
    after = pieces[i + 1] if i + 1 < len(pieces) else None
    for beside in (before, after):
        if beside is not None and beside.text.strip() and beside.link == span.link and not beside.code:
            touching = beside.text[-1:] if beside is before else beside.text[:1]
            if not touching.isspace():
                return Span(span.text, beside.bold, beside.italic, False, beside.strike, span.script, span.link)
    if span.script:
        return span
    return Span(span.text, link=span.link)


def _share_struck(blocks: Sequence[Block]) -> float:
    """How much of a page's text is struck out: most of it only where a drawing is mistaken for strokes."""
    total = struck = 0
    for block in blocks:
        for span in block.spans:
            total += len(span.text)
            struck += len(span.text) * span.strike
    return struck / total if total else 0.0
