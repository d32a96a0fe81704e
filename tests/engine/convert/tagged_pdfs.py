"""Tagged PDFs as the tests need them: written by hand, so that their structure can be as good or as bad as it may be.

A document is a tree of `Tag`s with text in it. Writing it sets each block on lines of its own, from the top of the page
down, marks its text in the content stream and builds the structure tree. Before `TaggedPdf.data()`, everything written
can be changed: `contents`, `elements`, `objects`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import pymupdf

WIDTH, HEIGHT = 595, 842
MARGIN = 72
FONTS = {
    "helv": "Helvetica",
    "hebo": "Helvetica-Bold",
    "heit": "Helvetica-Oblique",
    "cour": "Courier",
}
_SIZES = {"H1": 22.0, "H2": 18.0, "H3": 15.0}
_INLINE = frozenset({"Span", "Link", "Strong", "Em", "Code", "Lbl", "LBody", "Reference", "Sub", "Quote", "Ruby"})
_GROUPS = frozenset({"Document", "Part", "Sect", "L", "Table", "THead", "TBody", "TFoot", "TOC", "BlockQuote"})


@dataclass(frozen=True)
class Text:
    """Text of one style; a line feed in it begins a new line."""

    text: str
    font: str = "helv"
    size: float = 0.0
    """In points; 0 takes that of what it stands in."""


@dataclass(frozen=True)
class Artifact:
    """Text outside the structure at a height of its own: a running head or foot."""

    text: str
    top: float = 30.0


@dataclass(frozen=True)
class Untagged:
    """A line that is not marked at all."""

    text: str
    size: float = 11.0


@dataclass(frozen=True)
class NextPage:
    """What follows stands on the next page."""


@dataclass(frozen=True)
class Picture:
    """A grey square of so many points as content."""

    side: float = 60.0


@dataclass(frozen=True)
class Tag:
    """A structure element."""

    role: str
    kids: tuple["Kid", ...]
    entries: dict[str, str] = field(default_factory=dict)
    """More of its dictionary, as PDF."""
    uri: str = ""
    """Of a link into the web."""
    page: int | None = None
    """Of a link within the document, from 0."""


Kid = Tag | Text | Artifact | Untagged | NextPage | Picture | str


def tag(role: str, *kids: Kid, uri: str = "", page: int | None = None, **entries: str) -> Tag:
    """A structure element with these kids; `entries` are further ones of its dictionary, as PDF."""
    return Tag(role, kids, entries, uri, page)


@dataclass
class Element:
    """A structure element as it will be written."""

    number: int
    entries: dict[str, str]
    kids: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        entries = {"K": f"[{' '.join(self.kids)}]", **self.entries}
        return f"<<{' '.join(f'/{name} {value}' for name, value in entries.items())}>>"


class TaggedPdf:
    """A tagged PDF in the making; see the module."""

    def __init__(self, *kids: Kid, role_map: dict[str, str] | None = None) -> None:
        self.objects: dict[int, bytes] = {}
        self.catalog, self.pages, self.root, self.parent_tree = (self.add() for _ in range(4))
        fonts = " ".join(f"/{name} {self.add(_font(base))} 0 R" for name, base in FONTS.items())
        self.resources = f"/Font <<{fonts}>>"
        self.page_numbers: list[int] = []
        """The numbers of the pages' objects."""
        self.contents: list[bytes] = []
        """Of each page."""
        self.elements: list[Element] = []
        """In the order of their tags; the first is the root."""
        self.parents: dict[int, list[str]] = {}
        """Of the parent tree: by key, of a page, the element of each marked content; of a link, its element alone."""
        self.annotations: dict[int, list[int]] = {}
        self.page_entries: dict[int, dict[str, str]] = {}
        self.role_map = role_map or {}
        self._y = self._x = 0.0
        self._keys = 1000  # of annotations, apart from those of pages
        self._new_page()
        root = Element(self.root, {"Type": "/StructTreeRoot", "ParentTree": f"{self.parent_tree} 0 R"})
        self.elements.append(root)
        self._kids(Tag("Root", kids), root, 11.0)

    # --- objects ---

    def add(self, content: str | bytes = b"null") -> int:
        """A new object's number."""
        number = len(self.objects) + 1
        self.objects[number] = content.encode("latin-1") if isinstance(content, str) else content
        return number

    def add_stream(self, content: bytes, entries: str = "") -> int:
        """A new stream's number."""
        return self.add(b"<<%s/Length %d>>stream\n%s\nendstream" % (entries.encode(), len(content), content))

    def element(self, role: str, count: int = 0) -> Element:
        """The so many-th element of a role."""
        return [e for e in self.elements if e.entries.get("S") == f"/{role}"][count]

    def parent_entry(self, key: int) -> str:
        """An entry of the parent tree."""
        entries = self.parents[key]
        return entries[0] if key >= 1000 else f"[{' '.join(entries)}]"

    def data(self) -> bytes:
        """The PDF."""
        for element in self.elements:
            self.objects[element.number] = str(element).encode("latin-1")
        if self.role_map and "RoleMap" not in self.elements[0].entries:
            roles = " ".join(f"/{name} /{role}" for name, role in self.role_map.items())
            self.elements[0].entries["RoleMap"] = f"<<{roles}>>"
            self.objects[self.root] = str(self.elements[0]).encode("latin-1")
        if self.objects[self.parent_tree] == b"null":
            nums = " ".join(f"{key} {self.parent_entry(key)}" for key in sorted(self.parents))
            self.objects[self.parent_tree] = f"<</Nums [{nums}]>>".encode()
        for place, (number, content) in enumerate(zip(self.page_numbers, self.contents, strict=True)):
            entries = {
                "Type": "/Page",
                "Parent": f"{self.pages} 0 R",
                "MediaBox": f"[0 0 {WIDTH} {HEIGHT}]",
                "Resources": f"<<{self.resources}>>",
                "Contents": f"{self.add_stream(content)} 0 R",
                "StructParents": str(place),
                "Annots": f"[{' '.join(f'{n} 0 R' for n in self.annotations.get(place, ()))}]",
                **self.page_entries.get(place, {}),
            }
            self.objects[number] = f"<<{' '.join(f'/{k} {v}' for k, v in entries.items())}>>".encode("latin-1")
        refs = " ".join(f"{number} 0 R" for number in self.page_numbers)
        self.objects[self.pages] = f"<</Type /Pages /Count {len(self.page_numbers)} /Kids [{refs}]>>".encode()
        if self.objects[self.catalog] == b"null":
            self.objects[self.catalog] = (
                f"<</Type /Catalog /Pages {self.pages} 0 R /MarkInfo <</Marked true>> /StructTreeRoot {self.root} 0 R>>"
            ).encode()
        out = bytearray(b"%PDF-1.7\n")
        offsets = []
        for number, content in self.objects.items():
            offsets.append(len(out))
            out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
        start = len(out)
        out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(offsets) + 1)
        for offset in offsets:
            out += b"%010d 00000 n \n" % offset
        out += b"trailer <</Size %d /Root %d 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(offsets) + 1, self.catalog, start)
        return bytes(out)

    # --- from tags to content ---

    def _new_page(self) -> None:
        self.page_numbers.append(self.add())
        self.contents.append(b"")
        self.parents[len(self.page_numbers) - 1] = []
        self._x, self._y = MARGIN, MARGIN

    @property
    def _page(self) -> int:
        return len(self.page_numbers) - 1

    def _kids(self, tag: Tag, element: Element, size: float) -> None:
        for kid in tag.kids:
            match kid:
                case str():
                    self._text(Text(kid), element, size)
                case Text():
                    self._text(kid, element, size)
                case Tag():
                    self._tag(kid, element, size)
                case NextPage():
                    self._new_page()
                case Artifact():
                    self._write(f"/Artifact <</Type /Pagination>> BDC {_show(kid.text, MARGIN, kid.top, 9.0)} EMC")
                case Untagged():
                    self._line(kid.size)
                    self._write(_show(kid.text, self._x, self._y, kid.size))
                case Picture():
                    self._line(kid.side)
                    drawn = f"0.5 g {self._x} {HEIGHT - self._y} {kid.side} {kid.side} re f 0 g"
                    self._marked(drawn, element)

    def _tag(self, tag: Tag, parent: Element, size: float) -> None:
        element = Element(self.add(), {"Type": "/StructElem", "S": f"/{tag.role}", "P": f"{parent.number} 0 R"})
        element.entries |= tag.entries
        self.elements.append(element)
        parent.kids.append(f"{element.number} 0 R")
        role = self.role_map.get(tag.role, tag.role)
        if role not in _INLINE and role not in _GROUPS and role not in ("TD", "TH"):
            self._line(size)
        if role in ("TD", "TH") and self._x > MARGIN:
            self._x = MARGIN + 100 * -(-(self._x - MARGIN) // 100)
        x, page, top = self._x, self._page, self._y
        self._kids(tag, element, _SIZES.get(role, size))
        if tag.uri or tag.page is not None:
            target = (
                f"/A <</S /URI /URI ({_escaped(tag.uri)})>>" if tag.uri else f"/Dest [{tag.page} /XYZ 0 {HEIGHT} 0]"
            )
            box = f"{x:.1f} {HEIGHT - self._y - 3:.1f} {self._x:.1f} {HEIGHT - top + size:.1f}"
            annotation = self.add(
                f"<</Type /Annot /Subtype /Link /Rect [{box}] /Border [0 0 0] {target} /StructParent {self._keys}>>"
            )
            self.parents[self._keys] = [f"{element.number} 0 R"]
            self._keys += 1
            self.annotations.setdefault(page, []).append(annotation)
            element.kids.append(f"<</Type /OBJR /Pg {self.page_numbers[page]} 0 R /Obj {annotation} 0 R>>")

    def _line(self, size: float) -> None:
        """Begin a line, further down than the last one if there is something on it."""
        self._x = MARGIN
        self._y += 1.8 * size

    def _text(self, text: Text, element: Element, size: float) -> None:
        size = text.size or size
        for number, line in enumerate(text.text.split("\n")):
            if number:
                self._x = MARGIN
                self._y += 1.2 * size
            if line:
                self._marked(_show(line, self._x, self._y, size, text.font), element)
                self._x += pymupdf.get_text_length(line, fontname=text.font, fontsize=size)

    def _marked(self, drawn: str, element: Element) -> None:
        mcid = len(self.parents[self._page])
        self.parents[self._page].append(f"{element.number} 0 R")
        element.kids.append(f"<</Type /MCR /Pg {self.page_numbers[self._page]} 0 R /MCID {mcid}>>")
        role = element.entries.get("S", "/Span")
        self._write(f"{role} <</MCID {mcid}>> BDC {drawn} EMC")

    def _write(self, operators: str) -> None:
        self.contents[self._page] += operators.encode("cp1252") + b"\n"


def pdf(*kids: Kid, role_map: dict[str, str] | None = None) -> bytes:
    """A well-made tagged PDF."""
    return TaggedPdf(*kids, role_map=role_map).data()


def listing(*lines: str) -> Tag:
    """A block of code as Chromium tags it."""
    return tag("Div", tag("Code", Text("\n".join(lines), font="cour")))


def table(*rows: Iterable[str]) -> Tag:
    """A table whose first row is its head."""
    return tag(
        "Table",
        *(tag("TR", *(tag("TD" if number else "TH", cell) for cell in row)) for number, row in enumerate(rows)),
    )


def item(label: str, *kids: Kid) -> Tag:
    """A list item."""
    return tag("LI", tag("Lbl", f"{label} "), tag("LBody", *kids))


def _font(base: str) -> str:
    return f"<</Type /Font /Subtype /Type1 /BaseFont /{base} /Encoding /WinAnsiEncoding>>"


def _show(text: str, x: float, y: float, size: float, font: str = "helv") -> str:
    return f"BT /{font} {size} Tf 1 0 0 1 {x:.2f} {HEIGHT - y:.2f} Tm ({_escaped(text)}) Tj ET"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
