"""A Markdown text as passages: headings, paragraphs, items, listings and tables, each with the line it begins in.

A parser for CommonMark takes seconds for a long document, and a widget for each block minutes. What is read here was
written by hotfolio, a block a line for the most part; whatever else it may be is shown as it stands.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto


class Kind(Enum):
    """What a passage is."""

    HEADING = auto()
    TEXT = auto()
    ITEM = auto()
    QUOTE = auto()
    CODE = auto()
    TABLE = auto()
    RULE = auto()


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of the text that is laid out by itself."""

    kind: Kind
    line: int
    """The source line that it begins in, from 0."""
    text: str
    """Without what marks its kind; the lines of listings and tables are apart, those of other kinds are one."""
    level: int = 0
    """Of a heading, from 1."""
    indent: int = 0
    """Blanks before it."""
    marker: str = ""
    """What stands before an item."""


_HEADING = re.compile(r"(#{1,6})\s+(.*?)(?:\s+#+)?\s*$")
_ITEM = re.compile(r"(\s*)([-*+]|\d{1,9}[.)])\s+(?=\S)")
_RULE = re.compile(r"\s{0,3}([-*_])(?:\s*\1){2,}\s*$")
_FENCE = re.compile(r"\s{0,12}(`{3,}|~{3,})")
_DELIMITER = re.compile(r"\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$")
_HTML_TABLE = re.compile(r"\s*<table\b", re.IGNORECASE)
_HTML_END = re.compile(r"</table>", re.IGNORECASE)
_HARD_BREAK = re.compile(r"(?: {2,}|\\)$")


def passages(text: str, starts: Collection[int] = ()) -> list[Passage]:
    """A text's passages in order. One begins in each of the lines `starts`, whatever stands before it."""
    return list(_Scanner(text.split("\n"), frozenset(starts)).scan())


class _Scanner:
    def __init__(self, lines: Sequence[str], starts: frozenset[int]) -> None:
        self._lines = lines
        self._starts = starts
        self._at = 0

    def scan(self) -> Iterator[Passage]:
        while self._at < len(self._lines):
            line = self._lines[self._at]
            if line.strip():
                yield self._passage(line)
            else:
                self._at += 1

    def _passage(self, line: str) -> Passage:
        at = self._at
        if found := _FENCE.match(line):
            return self._listing(found[1])
        if found := _HEADING.match(line):
            self._at += 1
            return Passage(Kind.HEADING, at, found[2], level=len(found[1]))
        if _RULE.match(line):
            self._at += 1
            return Passage(Kind.RULE, at, "")
        if _HTML_TABLE.match(line):
            return self._html_table()
        if "|" in line and self._has_delimiter_below():
            return self._table()
        if found := _ITEM.match(line):
            text = self._joined(line[found.end() :])
            return Passage(Kind.ITEM, at, text, indent=len(found[1].expandtabs(4)), marker=found[2])
        if line.lstrip().startswith(">"):
            return self._quote()
        indent = len(line) - len(line.lstrip(" "))
        return Passage(Kind.TEXT, at, self._joined(line), indent=min(indent, 12))

    def _ends(self, at: int) -> bool:
        return at >= len(self._lines) or at in self._starts

    def _joined(self, first: str) -> str:
        """The line and those that go on with it, as one."""
        parts = [first]
        self._at += 1
        while not self._ends(self._at):
            line = self._lines[self._at]
            if not line.strip() or self._begins_another(line):
                break
            parts.append(line)
            self._at += 1
        if len(parts) == 1:
            return first.strip()
        return "".join(
            _HARD_BREAK.sub("", part.strip()) + ("\n" if _HARD_BREAK.search(part) else " ") for part in parts
        ).rstrip()

    def _begins_another(self, line: str) -> bool:
        if line[0].isalpha():
            return "|" in line and self._has_delimiter_below()
        return bool(
            _HEADING.match(line)
            or _ITEM.match(line)
            or _FENCE.match(line)
            or _RULE.match(line)
            or _HTML_TABLE.match(line)
            or line.lstrip().startswith(">")
            or ("|" in line and self._has_delimiter_below())
        )

    def _listing(self, fence: str) -> Passage:
        at = self._at
        first = self._lines[at]
        indent = len(first) - len(first.lstrip())
        body = []
        self._at += 1
        while self._at < len(self._lines):
            line = self._lines[self._at]
            self._at += 1
            if line.strip().startswith(fence) and not line.strip().strip(fence[0]):
                break
            body.append(line[indent:] if not line[:indent].strip() else line)
        return Passage(Kind.CODE, at, "\n".join(body), indent=indent)

    def _quote(self) -> Passage:
        at = self._at
        parts = []
        while not self._ends(self._at) or self._at == at:
            line = self._lines[self._at].lstrip()
            if not line.startswith(">"):
                break
            parts.append(line.lstrip("> ").rstrip())
            self._at += 1
        return Passage(Kind.QUOTE, at, "\n".join(part for part in parts if part))

    def _has_delimiter_below(self) -> bool:
        below = self._at + 1
        return below < len(self._lines) and "-" in self._lines[below] and bool(_DELIMITER.match(self._lines[below]))

    def _table(self) -> Passage:
        at = self._at
        rows = [self._lines[at]]
        self._at += 2
        while not self._ends(self._at) and "|" in self._lines[self._at]:
            rows.append(self._lines[self._at])
            self._at += 1
        return Passage(Kind.TABLE, at, "\n".join(rows))

    def _html_table(self) -> Passage:
        at = self._at
        parts = []
        while not self._ends(self._at) or self._at == at:
            parts.append(self._lines[self._at])
            self._at += 1
            if _HTML_END.search(parts[-1]):
                break
        return Passage(Kind.TABLE, at, html_rows("\n".join(parts)))


_ROW = re.compile(r"<tr\b[^>]*>(.*?)(?=</tr>|<tr\b|$)", re.IGNORECASE | re.DOTALL)
_CELL = re.compile(r"<t[hd]\b[^>]*>(.*?)(?=</t[hd]>|<t[hd]\b|$)", re.IGNORECASE | re.DOTALL)


def html_rows(markup: str) -> str:
    """A table of HTML as rows of cells between pipes; a cell over several columns or rows stands in its first."""
    rows = [[" ".join(cell.split()).replace("|", r"\|") for cell in _CELL.findall(row)] for row in _ROW.findall(markup)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows if row)
