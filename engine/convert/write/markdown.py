"""Writes blocks as Markdown that CommonMark and GitHub read alike.

What a text cannot say in either is escaped, and no more than that: people read and edit these files.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from html.entities import html5
from itertools import groupby
from unicodedata import category

from engine.convert.page import latex
from engine.convert.page.blocks import Block, Cell, Kind, RefinedPage, Span, furniture_left_out, merged, stripped
from engine.convert.write.htmltext import cell_html
from engine.convert.write.numbering import Numbering, label_as_text, number_of

_ALWAYS = re.compile(r"[\\`*]|(?<!\s)~|~(?=~)|<(?=[A-Za-z/!?])|&(?=#?\w+;)|\](?=[(\[:])|(?<![^\W_])_|_(?![^\W_])")
"""Characters that mean something wherever they stand; an underscore does so only at the edge of a word, a tilde only
where it might end what another has begun."""
_IN_LINK = re.compile(rf"{_ALWAYS.pattern}|[\[\]]")
_AT_START = re.compile(r"(?=#{1,6}(?:\s|$)|[-+](?:\s|$)|>|(?:=+|_{3,})\s*$|\||[-:|\s]*-[-:|\s]*$)")
"""What would begin another block, underline a heading, or part the head of a table from its body."""
_NUMBER_AT_START = re.compile(r"^(\d{1,9})([.)])(?=\s|$)")
_BACKSLASH_BEFORE_PIPE = re.compile(r"\\(\||$)")
"""In code in a cell, GitHub reads it otherwise than others however it is written."""
_LINE_END = re.compile(r"[^\S\n]*\n\s*")


class MarkdownWriter:
    """Writes a document's pages one after the other; lists and numbers go on from page to page."""

    def __init__(self, *, page_header: bool = False, page_footer: bool = False) -> None:
        self._left_out = furniture_left_out(page_header=page_header, page_footer=page_footer)
        self._indents: list[int] = []  # of the contents of each open list item
        self._quote = 0
        self._depth = 0  # of the block before
        self._last: Kind | None = None
        self._numbering = Numbering()

    def page(self, page: RefinedPage) -> str:
        """A page's Markdown: what comes first on a page has before it what sets it apart from the page before."""
        return "".join(self._block(block) for block in page.blocks if block.kind not in self._left_out)

    def _block(self, block: Block) -> str:
        """A block, set apart from the one before by a blank line, unless both are items of a list."""
        if block.quote != self._quote:
            self._indents = []
        if block.depth == 0:
            self._numbering.outside()
        del self._indents[block.depth - (block.kind is Kind.LIST_ITEM and block.depth > 0) :]
        outer = self._indents[-1] if self._indents else 0
        marker = ""
        goes_on = False
        if block.kind is Kind.LIST_ITEM:
            number = number_of(block.label)
            # Below an item, a list that does not begin with 1 would be the rest of the item's text.
            goes_on = number not in (None, 1) and len(self._indents) == self._depth
            marker = "- " if number is None else f"{number}. "
            self._indents += [outer + len(marker)] * (max(block.depth, 1) - len(self._indents))
        body = self._body(block)
        if not body and not marker:
            return ""
        indent = " " * outer
        lines = body.split("\n")
        inner = indent + " " * len(marker)
        written = [f"{indent}{marker}{lines[0]}" if lines[0] else f"{indent}{marker}".rstrip()]
        written += [f"{inner}{line}" if line else "" for line in lines[1:]]
        prefix = "> " * block.quote
        text = "".join((f"{prefix}{line}" if line else prefix.rstrip()) + "\n" for line in written)
        is_item = block.kind is Kind.LIST_ITEM
        is_tight = is_item and self._last is Kind.LIST_ITEM and block.quote == self._quote and not goes_on
        if is_item and self._numbering.starts_anew(block) and self._last is not None:
            # Without something between the two, the first list would go on, and count on.
            text = f"{prefix}{indent}<!-- -->\n\n{text}"
            is_tight = False
        apart = "" if is_tight or self._last is None else "> " * min(block.quote, self._quote)
        before = "" if is_tight or self._last is None else f"{apart.rstrip()}\n"
        self._last, self._quote, self._depth = block.kind, block.quote, len(self._indents)
        return before + text

    def _body(self, block: Block) -> str:
        match block.kind:
            case Kind.HEADING:
                # On one line, whatever breaks it had: before they are written, since a break is more than a line's end.
                text = inline(heading_spans(block)).strip()
                return f"{'#' * min(max(block.level, 1), 6)} {_heading_end(text)}" if text else ""
            case Kind.CODE:
                return fenced(block.text)
            case Kind.TABLE:
                return table(block.rows) if block.rows else ""
            case Kind.PICTURE:
                if not block.image:
                    return f"*{inline([Span(block.alt)])}*" if block.alt else ""
                return f"![{_escaped(block.alt, in_link=True)}](<{block.image}>)"
            case Kind.FORMULA if block.spans and all(span.math for span in block.spans):
                return f"$${latex.one_line(block.text)}$$" if block.text.strip() else ""
            case Kind.LIST_ITEM:
                spans = list(block.spans)
                if label := label_as_text(block.label):
                    spans.insert(0, Span(f"{label} "))
                return at_start(inline(spans))
            case _:
                return at_start(inline(block.spans))


