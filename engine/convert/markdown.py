"""Writes blocks as Markdown that CommonMark and GitHub read alike.

What a text cannot say in either is escaped, and no more than that: people read and edit these files.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from html import escape

from engine.convert.blocks import FURNITURE, Block, Cell, Kind, RefinedPage, Span, merged, stripped

_ALWAYS = re.compile(r"[\\`*]|~~|<(?=[A-Za-z/!?])|&(?=#?\w+;)|\](?=[(\[:])|(?<![^\W_])_|_(?![^\W_])")
"""Characters that mean something wherever they stand; an underscore does so only at the edge of a word."""
_AT_START = re.compile(r"(?=#{1,6}(?:\s|$)|[-+](?:\s|$)|>|(?:=+|-{2,}|_{3,})\s*$|\|)")
_NUMBER_AT_START = re.compile(r"(\d{1,9})([.)])(?=\s|$)")
_NUMBER = re.compile(r"\(?(\d{1,9})[.)]?$")
_DELIMITED = {"bold": "**", "italic": "*", "strike": "~~"}
_PUNCTUATION = re.compile(r"[^\w\s]|_")


class MarkdownWriter:
    """Writes a document's pages one after the other; lists and numbers go on from page to page."""

    def __init__(self, *, page_header: bool = False, page_footer: bool = False) -> None:
        self._left_out = FURNITURE - {
            *([Kind.PAGE_HEADER] if page_header else ()),
            *([Kind.PAGE_FOOTER] if page_footer else ()),
        }
        self._indents: list[int] = []  # of the contents of each open list item
        self._quote = 0
        self._last: Kind | None = None
        self._numbers: dict[int, int] = {}  # of the last item, by depth

    def page(self, page: RefinedPage) -> str:
        """A page's Markdown: what comes first on a page has before it what sets it apart from the page before."""
        return "".join(self._block(block) for block in page.blocks if block.kind not in self._left_out)

    def _block(self, block: Block) -> str:
        """A block, set apart from the one before by a blank line, unless both are items of a list."""
        if block.quote != self._quote:
            self._indents = []
        if block.depth == 0:
            self._numbers = {}
        del self._indents[block.depth - (block.kind is Kind.LIST_ITEM and block.depth > 0) :]
        outer = self._indents[-1] if self._indents else 0
        marker = ""
        if block.kind is Kind.LIST_ITEM:
            marker = self._marker(block)
            self._indents += [outer + len(marker)] * (max(block.depth, 1) - len(self._indents))
        body = self._body(block)
        if not body and not marker:
            return ""
        indent = " " * outer
        lines = body.split("\n")
        inner = indent + " " * len(marker)
        written = [f"{indent}{marker}{lines[0]}".rstrip()]
        written += [f"{inner}{line}" if line else "" for line in lines[1:]]
        prefix = "> " * block.quote
        text = "".join(f"{prefix}{line}".rstrip(" ") + "\n" for line in written)
        is_item = block.kind is Kind.LIST_ITEM
        is_tight = is_item and self._last is Kind.LIST_ITEM and block.quote == self._quote
        if is_item and self._starts_anew(block) and self._last is not None:
            # Without something between the two, the first list would go on, and count on.
            text = f"{prefix}{indent}<!-- -->\n\n{text}"
            is_tight = False
        apart = "" if is_tight or self._last is None else "> " * min(block.quote, self._quote)
        before = "" if is_tight or self._last is None else f"{apart.rstrip()}\n"
        self._last, self._quote = block.kind, block.quote
        return before + text

    def _starts_anew(self, block: Block) -> bool:
        """Whether a numbered list begins again right behind another of the same depth."""
        found = _NUMBER.match(block.label)
        for depth in [depth for depth in self._numbers if depth > block.depth]:
            del self._numbers[depth]
        if found is None:
            self._numbers.pop(block.depth, None)
            return False
        number, before = int(found[1]), self._numbers.get(block.depth)
        self._numbers[block.depth] = number
        return before is not None and number <= before

    def _marker(self, block: Block) -> str:
        number = _NUMBER.match(block.label)
        if number is not None:
            return f"{number[1]}. "
        return "- "

    def _body(self, block: Block) -> str:
        match block.kind:
            case Kind.HEADING:
                text = inline(_unstyled(block.spans)).replace("\n", " ").strip()
                return f"{'#' * min(max(block.level, 1), 6)} {_heading_end(text)}" if text else ""
            case Kind.CODE:
                return fenced(block.text)
            case Kind.TABLE:
                return table(block.rows)
            case Kind.PICTURE:
                if not block.image:
                    return f"*{inline([Span(block.alt)])}*" if block.alt else ""
                return f"![{inline([Span(block.alt)])}](<{block.image}>)"
            case Kind.LIST_ITEM:
                spans = list(block.spans)
                if block.label and not _NUMBER.match(block.label) and len(block.label) > 1:
                    spans.insert(0, Span(f"{block.label} "))
                return at_start(inline(spans))
            case _:
                return at_start(inline(block.spans))


def inline(spans: Sequence[Span]) -> str:
    """Spans as one line, or lines with a hard break between them."""
    pieces = _settled(stripped(spans))
    out: list[str] = []
    for number, span in enumerate(pieces):
        after = pieces[number + 1].text[:1] if number + 1 < len(pieces) else ""
        before = out[-1][-1:] if out and out[-1] else ""
        out.append(_span(span, before, after))
    return "".join(out).replace("\n", "  \n")


