"""Writes a refined document as one HTML file that needs nothing but the pictures beside it.

Everything a document says is text: it is escaped, links lead to the web, a mailbox or a place in the document, and the
file's policy allows no script, no frame, no form and nothing from elsewhere, should any of this fail.
"""

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from engine.convert.open.context import MergeContext, Writer, missing
from engine.convert.page.blocks import FURNITURE, Block, Cell, Kind, furniture_left_out
from engine.convert.page.pagemodel import PageModel
from engine.convert.refine.anchors import AnchorNames
from engine.convert.write.captions import with_captions
from engine.convert.write.htmltext import cell_html, escaped, inline_html, page_anchor, quoted
from engine.convert.write.markdown import heading_spans, unbold
from engine.convert.write.numbering import Numbering, label_as_text, number_of

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}")
"""A language tag, roughly (RFC 5646)."""
_STYLE = """
:root{color-scheme:light dark;--line:#8886;--soft:#8882}
body{font:1rem/1.55 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;overflow-wrap:break-word}
h1,h2,h3,h4,h5,h6{line-height:1.25;margin:1.6em 0 .6em}
img{max-width:100%;height:auto}
figure{margin:1em 0}
figcaption,.caption,.footnote,.furniture{font-size:.875em;opacity:.8}
.table{overflow-x:auto}
table{border-collapse:collapse;margin:1em 0}
th,td{border:1px solid var(--line);padding:.25em .6em;text-align:left;vertical-align:top}
thead{background:var(--soft)}
pre{background:var(--soft);padding:.75em 1em;overflow-x:auto}
code{font-family:ui-monospace,monospace;font-size:.92em}
blockquote{border-left:3px solid var(--line);margin:1em 0;padding-left:1em}
.labels{list-style:none}
.missing{border:1px dashed var(--line);padding:.5em 1em}
.page{display:block;border-top:1px solid var(--line);font-size:.75em;opacity:.6;text-align:right}
.page::before{content:attr(data-page)}
@media print{body{max-width:none;margin:0}.page{display:none}pre,img,tr{break-inside:avoid}
pre{white-space:pre-wrap}h1,h2,h3,h4,h5,h6{break-after:avoid}}
"""
_POLICY = (
    "default-src 'none'; img-src 'self' file:; base-uri 'none'; form-action 'none'; "
    f"style-src 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'"
)


