"""Reads the Markdown that models write into blocks."""

import re
from collections.abc import Iterable, Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin

from engine.convert.page import latex
from engine.convert.page.blocks import Block, Box, Cell, Kind, Span, merged, stripped
from engine.convert.vlm.readhtml import MOST_CELLS, Styles, read_spans, read_tables

_parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).disable(["code", "reference"])
dollarmath_plugin(_parser, allow_space=False, allow_digits=False, allow_labels=False)
_BULLET = re.compile(r"^([^\S\n]*)[•◦▪▫‣●○■□∙·⁃][^\S\n]+", re.MULTILINE)
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9-]*)")
_HREF = re.compile(r"\shref\s*=\s*[\"']?([^\"'\s>]*)")
_CJK = re.compile(r"[\u3000-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uff00-\uffef]")


def read_markdown(text: str, box: Box) -> list[Block]:
    """Text as blocks, all with this box."""
    return _Blocks(box).read(_parser.parse(_BULLET.sub(r"\1- ", latex.with_dollars(text))))


def read_inline(text: str) -> list[Span]:
    """Text that is one paragraph, whatever it begins with."""
    one_line = " ".join(text.split())
    return _spans(_parser.parseInline(latex.with_dollars(one_line).replace("\n", " "))[0].children or ())


class _Blocks:
    """Makes blocks of tokens."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._blocks: list[Block] = []
        self._depth = 0
        self._label = ""
        """Of an item whose text has not come yet."""
        self._quote = 0
        self._kind = Kind.PARAGRAPH
        self._level = 0
        self._table: Block | None = None
        self._cells = 0

    def read(self, tokens: Iterable[Token]) -> list[Block]:
        for token in tokens:
            self._take(token)
        return self._blocks

    def _take(self, token: Token) -> None:
        match token.type:
            case "heading_open":
                self._kind, self._level = Kind.HEADING, int(token.tag[1:])
            case "heading_close":
                self._kind, self._level = Kind.PARAGRAPH, 0
            case "bullet_list_open" | "ordered_list_open":
                self._begin_item()
                self._depth += 1
            case "bullet_list_close" | "ordered_list_close":
                self._depth -= 1
            case "list_item_open":
                self._label = f"{token.info}{token.markup}" if token.info else "•"
            case "list_item_close":
                self._begin_item()
            case "blockquote_open":
                self._begin_item()
                self._quote += 1
            case "blockquote_close":
                self._quote -= 1
            case "inline":
                self._text(token)
            case "fence" | "code_block":
                self._add(Kind.CODE, [Span(token.content.rstrip("\n"), code=True)])
            case "math_block" | "math_block_label":
                self._add(Kind.FORMULA, [Span(latex.bare(token.content), math=True)])
            case "html_block":
                self._html(token.content)
            case "table_open":
                self._table = self._add(Kind.TABLE, [])
            case "table_close":
                self._table = None
            case "tr_open" if self._table is not None:
                self._table.rows.append([])
            case "th_open" | "td_open" if self._table is not None and self._cells < MOST_CELLS:
                self._table.rows[-1].append(Cell(is_header=token.type == "th_open"))
                self._cells += 1

    def _text(self, token: Token) -> None:
        spans = _spans(token.children or ())
        if self._table is not None:
            if self._table.rows[-1] and self._cells < MOST_CELLS:
                self._table.rows[-1][-1].spans = spans
        elif len(spans) == 1 and spans[0].math and self._kind is Kind.PARAGRAPH and not self._label:
            self._add(Kind.FORMULA, spans)
        elif spans:
            self._add(self._kind, spans, self._level)

    def _add(self, kind: Kind, spans: list[Span], level: int = 0) -> Block:
        if kind is Kind.PARAGRAPH and self._label:
            kind = Kind.LIST_ITEM
        else:
            self._begin_item()
        label, self._label = self._label, ""
        self._blocks.append(
            Block(kind, self._box, spans, level=level, depth=self._depth, label=label, quote=self._quote)
        )
        return self._blocks[-1]

    def _begin_item(self) -> None:
        """An item that begins with something else than text, or has nothing in it."""
        if self._label:
            label, self._label = self._label, ""
            self._blocks.append(Block(Kind.LIST_ITEM, self._box, depth=self._depth, label=label, quote=self._quote))

    def _html(self, html: str) -> None:
        tables, spans = read_tables(html) if "<table" in html.lower() else ([], read_spans(html))
        if spans:
            self._add(Kind.PARAGRAPH, spans)
        for rows in tables:
            self._add(Kind.TABLE, []).rows = rows


def _spans(tokens: Sequence[Token]) -> list[Span]:
    styles = Styles()
    spans: list[Span] = []
    for number, token in enumerate(tokens):
        match token.type:
            case "text" | "text_special":
                spans.append(styles.span(token.content))
            case "softbreak":
                spans.append(styles.span(_line_end(spans, tokens[number + 1 :])))
            case "hardbreak":
                spans.append(Span("\n"))
            case "code_inline":
                spans.append(Span(token.content, code=True))
            case "math_inline" | "math_inline_double":
                spans.append(Span(latex.bare(token.content), math=True))
            case "link_open":
                styles.start("a", str(token.attrs.get("href", "")))
            case "image":
                spans.append(styles.span(token.content))
            case "html_inline":
                tag = _TAG.match(token.content)
                if tag is not None and tag[2].lower() == "br":
                    spans.append(Span("\n"))
                elif tag is not None and tag[1]:
                    styles.end(tag[2].lower())
                elif tag is not None:
                    address = _HREF.search(token.content)
                    styles.start(tag[2].lower(), address[1] if address else "")
            case _ if token.nesting == 1:
                styles.start(token.tag)
            case _ if token.nesting == -1:
                styles.end(token.tag)
    return stripped(merged(spans))


def _line_end(before: Sequence[Span], after: Sequence[Token]) -> str:
    """What a line's end within a paragraph is: nothing between characters of a script that has no blanks."""
    last = before[-1].text[-1:] if before else ""
    following = after[0].content[:1] if after else ""
    return "" if _CJK.match(last) and _CJK.match(following) else " "