def inline(spans: Sequence[Span], *, in_cell: bool = False) -> str:
    """Spans as one line, or lines with a hard break between them; in a table's cell, pipes are still to be escaped."""
    pieces = _settled(stripped(spans))
    links = [(link, list(group)) for link, group in groupby(pieces, key=lambda span: span.link)]
    out = ""
    for number, (link, group) in enumerate(links):
        if _is_written(link):
            if out.endswith("!"):  # or the link would be a picture
                out = f"{out[:-1]}\\!"
            out += f"[{_styled(group, '[', ']', in_link=True, in_cell=in_cell)}]({_target(link)})"
        else:
            following = links[number + 1] if number + 1 < len(links) else None
            after = "" if following is None else "[" if _is_written(following[0]) else _begins_with(following[1][0])
            out += _styled(group, out[-1:], after, in_cell=in_cell)
    return _LINE_END.sub("  \n", out)


def _is_written(link: str) -> bool:
    """A place in the document is none that Markdown could name."""
    return bool(link) and not link.startswith("#page=")


def _settled(spans: list[Span]) -> list[Span]:
    """Blanks at the edges of a style belong outside it, where they are written without it; code has no other style."""
    pieces: list[Span] = []
    for span in merged(replace(s, bold=False, italic=False, strike=False) if s.code else s for s in spans):
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
            and not after.math
            and bridged[-1].text.strip()
        ):
            piece = Span(piece.text, *after.style)
        bridged.append(piece)
    return merged(bridged)


def _styled(pieces: Sequence[Span], before: str, after: str, *, in_link: bool = False, in_cell: bool = False) -> str:
    """Pieces with their styles, between two characters."""
    out = ""
    for number, span in enumerate(pieces):
        following = _begins_with(pieces[number + 1]) if number + 1 < len(pieces) else after
        is_apart = not number or not _has_marks(pieces[number - 1])
        out += _span(span, out[-1:] or before, following, is_apart=is_apart, in_link=in_link, in_cell=in_cell)
    return out


def _has_marks(span: Span) -> bool:
    return (span.bold or span.italic or span.strike) and not span.code and not span.script


def _begins_with(span: Span) -> str:
    """The first character that a piece is written with, or one of its kind."""
    if span.math:
        return "$"
    if span.code:
        return "`"
    return "<" if span.script or _has_marks(span) else span.text[:1]


def _span(span: Span, before: str, after: str, *, is_apart: bool, in_link: bool, in_cell: bool) -> str:
    text = span.text
    if not text.strip():
        return text
    if span.script:
        tag = "sup" if span.script > 0 else "sub"
        inner = _span(replace(span, script=0), ">", "<", is_apart=True, in_link=in_link, in_cell=in_cell)
        return f"<{tag}>{inner}</{tag}>"
    if span.math:
        return f"${latex.one_line(text, in_cell=in_cell)}$"
    if span.code:
        return _code_in_tags(text) if in_cell and _BACKSLASH_BEFORE_PIPE.search(text) else _code_span(text)
    if not _has_marks(span):
        return _escaped(text, in_link=in_link)
    lead, text, trail = _without_outer_punctuation(text, before, after)
    before, after = (lead or before)[-1:], (trail or after)[:1]
    written = _escaped(text, in_link=in_link)
    if text and (span.bold or span.italic):
        mark = "*" * (2 * span.bold + span.italic)
        tags = (*(["strong"] if span.bold else ()), *(["em"] if span.italic else ()))
        is_outermost = not span.strike
        written = _marked(
            written, mark, tags, before if is_outermost else "~", after if is_outermost else "~", is_apart
        )
    if text and span.strike:
        written = _marked(written, "~~", ("del",), before, after, is_apart)
    return f"{_escaped(lead, in_link=in_link)}{written}{_escaped(trail, in_link=in_link)}"


