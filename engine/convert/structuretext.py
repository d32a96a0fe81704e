"""Has MuPDF read a page's text along with the structure elements it belongs to, as a tree of elements and runs."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

import pymupdf
from pymupdf import mupdf

from engine.convert.blocks import Box
from engine.convert.structuretree import NoStructure, Path

_FLAGS = pymupdf.TEXT_COLLECT_STRUCTURE | pymupdf.TEXT_PRESERVE_WHITESPACE | pymupdf.TEXT_MEDIABOX_CLIP
_GRAPHICS = pymupdf.TEXT_PRESERVE_IMAGES | pymupdf.TEXT_COLLECT_VECTORS
"""They give figures their place, for an eighth of the time."""
# A tenth of the time of an XML parser, for which a page's 4,000 characters are 4,000 elements; and MuPDF's XML may hold
# characters that XML must not, and names that are not escaped.
_PART = re.compile(
    r'<struct idx="(?P<place>\d+)" bbox="(?P<box>[^"]*)" raw="(?P<name>[\s\S]*?)" std="(?P<role>[^"]*)"'
    r"|(?P<end></struct>)"
    r'|<font (?P<hex>hex)?name="(?P<font>[\s\S]*?)" size="(?P<size>[^"]*)">'
)
_CHAR = re.compile(r' c="([^"]*)"')
_QUAD = re.compile(
    r'<char c="[^"]*" quad="(\S+) (\S+) \S+ \S+ \S+ \S+ (\S+) ([^"\s]+)" x="[^"]*" y="([^"]*)"[^>]*? flags="(\d+)"'
)
_NAMES = {"NonDtruct": "NonStruct"}  # so MuPDF 1.27 and 2.0 spell it
_SUPERSCRIPT = 1


@dataclass(slots=True)
class Run:
    """Text in one font on one line."""

    text: str
    box: Box
    baseline: float
    font: str
    size: float
    """In points."""
    is_superscript: bool = False

    @property
    def is_monospaced(self) -> bool:
        """Whether its font is, by its name."""
        return _traits(self.font)[2]

    @property
    def is_bold(self) -> bool:
        """Whether its font is, by its name."""
        return _traits(self.font)[0]

    @property
    def is_italic(self) -> bool:
        """Whether its font is, by its name."""
        return _traits(self.font)[1]


@dataclass(slots=True)
class Element:
    """A structure element, as far as it is on this page."""

    role: str
    """The standard one that its own is mapped to."""
    path: Path
    box: Box
    name: str = ""
    """Its own, which in word processors is the name of a style."""
    kids: "list[Element | Run]" = field(default_factory=list)

    def runs(self) -> Iterator[Run]:
        """All its text, in order."""
        for kid in self.kids:
            if isinstance(kid, Run):
                yield kid
            else:
                yield from kid.runs()

    def elements(self) -> "list[Element]":
        """Its kids that are elements."""
        return [kid for kid in self.kids if isinstance(kid, Element)]


@dataclass(slots=True)
class ElementTree(Element):
    """All elements of a page."""

    paths_with_text: set[int] = field(default_factory=set)
    """The hashes of the paths of those that have text of their own."""
    characters: int = 0
    unknown: int = 0
    """Of them, that could not be decoded."""


def read_elements(page: pymupdf.Page, *, graphics: bool) -> ElementTree:
    """The page's text as one element, of which those of the structure are kids, and runs that are in none of them.

    Without `graphics`, elements without text have no place. Raises `NoStructure` if what MuPDF says cannot be made out.
    """
    xml = _as_xml(page.get_textpage(flags=_FLAGS | _GRAPHICS if graphics else _FLAGS))
    known = 0
    root = ElementTree("Document", (), (0.0, 0.0, 0.0, 0.0))
    stack: list[Element] = [root]
    position = 0
    while (found := _PART.search(xml, position)) is not None:
        position = found.end()
        role, font = found["role"], found["font"]
        if role is not None:
            parent = stack[-1]
            element = Element(
                _NAMES.get(role, role), (*parent.path, int(found["place"])), _box(found["box"]), found["name"]
            )
            parent.kids.append(element)
            stack.append(element)
        elif font is not None:
            if found["hex"]:  # so MuPDF writes names that are not plain
                font = bytes.fromhex(font).decode("utf-8", "replace")
            end = xml.find("</font>", position)
            chars, position = xml[position:end].lstrip(), end
            texts = _CHAR.findall(chars)
            known += len(texts)
            if (run := _run(font, float(found["size"]), "".join(texts), chars)) is not None:
                stack[-1].kids.append(run)
                root.paths_with_text.add(hash(stack[-1].path))
        elif len(stack) > 1:
            stack.pop()
    if known != xml.count("<char "):
        raise NoStructure("its text cannot be told from its tags")
    root.characters, root.unknown = known, xml.count('c="&#xfffd;"')
    return root


def _as_xml(textpage: pymupdf.TextPage) -> str:
    r"""As PyMuPDF's `extractXML`, which would take `\u0041` in a document's text for an escape of its own."""
    buffer = mupdf.fz_new_buffer(1 << 19)
    out = mupdf.FzOutput(buffer)
    mupdf.fz_print_stext_page_as_xml(out, textpage.this, 0)
    out.fz_close_output()
    return str(mupdf.fz_buffer_extract_copy(buffer), "utf-8", "replace")


def _run(font: str, size: float, text: str, chars: str) -> Run | None:
    if not text:
        return None
    if "&" in text:
        text = html.unescape(text)
    first, last = _QUAD.match(chars), _QUAD.match(chars, chars.rindex("<char"))
    if first is None or last is None:
        return None
    x, y = sorted((float(first[1]), float(last[3]))), sorted((float(first[2]), float(last[4])))
    return Run(text, (x[0], y[0], x[1], y[1]), float(first[5]), font, size, int(first[6]) & _SUPERSCRIPT != 0)


def _box(text: str) -> Box:
    left, top, right, bottom = map(float, text.split())
    return (left, top, right, bottom)


_BOLD = re.compile(r"bold|black|heavy|semibd|demi(?!l)", re.IGNORECASE)
_ITALIC = re.compile(r"ital|oblique|slanted", re.IGNORECASE)
_MONOSPACED = re.compile(
    r"mono|courier|consol|menlo|typewriter|inconsolata|fixed|cascadia|\bcode\b|hack|lmtt|cmtt", re.IGNORECASE
)


@lru_cache(maxsize=1024)
def _traits(font: str) -> tuple[bool, bool, bool]:
    """Bold, italic, monospaced, as a font's name says: a name, at most 31 characters of which MuPDF keeps."""
    return bool(_BOLD.search(font)), bool(_ITALIC.search(font)), bool(_MONOSPACED.search(font))
