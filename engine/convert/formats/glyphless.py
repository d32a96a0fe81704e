"""A font without shapes, for text that is there to be found and not to be seen.

It is a TrueType font of two empty glyphs, embedded once in a document (PDF 32000-1, 9.7.4; PDF/A asks for embedding).
A character's code is its number in Unicode; characters beyond U+FFFF take the codes of surrogates, page by page.
"""

import struct
import zlib
from collections.abc import Sequence

from pymupdf import mupdf

NAME = "GlyphLessFont"
"""As Tesseract and OCRmyPDF call theirs: by this name other programs know text for what OCR has read."""
ADVANCE = 0.5
"""Width of every character, in ems."""
ASCENT = 0.8
DESCENT = 0.2
"""Of an em; together they are one, so that a line marked in a viewer is as high as its font size."""
FIRST_SPARE, LAST_SPARE = 0xD800, 0xDFFF
"""Codes that stand for no character in Unicode."""

_EM = 1000


class GlyphlessFont:
    """The font in one document; what is needed of it is added when it is first asked for."""

    def __init__(self, pdf: mupdf.PdfDocument) -> None:
        self._pdf = pdf
        self._glyphs: mupdf.PdfObj | None = None
        self._common: mupdf.PdfObj | None = None

    def reference(self, beyond: Sequence[int] = ()) -> mupdf.PdfObj:
        """The font as an indirect object, for a page whose characters beyond U+FFFF are these, by their codes."""
        if beyond:
            return self._font(beyond)
        if self._common is None:
            self._common = self._font(())
        return self._common

    def _font(self, beyond: Sequence[int]) -> mupdf.PdfObj:
        if self._glyphs is None:
            self._glyphs = self._descendant()
        unicode = mupdf.pdf_to_num(self._stream(_to_unicode(beyond)))
        return self._object(
            f"<</Type/Font/Subtype/Type0/BaseFont/{NAME}/Encoding/Identity-H"
            f"/DescendantFonts[{mupdf.pdf_to_num(self._glyphs)} 0 R]/ToUnicode {unicode} 0 R>>"
        )

    def _descendant(self) -> mupdf.PdfObj:
        program = _program()
        file = mupdf.pdf_to_num(self._stream(program, f"/Length1 {len(program)}"))
        to_glyph = mupdf.pdf_to_num(self._stream(b"\0\1" * 0x10000))
        height = f"{-_EM * DESCENT:.0f} {_EM * ADVANCE:.0f} {_EM * ASCENT:.0f}"
        descriptor = self._object(
            f"<</Type/FontDescriptor/FontName/{NAME}/Flags 5/FontBBox[0 {height}]/ItalicAngle 0"
            f"/Ascent {_EM * ASCENT:.0f}/Descent {-_EM * DESCENT:.0f}/CapHeight {_EM * ASCENT:.0f}/StemV 80"
            f"/FontFile2 {file} 0 R>>"
        )
        return self._object(
            f"<</Type/Font/Subtype/CIDFontType2/BaseFont/{NAME}/DW {_EM * ADVANCE:.0f}/CIDToGIDMap {to_glyph} 0 R"
            "/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>"
            f"/FontDescriptor {mupdf.pdf_to_num(descriptor)} 0 R>>"
        )

    def _object(self, source: str) -> mupdf.PdfObj:
        return mupdf.pdf_add_object(self._pdf, _parsed(self._pdf, source))

    def _stream(self, content: bytes, entries: str = "") -> mupdf.PdfObj:
        return add_stream(self._pdf, content, entries)


def add_stream(pdf: mupdf.PdfDocument, content: bytes, entries: str = "") -> mupdf.PdfObj:
    """Add a stream to a document, compressed; `entries` are more of its dictionary, as PDF."""
    buffer = mupdf.fz_new_buffer_from_copied_data(zlib.compress(content))
    dictionary = _parsed(pdf, f"<</Filter/FlateDecode{entries}>>")
    return mupdf.pdf_add_stream(pdf, buffer, dictionary, 1)


def _parsed(pdf: mupdf.PdfDocument, source: str) -> mupdf.PdfObj:
    buffer = mupdf.fz_new_buffer_from_copied_data(source.encode("ascii"))
    return mupdf.pdf_parse_stm_obj(pdf, mupdf.fz_open_buffer(buffer), mupdf.PdfLexbuf(mupdf.PDF_LEXBUF_SMALL))


def _program() -> bytes:
    """The font file: the tables that PDF 32000-1, 9.9 asks of TrueType, with two empty glyphs."""
    ascent, descent, advance = round(_EM * ASCENT), round(-_EM * DESCENT), round(_EM * ADVANCE)
    box = (0, descent, advance, ascent)
    tables = {
        b"glyf": b"\0",  # a table may not be empty
        b"head": struct.pack(">IIIIHHqqhhhhHHhhh", 1 << 16, 1 << 16, 0, 0x5F0F3CF5, 3, _EM, 0, 0, *box, 0, 8, 2, 0, 0),
        b"hhea": struct.pack(">IhhhHhhhhhhhhhhhH", 1 << 16, ascent, descent, 0, advance, *[0] * 11, 1),
        b"hmtx": struct.pack(">Hhh", advance, 0, 0),
        b"loca": struct.pack(">HHH", 0, 0, 0),
        b"maxp": struct.pack(">IHHHHHHHHHHHHHH", 1 << 16, 2, *[0] * 4, 1, *[0] * 8),
    }
    directory = struct.pack(">IHHHH", 1 << 16, len(tables), 64, 2, 16 * len(tables) - 64)
    offset, body = len(directory) + 16 * len(tables), b""
    for tag, table in tables.items():
        padded = table + bytes(-len(table) % 4)
        checksum = sum(struct.unpack(f">{len(padded) // 4}I", padded)) & 0xFFFFFFFF
        directory += tag + struct.pack(">III", checksum, offset + len(body), len(table))
        body += padded
    return directory + body


def _to_unicode(beyond: Sequence[int]) -> bytes:
    """The CMap from codes to characters (PDF 32000-1, 9.10.3); a range in it may change the last byte alone."""
    ranges = [f"<{high:02X}00> <{high:02X}FF> <{high:02X}00>" for high in range(256) if not 0xD8 <= high <= 0xDF]
    singles = [
        f"<{FIRST_SPARE + place:04X}> <{chr(character).encode('utf-16-be').hex().upper()}>"
        for place, character in enumerate(beyond)
    ]
    lines = [
        "/CIDInit /ProcSet findresource begin",
        "12 dict begin",
        "begincmap",
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def",
        "/CMapName /Adobe-Identity-UCS def",
        "/CMapType 2 def",
        "1 begincodespacerange",
        "<0000> <FFFF>",
        "endcodespacerange",
        *_in_hundreds(ranges, "bfrange"),
        *_in_hundreds(singles, "bfchar"),
        "endcmap",
        "CMapName currentdict /CMap defineresource pop",
        "end",
        "end",
    ]
    return "\n".join(lines).encode("ascii")


def _in_hundreds(lines: list[str], operator: str) -> list[str]:
    """A CMap takes a hundred entries at a time."""
    found: list[str] = []
    for start in range(0, len(lines), 100):
        part = lines[start : start + 100]
        found += [f"{len(part)} begin{operator}", *part, f"end{operator}"]
    return found