def _without_outer_punctuation(text: str, before: str, after: str) -> tuple[str, str, str]:
    """Punctuation that stands between the text and a letter outside of it, apart from the text.

    A mark with a letter outside and punctuation inside does not count as one (CommonMark 6.2).
    """
    start, end = 0, len(text)
    if before.isalnum():
        while start < end and not text[start].isalnum():
            start += 1
    if after.isalnum():
        while start < end and not text[end - 1].isalnum():
            end -= 1
    return text[:start], text[start:end], text[end:]


def _marked(text: str, mark: str, tags: Sequence[str], before: str, after: str, is_apart: bool) -> str:
    """Text between marks, or tags where marks would not count or would run into those of the text before."""
    opens = not _is_sign(text[0]) or not before or before.isspace() or _is_punctuation(before)
    closes = not _is_sign(text[-1]) or not after or after.isspace() or _is_punctuation(after)
    if opens and closes and is_apart:
        return f"{mark}{text}{mark}"
    return f"{''.join(f'<{tag}>' for tag in tags)}{text}{''.join(f'</{tag}>' for tag in reversed(tags))}"


def _is_sign(char: str) -> bool:
    """Whether some version of CommonMark takes it for punctuation: symbols are since 0.31."""
    return category(char)[0] in "PS"


def _is_punctuation(char: str) -> bool:
    """Whether every version of CommonMark takes it for punctuation."""
    return category(char)[0] == "P" or (char.isascii() and _is_sign(char))


def _escaped(text: str, *, in_link: bool = False) -> str:
    """Text that is meant as it stands."""

    def escape_one(found: re.Match[str]) -> str:
        name = text[found.end() : text.find(";", found.end()) + 1]
        is_just_text = found[0] == "&" and not name.startswith("#") and name not in html5
        return found[0] if is_just_text else f"\\{found[0]}"

    return (_IN_LINK if in_link else _ALWAYS).sub(escape_one, text)


def at_start(text: str) -> str:
    """A paragraph whose lines' first characters are meant as they stand."""
    return "\n".join(_line_at_start(line) for line in text.split("\n"))


def _line_at_start(line: str) -> str:
    return f"\\{line}" if _AT_START.match(line) else _NUMBER_AT_START.sub(r"\1\\\2", line, count=1)


def _heading_end(text: str) -> str:
    """Number signs at the end of a heading would be taken for its end."""
    return re.sub(r"(#+)$", lambda found: "\\" + found[1], text)


def _code_span(text: str) -> str:
    text = text.replace("\n", " ")
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _code_in_tags(text: str) -> str:
    """Code in which nothing means anything, to Markdown or to HTML."""
    inner = "".join(char if char.isalnum() or char == " " else f"&#{ord(char)};" for char in text.replace("\n", " "))
    return f"<code>{inner}</code>"


def fenced(text: str) -> str:
    """A block of code; its fence is longer than any in it."""
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}\n{text}\n{fence}"


def _target(link: str) -> str:
    """A link's target; in angle brackets where it holds what would end it."""
    clean = re.sub(r"[\s<>]", lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), link)
    return f"<{clean}>" if clean.count("(") != clean.count(")") or not clean else clean


def heading_spans(block: Block) -> list[Span]:
    """A heading's text on one line, without bold."""
    return unbold(replace(span, text=span.text.replace("\n", " ")) for span in block.spans)


def unbold(spans: Iterable[Span]) -> list[Span]:
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
    spans = unbold(cell.spans) if is_head else cell.spans
    # GitHub takes a pipe for the end of the cell even in code.
    text = inline(spans, in_cell=True).replace("  \n", "<br>").replace("\n", "<br>").replace("|", "\\|")
    text = " ".join(text.split())
    # Parsers disagree on whether a backslash that is escaped itself escapes the pipe after it.
    return f"{text} " if text.endswith("\\") else text


def _html_table(rows: list[list[Cell]]) -> str:
    lines = [line for row in rows for line in ("<tr>", *map(cell_html, row), "</tr>")]
    return "\n".join(["<table>", *lines, "</table>"])