def _settled(spans: list[Span]) -> list[Span]:
    """Blanks at the edges of a style belong outside it, where they are written without it."""
    pieces: list[Span] = []
    for span in spans:
        core = span.text.strip()
        if not core or span.text == core:
            pieces.append(span if core else Span(span.text, link=span.link or ""))
            continue
        head = span.text[: len(span.text) - len(span.text.lstrip())]
        tail = span.text[len(span.text.rstrip()) :]
        pieces += [Span(head), replace(span, text=core), Span(tail)]
    bridged: list[Span] = []
    for number, piece in enumerate(pieces):
        if not piece.text:
            continue
        after = next((other for other in pieces[number + 1 :] if other.text), None)
        if (
            not piece.text.strip()
            and bridged
            and after is not None
            and bridged[-1].style == after.style
            and bridged[-1].text.strip()
        ):
            piece = Span(piece.text, *after.style)
        bridged.append(piece)
    return merged(bridged)


def _span(span: Span, before: str, after: str) -> str:
    text = span.text
    if not text.strip():
        return text
    if span.code:
        text = _code_span(text)
    else:
        text = _escaped(text)
        lead = trail = ""
        for style, mark in _DELIMITED.items():
            if getattr(span, style):
                text, lead, trail = _delimited(text, mark, before, after, lead, trail)
        text = f"{lead}{text}{trail}"
    if span.script:
        tag = "sup" if span.script > 0 else "sub"
        text = f"<{tag}>{text}</{tag}>"
    if span.link and not span.link.startswith("#page="):
        text = f"[{text}]({_target(span.link)})"
    return text


def _delimited(text: str, mark: str, before: str, after: str, lead: str, trail: str) -> tuple[str, str, str]:
    """A mark next to a letter outside and punctuation inside does not count as one (CommonMark 6.2)."""
    while after and (after.isalnum()) and text and _PUNCTUATION.match(text[-1]) and not text.endswith(mark[0]):
        cut = 2 if len(text) > 1 and text[-2] == "\\" else 1
        trail = text[-cut:] + trail
        text = text[:-cut]
    while before and before.isalnum() and text and _PUNCTUATION.match(text[0]) and not text.startswith(mark[0]):
        cut = 2 if text[0] == "\\" and len(text) > 1 else 1
        lead += text[:cut]
        text = text[cut:]
    core = text.strip()
    if not core:
        return text, lead, trail
    start = text[: len(text) - len(text.lstrip())]
    end = text[len(text.rstrip()) :]
    return f"{start}{mark}{core}{mark}{end}", lead, trail


def _escaped(text: str) -> str:
    return _ALWAYS.sub(lambda found: "\\" + found[0] if found[0] != "~~" else "\\~\\~", text)


def at_start(text: str) -> str:
    """A paragraph whose first characters are meant as they stand."""
    if _AT_START.match(text):
        return "\\" + text
    return _NUMBER_AT_START.sub(r"\1\\\2", text, count=1) if _NUMBER_AT_START.match(text) else text


def _heading_end(text: str) -> str:
    """Number signs at the end of a heading would be taken for its end."""
    return re.sub(r"(#+)$", lambda found: "\\" + found[1], text)


def _code_span(text: str) -> str:
    text = text.replace("\n", " ")
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def fenced(text: str) -> str:
    """A block of code; its fence is longer than any in it."""
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}\n{text}\n{fence}"


def _target(link: str) -> str:
    """A link's target; in angle brackets where it holds what would end it."""
    clean = re.sub(r"[\s<>]", lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), link)
    return f"<{clean}>" if clean.count("(") != clean.count(")") or not clean else clean


def _unstyled(spans: Iterable[Span]) -> list[Span]:
    """Without bold, which a heading or the head of a table is anyway."""
    return [replace(span, bold=False) for span in spans]


def table(rows: list[list[Cell]]) -> str:
    """A table: with pipes, or as HTML where cells span others."""
    if any(cell.columns > 1 or cell.rows > 1 for row in rows for cell in row):
        return _html_table(rows)
    width = max(len(row) for row in rows)
    lines = [_pipe_row([*row, *[Cell()] * (width - len(row))], is_head=number == 0) for number, row in enumerate(rows)]
    lines.insert(1, "|" + "---|" * width)
    return "\n".join(lines)


def _pipe_row(row: list[Cell], *, is_head: bool) -> str:
    return "|" + "".join(f"{_pipe_cell(cell, is_head=is_head)}|" for cell in row)


def _pipe_cell(cell: Cell, *, is_head: bool) -> str:
    spans = _unstyled(cell.spans) if is_head else cell.spans
    # GitHub takes a pipe for the end of the cell even in code.
    text = inline(spans).replace("  \n", "<br>").replace("\n", "<br>").replace("|", "\\|")
    return " ".join(text.split())


def _html_table(rows: list[list[Cell]]) -> str:
    lines = ["<table>"]
    for row in rows:
        lines.append("<tr>")
        for cell in row:
            tag = "th" if cell.is_header else "td"
            spans = f' colspan="{cell.columns}"' if cell.columns > 1 else ""
            spans += f' rowspan="{cell.rows}"' if cell.rows > 1 else ""
            lines.append(f"<{tag}{spans}>{_html(cell.spans)}</{tag}>")
        lines.append("</tr>")
    return "\n".join([*lines, "</table>"])


def _html(spans: Iterable[Span]) -> str:
    out = []
    for span in stripped(spans):
        text = escape(span.text, quote=False).replace("\n", "<br>")
        for is_set, tag in (
            (span.code, "code"),
            (span.bold, "b"),
            (span.italic, "i"),
            (span.strike, "s"),
            (span.script > 0, "sup"),
            (span.script < 0, "sub"),
        ):
            if is_set and text.strip():
                text = f"<{tag}>{text}</{tag}>"
        if span.link and not span.link.startswith("#page="):
            text = f'<a href="{escape(span.link)}">{text}</a>'
        out.append(text)
    return "".join(out)