class HtmlFile(Writer):
    """The document as HTML. Lists go on from page to page, so where a page begins is marked by an empty element."""

    def __init__(self, document: MergeContext) -> None:
        options = document.options
        title = str((document.head.get("metadata") or {}).get("title") or "").strip()
        self._title = title or document.stem
        self._language = str(document.head.get("language") or "")
        self._left_out = furniture_left_out(page_header=options.page_header, page_footer=options.page_footer)
        self._anchors = AnchorNames()
        self._nesting = _Nesting()
        self._marks = ""  # of pages that have begun, where nothing has been written since

    def begin(self) -> str:
        """The head."""
        language = f" lang={quoted(self._language)}" if _LANGUAGE.fullmatch(self._language) else ""
        return (
            f'<!DOCTYPE html>\n<html{language}>\n<head>\n<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content={quoted(_POLICY)}>\n'
            '<meta name="viewport" content="width=device-width">\n<meta name="generator" content="hotfolio">\n'
            f"<title>{escaped(' '.join(self._title.split()))}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        )

    def page(self, model: PageModel) -> str:
        """The page's blocks."""
        self._marks += _mark(model.number)
        blocks = [block for block in model.blocks.blocks if block.kind not in self._left_out]
        return "".join(map(self._group, with_captions(blocks)))

    def missing(self, number: int, reason: str) -> str:
        """A paragraph that says why."""
        marks, self._marks = self._marks + _mark(number), ""
        return f'{self._nesting.close()}{marks}<p class="missing">{escaped(missing(number, reason))}</p>\n'

    def end(self) -> str:
        """What closes all that is open."""
        marks, self._marks = self._marks, ""
        return f"{self._nesting.close()}{marks}</body>\n</html>\n"

    def _group(self, blocks: tuple[Block, ...]) -> str:
        """A block, or a picture or table with its caption."""
        if len(blocks) == 1:
            (block,) = blocks
            if block.kind is Kind.LIST_ITEM:
                return self._item(block)
            return self._outside_item(block, self._element(block))
        inner = "".join(
            f"<figcaption>{inline_html(block.spans, has_pages=True)}</figcaption>\n"
            if block.kind is Kind.CAPTION
            else _picture(block)
            if block.kind is Kind.PICTURE
            else _table(block.rows)
            for block in blocks
        )
        return self._outside_item(blocks[0], f"<figure>\n{inner}</figure>\n")

    def _outside_item(self, block: Block, element: str) -> str:
        if not element:
            return ""
        around = self._nesting.enter(block)
        marks, self._marks = self._marks, ""
        return f"{around}{marks}{element}"

    def _item(self, block: Block) -> str:
        around = self._nesting.enter_item(block)
        marks, self._marks = self._marks, ""
        label = label_as_text(block.label)
        return f"{around}{marks}{f'{escaped(label)} ' if label else ''}{inline_html(block.spans, has_pages=True)}\n"

    def _element(self, block: Block) -> str:
        match block.kind:
            case Kind.HEADING:
                return self._heading(block)
            case Kind.CODE:
                return f"<pre><code>{escaped(block.text)}</code></pre>\n" if block.text.strip() else ""
            case Kind.TABLE:
                return _table(block.rows)
            case Kind.PICTURE:
                picture = _picture(block)
                return f"<figure>\n{picture}</figure>\n" if picture else ""
            case Kind.FORMULA if block.spans and all(span.math for span in block.spans):
                return f'<p class="formula">\\[{escaped(block.text)}\\]</p>\n' if block.text.strip() else ""
            case _:
                text = inline_html(block.spans, has_pages=True)
                return f"<p{_CLASSES.get(block.kind, '')}>{text}</p>\n" if text else ""

    def _heading(self, block: Block) -> str:
        if not block.text.strip():
            return ""
        anchor = self._anchors.next(block.text)
        tag = f"h{min(max(block.level, 1), 6)}"
        name = f" id={quoted(anchor)}" if anchor else ""
        return f"<{tag}{name}>{inline_html(heading_spans(block), has_pages=True)}</{tag}>\n"


_CLASSES = {
    Kind.CAPTION: ' class="caption"',
    Kind.FOOTNOTE: ' class="footnote"',
    Kind.FORMULA: ' class="formula"',
    **dict.fromkeys(FURNITURE, ' class="furniture"'),
}


@dataclass(slots=True)
class _List:
    """An open list, with an item open in it."""

    depth: int
    tag: str
    """With its class."""
    number: int | None
    """Of the open item."""


class _Nesting:
    """The quotations and lists that are open: quotations outside, lists in them."""

    def __init__(self) -> None:
        self._quote = 0
        self._lists: list[_List] = []
        self._numbering = Numbering()

    def enter(self, block: Block) -> str:
        """What closes and opens before a block that is no item."""
        if block.depth == 0:
            self._numbering.outside()
        return self._to_quote(block.quote) + self._to_depth(block.depth)

    def enter_item(self, item: Block) -> str:
        """What closes and opens before an item's text."""
        if item.depth == 0:
            self._numbering.outside()
        depth = max(item.depth, 1)
        number = number_of(item.label)
        tag = 'ul class="labels"' if label_as_text(item.label) else "ul" if number is None else "ol"
        starts_anew = self._numbering.starts_anew(item)
        out = self._to_quote(item.quote) + self._to_depth(depth)
        last = self._lists[-1] if self._lists else None
        if last is not None and last.depth == depth:
            if last.tag == tag and not starts_anew:
                follows = number is None or number == (last.number or 0) + 1
                last.number = number
                return f"{out}</li>\n" + ("<li>" if follows else f'<li value="{number}">')
            out += self._to_depth(depth - 1)
        self._lists.append(_List(depth, tag, number))
        start = "" if number in (None, 1) else f' start="{number}"'
        return f"{out}<{tag}{start}>\n<li>"

    def close(self) -> str:
        """What closes everything."""
        self._numbering.outside()
        return self._to_quote(0) + self._to_depth(0)

    def _to_quote(self, wanted: int) -> str:
        if wanted == self._quote:
            return ""
        out = self._to_depth(0)
        out += "</blockquote>\n" * (self._quote - wanted) + "<blockquote>\n" * (wanted - self._quote)
        self._quote = wanted
        return out

    def _to_depth(self, depth: int) -> str:
        out = ""
        while self._lists and self._lists[-1].depth > depth:
            out += f"</li>\n</{self._lists.pop().tag.split()[0]}>\n"
        return out


def _mark(number: int) -> str:
    return f'<span class="page" id={quoted(page_anchor(number))} data-page="{number}"></span>\n'


def _picture(block: Block) -> str:
    """A picture, or what it shows where there is no file of it."""
    if block.image:
        return f"<img src={quoted(quote(block.image, errors='surrogatepass'))} alt={quoted(block.alt)}>\n"
    return f"<p><em>{escaped(block.alt)}</em></p>\n" if block.alt.strip() else ""


def _table(rows: Sequence[Sequence[Cell]]) -> str:
    """A table, its first rows as its head if they are that."""
    if not rows:
        return ""
    heads = 0
    while heads < len(rows) and rows[heads] and all(cell.is_header for cell in rows[heads]):
        heads += 1
    if any(at + cell.rows > heads for at, row in enumerate(rows[:heads]) for cell in row):
        heads = 0  # a cell cannot reach out of the head
    head = [_row([_unbold(cell) for cell in row], "col") for row in rows[:heads]]
    body = [_row(row, "row") for row in rows[heads:]]
    inner = f"<thead>\n{''.join(head)}</thead>\n" if head else ""
    inner += f"<tbody>\n{''.join(body)}</tbody>\n" if body else ""
    return f'<div class="table"><table>\n{inner}</table></div>\n'


def _row(row: Sequence[Cell], scope: str) -> str:
    return f"<tr>{''.join(cell_html(cell, scope=scope, has_pages=True) for cell in row)}</tr>\n"


def _unbold(cell: Cell) -> Cell:
    return Cell(unbold(cell.spans), cell.is_header, cell.columns, cell.rows)
