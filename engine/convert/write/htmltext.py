"""Writes the text of blocks and cells as HTML, in which nothing of a document can be markup or a script."""

import re
from collections.abc import Iterable
from html import escape
from itertools import groupby

from engine.convert.page.blocks import Cell, Span, stripped

_SAFE = re.compile(r"(?:https?://|mailto:)", re.IGNORECASE)
_PLACE = re.compile(r"#page=(\d{1,9})\b")
_NOT_IN_HTML = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff]")
"""Characters that a text of HTML must not have (HTML Standard, 13.2.3.5)."""
_NOT_IN_TARGET = re.compile(r"[\x00-\x20\x7f-\x9f\s<>\"'`\\^{|}]")
_MOST_COLUMNS, _MOST_ROWS = 1000, 65_534
"""That a cell may span (HTML Standard, 4.9.11)."""


def escaped(text: str) -> str:
    """Text that is meant as it stands, in an element."""
    return escape(_allowed(text), quote=False)


def quoted(text: str) -> str:
    """Text that is meant as it stands, as an attribute's value with its quotation marks."""
    return f'"{escape(_allowed(text))}"'


def safe_target(link: str, *, has_pages: bool = False) -> str:
    """What a link leads to if that is the web, a mailbox or a heading, or a page if those have names; else nothing."""
    place = _PLACE.match(link)
    if place is not None:
        return f"#{page_anchor(int(place[1]))}" if has_pages else ""
    if not _SAFE.match(link) and not (link.startswith("#") and len(link) > 1):
        return ""
    return _NOT_IN_TARGET.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode(errors="replace")), link)


def page_anchor(number: int) -> str:
    """The name of the place where a page begins; no heading's anchor has an equals sign."""
    return f"page={number}"


def inline_html(spans: Iterable[Span], *, has_pages: bool = False) -> str:
    """Spans as HTML; a line feed in them is a line of its own. See `safe_target` for `has_pages`."""
    out = []
    for link, group in groupby(stripped(spans), key=lambda span: span.link):
        text = "".join(map(_styled, group))
        target = safe_target(link, has_pages=has_pages)
        out.append(f"<a href={quoted(target)}>{text}</a>" if target else text)
    return "".join(out)


def cell_html(cell: Cell, *, scope: str = "", has_pages: bool = False) -> str:
    """A cell of a table; `scope` says what it is the head of, if it is one. See `safe_target` for `has_pages`."""
    tag = "th" if cell.is_header else "td"
    attributes = f' scope="{scope}"' if scope and cell.is_header else ""
    if cell.columns > 1:
        attributes += f' colspan="{min(cell.columns, _MOST_COLUMNS)}"'
    if cell.rows > 1:
        attributes += f' rowspan="{min(cell.rows, _MOST_ROWS)}"'
    return f"<{tag}{attributes}>{inline_html(cell.spans, has_pages=has_pages)}</{tag}>"


def _allowed(text: str) -> str:
    return _NOT_IN_HTML.sub("\ufffd", text)


def _styled(span: Span) -> str:
    text = escaped(span.text).replace("\n", "<br>")
    if span.math:
        return f'<span class="math">\\({text}\\)</span>' if text.strip() else ""
    if span.text.strip():
        for is_set, tag in (
            (span.code, "code"),
            (span.bold, "b"),
            (span.italic, "i"),
            (span.strike, "s"),
            (span.script > 0, "sup"),
            (span.script < 0, "sub"),
        ):
            if is_set:
                text = f"<{tag}>{text}</{tag}>"
    return text
