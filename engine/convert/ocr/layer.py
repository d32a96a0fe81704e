"""Puts words on a page as text that is not painted, for the layout model and everything after it to read.

The font has no name for its glyphs: each of the page's characters gets a code and a glyph of Helvetica, its own where
there is one, so that MuPDF finds boxes as high as the letters are. Which character it is, the font says by `ToUnicode`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby

import numpy as np
import pymupdf

from engine.convert.ocr.engines.ocrengine import ASCENT, Corners
from engine.convert.ocr.engines.words import is_cjk

_NAME = "HotfolioOcr"
_FONT = "GlyphLessFont"
"""Tesseract's name for a font of this sort; `rawwords` knows by it that the font says nothing of the text's style."""
_UNKNOWN_WIDTH = 600
_LEVEL = 4.0
"""Degrees by which a line may be off the direction of the page to be set along it."""
_SAME_SIZE = 1.12
"""Lines whose sizes are closer than this are of one size: an engine's measure is not better."""
_MOST_SPREAD = 0.15
"""In shares of the font's size, by how much characters may be set wider or closer; beyond, they are stretched."""


@dataclass(frozen=True, slots=True)
class LayerLine:
    """A line of words, in points on the page as it is shown."""

    words: tuple[tuple[str, Corners], ...]
    corners: Corners
    """As high as the font is large, with the baseline at `ASCENT`."""


def add_layer(page: pymupdf.Page, lines: Sequence[LayerLine]) -> None:
    """Write lines over what the page has, whose coordinates must be those of the page as it is shown."""
    document = page.parent
    characters = sorted({character for line in lines for word, _ in line.words for character in word} | {" "})
    codes = {character: code for code, character in enumerate(characters, 1)}
    height = page.rect.height
    sizes = _sizes(lines)
    content = ["q BT 3 Tr"]
    for line, size in zip(lines, sizes, strict=True):
        content += _show(line, size, codes, height)
    content.append("ET Q")
    font = _font(document, codes)
    resources = _resources(page)
    document.xref_set_key(resources, f"Font/{_NAME}", f"{font} 0 R")
    stream = document.get_new_xref()
    document.update_object(stream, "<<>>")
    document.update_stream(stream, "\n".join(content).encode("ascii"))
    contents = [*page.get_contents(), stream]
    document.xref_set_key(page.xref, "Contents", "[" + " ".join(f"{xref} 0 R" for xref in contents) + "]")


def _show(line: LayerLine, size: float, codes: dict[str, int], height: float) -> list[str]:
    """The operators of a line: each word is set to its own place and width, with a blank after it."""
    base = line.corners[0] + ASCENT * (line.corners[3] - line.corners[0])
    edge = line.corners[1] - line.corners[0]
    length = float(np.hypot(*edge))
    if length <= 0 or size <= 0:
        return []
    angle = np.degrees(np.arctan2(edge[1], edge[0]))
    level = 90 * round(angle / 90)
    if abs(angle - level) < _LEVEL:
        angle = level
        middle = (line.corners[0] + line.corners[1]) / 2 + ASCENT * (line.corners[3] - line.corners[0])
        base = middle - 0.5 * length * _unit(angle)
    along = _unit(angle)
    operators = []
    for word, corners in line.words:
        left = (corners[0] + corners[3]) / 2
        right = (corners[1] + corners[2]) / 2
        start, end = float((left - base) @ along), float((right - base) @ along)
        x, y = base + start * along
        natural = sum(_width(character) for character in word) * size / 1000
        spread, stretch = (max(end - start, 0.1 * size) - natural) / len(word), 1.0
        if abs(spread) > _MOST_SPREAD * size:
            spread, stretch = 0.0, min(max((end - start) / natural, 0.5), 2.0)
        text = "".join(f"{codes[character]:04X}" for character in f"{word} ")
        cos, sin = along
        # MuPDF takes the mean of height and width for the size: what is stretched is set lower by as much.
        operators.append(
            f"/{_NAME} {size / stretch:.2f} Tf {100 * stretch * stretch:.2f} Tz {spread:.3f} Tc "
            f"{cos:.5f} {-sin:.5f} {sin:.5f} {cos:.5f} {x:.2f} {height - y:.2f} Tm <{text}> Tj"
        )
    return operators


def _unit(degrees: float) -> Corners:
    if degrees % 90 == 0:
        return np.array([(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0)][int(degrees // 90) % 4])
    return np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))])


