"""Reads the HTML that models write: tables, and styles within text."""

import re
from collections.abc import Callable
from html.parser import HTMLParser

from engine.convert.page import latex
from engine.convert.page.blocks import Cell, Span, merged, stripped

MOST_CELLS = 20_000
_MOST_ROWS = 2_000
_MOST_SPANNED = 200
"""Columns or rows of one cell."""
_STYLES = {"b": "bold", "strong": "bold", "th": "", "i": "italic", "em": "italic", "code": "code", "tt": "code"}
_STYLES |= {"s": "strike", "del": "strike", "strike": "strike", "sup": "sup", "sub": "sub", "a": "link"}
_BREAKS = frozenset({"br", "p", "div", "li", "tr"})
_LINK = re.compile(r"(?:https?://|mailto:)[^\s<>]+$", re.IGNORECASE)


class Styles:
    """Which styles are on, by the tags that are open."""

    def __init__(self) -> None:
        self._open: list[tuple[str, str]] = []  # tag, and of a link its address

    def start(self, tag: str, link: str = "") -> None:
        """A tag opens; what is no style is nothing, and so is what is too deep."""
        if _STYLES.get(tag) and len(self._open) < 50:
            self._open.append((tag, safe_link(link)))

    def end(self, tag: str) -> None:
        """A tag closes, with whatever was opened in it."""
        for place in range(len(self._open) - 1, -1, -1):
            if self._open[place][0] == tag:
                del self._open[place:]
                return

    def span(self, text: str) -> Span:
        """Text in the styles that are on."""
        on = {_STYLES[tag] for tag, _ in self._open}
        script = ("sup" in on) - ("sub" in on)
        link = next((link for tag, link in reversed(self._open) if tag == "a"), "")
        return Span(text, "bold" in on, "italic" in on, "code" in on, "strike" in on, script, link)


def safe_link(address: str) -> str:
    """An address that a document may lead to; empty for any other."""
    return address if len(address) <= 2000 and _LINK.match(address) else ""


def read_spans(html: str) -> list[Span]:
    """Text with its styles; a line feed where a line ends."""
    reader = _Reader(lambda tag, attributes: None)
    reader.feed(html)
    reader.close()
    return reader.take()


def read_tables(html: str) -> tuple[list[list[list[Cell]]], list[Span]]:
    """The rows of each table, and the text that is in none; a table in a table is text of its cell."""
    reader = _Tables()
    reader.feed(html)
    reader.close()
    return [rows for rows in map(_with_head, reader.tables) if rows], stripped(reader.aside)


class _Reader(HTMLParser):
    """Collects text with its styles."""

    def __init__(self, on_start: Callable[[str, dict[str, str]], None]) -> None:
        super().__init__(convert_charrefs=True)
        self._on_start = on_start
        self._styles = Styles()
        self._spans: list[Span] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag in _BREAKS:
            self._spans.append(Span("\n"))
        self._styles.start(tag, attributes.get("href", ""))
        self._on_start(tag, attributes)

    def handle_endtag(self, tag: str) -> None:
        self._styles.end(tag)
        if tag in _BREAKS:
            self._spans.append(Span("\n"))

    def handle_data(self, data: str) -> None:
        text = re.sub(r"\s+", " ", data)
        if text:
            self._spans.append(self._styles.span(text))

    def take(self) -> list[Span]:
        """What has been read since it was last taken."""
        spans, self._spans = merged(self._spans), []
        spans = [piece for span in spans for piece in latex.with_math(span)]
        text_so_far = ""
        for span in spans:  # no blank lines, and no blanks around a line's end
            lines = re.sub(r" *\n[ \n]*", "\n", span.text)
            span.text = lines.lstrip("\n ") if text_so_far.endswith("\n") else lines
            text_so_far = span.text or text_so_far
        return stripped(spans)


class _Tables(_Reader):
    """Collects tables, cell by cell."""

    def __init__(self) -> None:
        super().__init__(self._start)
        self.tables: list[list[list[Cell]]] = []
        self.aside: list[Span] = []
        self._depth = 0
        self._cell: Cell | None = None
        self._is_in_head = False
        self._cells = 0

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "table":
            self._depth += 1
            if self._depth == 1:
                self._end_cell()
                self.tables.append([])
                self._is_in_head = False
        elif self._depth != 1:
            pass
        elif tag == "tr":
            self._end_cell()
            if len(self.tables[-1]) < _MOST_ROWS:
                self.tables[-1].append([])
        elif tag in ("thead", "tbody", "tfoot"):
            self._end_cell()
            self._is_in_head = tag == "thead"
        elif tag in ("td", "th"):
            self._end_cell()
            if not self.tables[-1]:
                self.tables[-1].append([])
            if self._cells < MOST_CELLS:
                is_header = tag == "th" or self._is_in_head
                columns, rows = (_spanned(attributes.get(name, "")) for name in ("colspan", "rowspan"))
                self._cell = Cell([], is_header, columns, rows)
                self._cells += 1

    def handle_endtag(self, tag: str) -> None:
        super().handle_endtag(tag)
        if self._depth == 1 and tag in ("td", "th", "tr", "thead", "table"):
            self._end_cell()
            self._is_in_head &= tag != "thead"
        if tag == "table":
            self._depth = max(0, self._depth - 1)

    def close(self) -> None:
        super().close()
        self._end_cell()

    def _end_cell(self) -> None:
        """What has been read so far is the cell's, or stands beside all cells."""
        spans = self.take()
        if self._cell is not None:
            self._cell.spans = spans
            self.tables[-1][-1].append(self._cell)
            self._cell = None
        elif spans:
            self.aside += [*spans, Span("\n")]


def _spanned(value: str) -> int:
    value = value.strip()
    return min(max(int(value), 1), _MOST_SPANNED) if value.isascii() and value.isdecimal() and len(value) < 6 else 1


def _with_head(rows: list[list[Cell]]) -> list[list[Cell]]:
    """Without empty rows; the first one is the head where the model has not said what is."""
    rows = [row for row in rows if row]
    if rows and not any(cell.is_header for row in rows for cell in row):
        is_head = all(cell.rows == 1 for cell in rows[0])
        for cell in rows[0]:
            cell.is_header = is_head
    return rows
