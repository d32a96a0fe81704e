"""LaTeX in text: finds it between dollar signs, and makes it fit to be written there."""

import re
from collections.abc import Iterator
from dataclasses import replace

from engine.convert.page.blocks import Span

_INLINE = re.compile(r"(?<![\\$])\$(?![\s$])([^$\n]{1,2000}?)(?<![\s\\])\$(?![\d$])")
"""As Pandoc has it: no blank inside the signs, and no digit after them, or `$5 and $6` would be one."""
_OTHER_SIGN = re.compile(r"(?<!\\)\\[(\[]")
_MANY = re.compile(r"(?<!\\)\${3,}")
_AROUND = re.compile(r"^(?:\$\$?|\\\[|\\\(|```(?:latex|math|tex)?\s)|(?:\$\$?|\\\]|\\\)|\s```)$")
_SIGN = re.compile(r"(?<!\\)\$")
_COMMENT = re.compile(r"(?<!\\)%.*")
"""It goes on for the rest of the line."""
_RISKY = re.compile(r"<(?=[A-Za-z/!?])|\](?=[(\[:])")


def bare(text: str) -> str:
    """A formula without the signs around it."""
    before, text = "", text.strip()
    while before != text:
        before, text = text, _AROUND.sub("", text).strip()
    return text


def with_dollars(text: str) -> str:
    """Text with dollar signs around its formulas, also where it has LaTeX's own; more than two in a row are none."""
    pieces: list[str] = []
    end = 0
    for opened in _OTHER_SIGN.finditer(text):
        if opened.start() < end:
            continue
        closer, dollars, longest = ("\\)", "$", 2000) if opened[0] == "\\(" else ("\\]", "$$", 5000)
        close = text.find(closer, opened.end(), opened.end() + longest)
        if close < 0:
            continue
        formula = text[opened.end() : close].strip()
        apart = "\n\n" if dollars == "$$" else ""
        pieces += [text[end : opened.start()], apart, dollars, formula, dollars, apart]
        end = close + 2
    text = "".join([*pieces, text[end:]])
    return _MANY.sub(lambda found: "\\$" * len(found[0]), text)


def with_math(span: Span) -> Iterator[Span]:
    """A span with the formulas in it as spans of their own."""
    end = 0
    if not span.code:
        for found in _INLINE.finditer(span.text):
            yield replace(span, text=span.text[end : found.start()])
            yield Span(found[1], math=True)
            end = found.end()
    yield replace(span, text=span.text[end:])


def one_line(text: str, *, in_cell: bool = False) -> str:
    """A formula as it is written between dollar signs: no part of it begins a block.

    Nor is there anything in it that a reader without math takes for HTML or for a link: a blank, which means nothing in
    math, parts what would be.
    """
    lines = (_COMMENT.sub("", line).strip() for line in _SIGN.sub("", text).splitlines())
    line = _RISKY.sub(lambda found: f"{found[0]} ", " ".join(filter(None, lines)))
    if in_cell:  # GitHub takes a pipe for the end of the cell even in math
        line = line.replace("\\|", "\\Vert ").replace("|", "\\vert ")
    return line