def _sizes(lines: Sequence[LayerLine]) -> list[float]:
    """The font size of each line, in points: for lines of about one size, that of most of their text."""
    measured = [float(np.hypot(*(line.corners[3] - line.corners[0]))) for line in lines]
    weights = [sum(len(word) for word, _ in line.words) for line in lines]
    result = list(measured)
    rest = sorted(range(len(lines)), key=lambda i: measured[i])
    while rest:
        # The size with most text within reach is one of the page's sizes; it draws in what is near it.
        best = max(rest, key=lambda i: sum(weights[j] for j in rest if _are_alike(measured[i], measured[j])))
        near = [j for j in rest if _are_alike(measured[best], measured[j])]
        shared = float(np.repeat([measured[j] for j in near], [max(weights[j], 1) for j in near]).mean())
        for j in near:
            result[j] = round(2 * shared) / 2 or 0.5
        rest = [j for j in rest if j not in near]
    return result


def _are_alike(one: float, other: float) -> bool:
    return max(one, other) <= _SAME_SIZE * min(one, other)


def _resources(page: pymupdf.Page) -> int:
    """The number of the page's resources, which become an object of their own, with a place for fonts."""
    document = page.parent
    kind, value = document.xref_get_key(page.xref, "Resources")
    if kind == "xref":
        xref = int(value.split()[0])
    else:
        xref = document.get_new_xref()
        document.update_object(xref, value if kind == "dict" else "<<>>")
        document.xref_set_key(page.xref, "Resources", f"{xref} 0 R")
    kind, value = document.xref_get_key(xref, "Font")
    if kind == "xref":  # shared with nothing: the page is a copy
        document.xref_set_key(xref, "Font", document.xref_object(int(value.split()[0]), compressed=True))
    return xref


def _font(document: pymupdf.Document, codes: dict[str, int]) -> int:
    """A composite font in which each character has its code."""
    helvetica = _helvetica()
    glyphs = b"\0\0" + b"".join(_glyph(character).to_bytes(2, "big") for character in codes)
    file = _stream(document, helvetica.buffer, "<</Subtype/OpenType>>")
    mapping = _stream(document, glyphs)
    meaning = _stream(document, _to_unicode(codes))
    widths = " ".join(str(_width(character)) for character in codes)
    descriptor = _object(
        document,
        f"<</Type/FontDescriptor/FontName/{_FONT}/Flags 4/FontBBox[-200 -300 1200 1000]/Ascent 800/Descent -200"
        f"/CapHeight 700/ItalicAngle 0/StemV 80/FontFile3 {file} 0 R>>",
    )
    descendant = _object(
        document,
        f"<</Type/Font/Subtype/CIDFontType2/BaseFont/{_FONT}"
        "/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>"
        f"/FontDescriptor {descriptor} 0 R/CIDToGIDMap {mapping} 0 R/DW {_UNKNOWN_WIDTH}/W[1[{widths}]]>>",
    )
    return _object(
        document,
        f"<</Type/Font/Subtype/Type0/BaseFont/{_FONT}/Encoding/Identity-H/DescendantFonts[{descendant} 0 R]"
        f"/ToUnicode {meaning} 0 R>>",
    )


def _to_unicode(codes: dict[str, int]) -> bytes:
    lines = [
        "/CIDInit/ProcSet findresource begin 12 dict begin begincmap/CMapName/Ocr def/CMapType 2 def",
        "1 begincodespacerange<0000><FFFF>endcodespacerange",
    ]
    entries = [f"<{code:04X}><{character.encode('utf-16-be', 'replace').hex()}>" for character, code in codes.items()]
    for _, group in groupby(enumerate(entries), lambda entry: entry[0] // 100):  # the most that one section may have
        section = [entry for _, entry in group]
        lines += [f"{len(section)} beginbfchar", *section, "endbfchar"]
    return "\n".join([*lines, "endcmap end end"]).encode("ascii")


def _object(document: pymupdf.Document, text: str) -> int:
    xref = int(document.get_new_xref())
    document.update_object(xref, text)
    return xref


def _stream(document: pymupdf.Document, data: bytes, dictionary: str = "<<>>") -> int:
    xref = _object(document, dictionary)
    document.update_stream(xref, data)
    return xref


@cache
def _helvetica() -> pymupdf.Font:
    return pymupdf.Font("helv")


@cache
def _glyph(character: str) -> int:
    font = _helvetica()
    return int(font.has_glyph(ord(character)) or font.has_glyph(ord("M")))


@cache
def _width(character: str) -> int:
    """In thousandths of the font's size."""
    font = _helvetica()
    if font.has_glyph(ord(character)):
        return round(1000 * float(font.glyph_advance(ord(character))))
    return 1000 if is_cjk(character) else _UNKNOWN_WIDTH
