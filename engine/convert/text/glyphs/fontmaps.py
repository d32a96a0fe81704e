"""Gives a document's fonts the meanings of their glyphs, where the PDF lacks them or MuPDF takes them wrongly.

A font says by its character map (ToUnicode, PDF 32000-1, 9.10.3) what its codes mean. Where it has none, MuPDF goes by
the names of glyphs, and takes the number in a name of ZapfDingbats, as `a20`, for a character. Where the map leads to
nothing, as to a control character, the name of the glyph in the embedded font may still tell. What is found out is put
into the font's map in memory, so that every way to read a page gets it.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from string import ascii_lowercase
from typing import Any

import pymupdf
from pymupdf import mupdf

from engine.convert.text.glyphs.characters import count_unknown, readable
from engine.convert.text.glyphs.mathfonts import SPACING, math_font, tex_meaning

_DINGBATS = re.compile(r"dingbats|^d050000l", re.IGNORECASE)
_BAD_TARGET = re.compile(
    rb"<\s*(?:00(?:0[0-8b-f]|1[0-9a-f]|7f|[89][0-9a-f])|fffd|e[0-9a-f]{3}|f[0-8][0-9a-f]{2}|d[89a-f][0-9a-f]{2})\s*>",
    re.IGNORECASE,
)
"""A code that looks like one is no matter: what the map says of it is looked up."""
_RANGES = re.compile(rb"beginbfrange(.*?)endbfrange", re.DOTALL)
_RANGE = re.compile(rb"<\s*([0-9a-fA-F]{1,8})\s*>\s*<\s*([0-9a-fA-F]{1,8})\s*>\s*(?:<[^>]*>|\[[^\]]*\])")
_SINGLES = re.compile(rb"beginbfchar(.*?)endbfchar", re.DOTALL)
_SINGLE = re.compile(rb"<\s*([0-9a-fA-F]{1,8})\s*>\s*<[^>]*>")
_TELLS_NOTHING = re.compile(r"\.|(?:glyph|gid|g|cid|c|index|char)?\d+$|\.notdef$", re.IGNORECASE)
Glyph = tuple[str, int]
"""The name of its font, with what tells its subset, and its number there."""
_MOST_FORMS = 500
"""Of a page, to look for fonts in."""
_LIGATURES = {0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "st", 0xFB06: "st"}
_SYMBOLS: dict[int, int] = {
    # Adobe's names of Symbol's pieces, for which Unicode had no characters when they were listed.
    0xF6D9: 0xA9,
    0xF6DA: 0xAE,
    0xF6DB: 0x2122,
    0xF8E8: 0xAE,
    0xF8E9: 0xA9,
    0xF8EA: 0x2122,
    0xF8E6: 0x23D0,
    0xF8E7: 0x23AF,
    0xF8F4: 0x23AA,
    0xF8F5: 0x23AE,
    **{
        old + number: new + number
        for old, new in (
            *((0xF8EB, 0x239B), (0xF8EE, 0x23A1), (0xF8F1, 0x23A7)),
            *((0xF8F6, 0x239E), (0xF8F9, 0x23A4), (0xF8FC, 0x23AB)),
        )
        for number in range(3)
    },
}
"""Of what stands for private use in Adobe's glyph list, the character it has become."""
_TEX_CODES: dict[int, str] = {
    **dict(zip(range(11, 16), ("ff", "fi", "fl", "ffi", "ffl"), strict=True)),
    **dict(zip((*range(16, 23), *range(25, 32)), (*"“”„«»–—ıȷ", "ff", "fi", "fl", "ffi", "ffl"), strict=True)),
    **dict(enumerate("ĂĄĆČĎĚĘĞĹĽŁŃŇŊŐŔŘŚŠŞŤŢŰŮŸŹŽŻĲİđ§ăąćčďěęğĺľłńňŋőŕřśšşťţűůÿźžżĳ¡¿£", 0x80)),
    127: "-",
    0xD7: "Œ",
    0xDF: "SS",
    0xF7: "œ",
    0xFF: "ß",
}
"""What TeX has at codes where ASCII and Latin-1 have another character or none, in its old and its newer encoding.

The old one has ligatures at 11 to 15, the newer one (T1) at 27 to 31, each with something rarer in the other's place.
"""
_WORDS, _FEW_WORDS = 7, 5
"""So many small letters tell a font for words, and so many beside its punctuation."""
_TEX_BULLET = 136
"""The one character that documents use of TeX's font of signs."""


def _is_for_words(codes: Iterable[int]) -> bool:
    """Whether what a document uses of a font of TeX's is what words need.

    In fonts of mathematics, Greek letters and arrows have the codes of ligatures; commas, hyphens and full stops are
    elsewhere, and few small letters are used.
    """
    used = {chr(code) for code in codes}
    letters = len(used & set(ascii_lowercase))
    return letters >= _WORDS or (letters >= _FEW_WORDS and not used.isdisjoint(",-."))


class FontMaps:
    """The fonts of one open document, each looked at when a page that uses it is read."""

    def __init__(self, document: pymupdf.Document) -> None:
        self._pdf = pymupdf._as_pdf_document(document).m_internal if document.is_pdf else None
        self._seen: set[int] = set()
        self._open: list[tuple[str, Any]] = []
        self._told: Mapping[Glyph, str] = {}

    @property
    def are_open(self) -> bool:
        """Whether some have glyphs of which nothing has told what they mean."""
        return bool(self._open)

    def learn(self, glyphs: Mapping[Glyph, str]) -> None:
        """What some glyphs mean has been found out elsewhere, of fonts seen so far.

        Of fonts of one name nothing is learnt: which of them was meant is not known.
        """
        names = Counter(name for name, _ in self._open)
        left = [font for name, font in self._open if names[name] == 1]
        self._open = [(name, font) for name, font in self._open if names[name] > 1]
        self._told = glyphs
        if sum(map(self._has_got_map, left)):
            mupdf.fz_empty_store()  # of the fonts as they were
        self._told = {}

    def mend(self, page: pymupdf.Page) -> None:
        """See to the fonts of a page, before its text is read; the file itself is left as it is."""
        if self._pdf is None:
            return
        fonts = self._fonts(mupdf.ll_pdf_lookup_page_obj(self._pdf, page.number))
        if sum(map(self._has_got_map, fonts)):
            mupdf.fz_empty_store()  # of the fonts as they were

    def _fonts(self, page: Any) -> Iterator[Any]:
        """The fonts of a page, of its forms and of what its annotations show, those seen before left out."""
        holders = [mupdf.ll_pdf_dict_get_inheritable(page, pymupdf.PDF_NAME("Resources").m_internal)]
        annotations = mupdf.ll_pdf_dict_gets(page, "Annots")
        for place in range(min(mupdf.ll_pdf_array_len(annotations), _MOST_FORMS) if annotations else 0):
            shown = mupdf.ll_pdf_dict_getp(mupdf.ll_pdf_array_get(annotations, place), "AP/N")
            holders += [shown, *_values(shown)] if shown else []
        forms = 0
        while holders and forms < _MOST_FORMS:
            holder = holders.pop()
            resources = mupdf.ll_pdf_dict_gets(holder, "Resources") or holder
            for font in _values(mupdf.ll_pdf_dict_gets(resources, "Font")):
                if self._is_new(font):
                    yield font
            for form in _values(mupdf.ll_pdf_dict_gets(resources, "XObject")):
                if self._is_new(form) and mupdf.ll_pdf_dict_gets(form, "Resources"):
                    holders.append(form)
                    forms += 1

    def _is_new(self, item: Any) -> bool:
        number = mupdf.ll_pdf_to_num(item)
        if number in self._seen:
            return False
        if number:
            self._seen.add(number)
        return True

    def _has_got_map(self, font: Any) -> bool:
        try:
            return self._mend(font)
        except Exception:  # noqa: BLE001 - a font that is broken is read as MuPDF can
            return False

    def _mend(self, font: Any) -> bool:
        """Whether a font has got another map."""
        kind = mupdf.ll_pdf_to_name(mupdf.ll_pdf_dict_gets(font, "Subtype"))
        name = mupdf.ll_pdf_to_name(mupdf.ll_pdf_dict_gets(font, "BaseFont")).rpartition("+")[2]
        old = mupdf.ll_pdf_dict_gets(font, "ToUnicode")
        if kind == "Type0":
            encoding = mupdf.ll_pdf_to_name(mupdf.ll_pdf_dict_gets(font, "Encoding"))
            if encoding not in ("Identity-H", "Identity-V"):
                return False
            codes, digits = 0x10000, 4
        elif kind in ("Type1", "MMType1", "TrueType"):
            codes, digits = 0x100, 2
        elif kind == "Type3" and not old:
            return self._mend_bitmaps(font)
        else:
            return False
        is_dingbats = _DINGBATS.search(name) is not None
        # Of TeX's large signs, which come in several sizes, no map and no glyph list tells.
        is_for_math = math_font(name) is not None
        is_of_tex = kind != "Type0" and is_for_math
        text = b""
        if mupdf.ll_pdf_is_stream(old):
            text = bytes(mupdf.ll_fz_buffer_extract_copy(mupdf.ll_pdf_load_stream(old)))
            if not is_for_math and not _BAD_TARGET.search(text):
                return False
        elif not is_dingbats and name != "Symbol" and not is_of_tex:
            return False
        wanted = range(codes) if is_of_tex or not text else _mapped(text, codes)
        meanings = self._meanings(
            font,
            old if text else None,
            wanted,
            is_dingbats=is_dingbats,
            is_for_math=is_for_math,
            is_of_tex=is_of_tex,
        )
        if not meanings:
            return False
        self._set_map(font, text, meanings, digits)
        return True

    def _mend_bitmaps(self, font: Any) -> bool:
        """Give a font that TeX has drawn as bitmaps, whose glyphs have numbers for names, the map of TeX's codes."""
        names = mupdf.ll_pdf_dict_getp(font, "Encoding/Differences")
        code, codes = 0, []
        for place in range(mupdf.ll_pdf_array_len(names) if names else 0):
            item = mupdf.ll_pdf_array_get(names, place)
            if mupdf.ll_pdf_is_int(item):
                code = mupdf.ll_pdf_to_int(item)
                continue
            name = mupdf.ll_pdf_to_name(item)
            if name == f"a{code}":
                codes.append(code)
            elif name != ".notdef":
                return False
            code += 1
        meanings: dict[int, str] = {}
        if codes == [_TEX_BULLET]:
            meanings = {_TEX_BULLET: "•"}
        elif _is_for_words(codes):
            meanings = {code: _TEX_CODES[code] for code in codes if code in _TEX_CODES}
        if meanings:
            self._set_map(font, b"", meanings | {code: chr(code) for code in codes if code not in meanings}, 2)
        return bool(meanings)

    def _meanings(
        self, font: Any, old: Any, codes: Iterable[int], *, is_dingbats: bool, is_for_math: bool, is_of_tex: bool
    ) -> dict[int, str]:
        """What those codes mean of which the map says nothing that makes sense, by the names of their glyphs."""
        described = mupdf.ll_pdf_load_font(self._pdf, None, font)
        mapping = mupdf.ll_pdf_load_embedded_cmap(self._pdf, old) if old else None
        shapes = mupdf.FzFont(mupdf.ll_fz_keep_font(described.font))
        font_name = mupdf.ll_fz_font_name(described.font)
        is_open = False
        found: dict[int, str] = {}
        for code in codes:
            if mapping is not None:
                known = mupdf.ll_pdf_lookup_cmap(mapping, code)
                if is_for_math and known > 0 and chr(known) in SPACING:
                    found[code] = SPACING[chr(known)]
                    continue
                # The names of TeX's glyphs are true, the maps that other programs make of them seldom are.
                if not is_of_tex and (known < 0 or not _is_unknown(known)):
                    continue
            glyph = mupdf.ll_pdf_font_cid_to_gid(described, code)
            name = mupdf.fz_get_glyph_name2(shapes, glyph) if glyph > 0 else ""
            meaning = (tex_meaning(name) if is_of_tex else "") or meaning_of(name, is_dingbats=is_dingbats)
            meaning = meaning or self._told.get((font_name, glyph), "")
            if meaning:
                found[code] = meaning
            is_open |= not meaning and glyph > 0
        if is_open:
            self._open.append((font_name, mupdf.ll_pdf_keep_obj(font)))
        return found

    def _set_map(self, font: Any, text: bytes, meanings: dict[int, str], digits: int) -> None:
        """Put meanings into a font's map, before which those count that `text` has."""
        entries = [f"<{code:0{digits}x}> <{meaning.encode('utf-16-be').hex()}>\n" for code, meaning in meanings.items()]
        blocks = [
            f"{len(part)} beginbfchar\n{''.join(part)}endbfchar\n"
            for part in (entries[first : first + 100] for first in range(0, len(entries), 100))
        ]
        head = text.rpartition(b"endcmap")[0] or (
            f"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapType 2 def\n1 begincodespacerange\n"
            f"<{'0' * digits}> <{'f' * digits}>\nendcodespacerange\n"
        ).encode("ascii")
        written = head + "".join(blocks).encode("ascii") + b"endcmap end end\n"
        pdf = mupdf.PdfDocument(mupdf.ll_pdf_keep_document(self._pdf))
        stream = mupdf.pdf_add_stream(pdf, mupdf.fz_new_buffer_from_copied_data(written), mupdf.PdfObj(), 0)
        mupdf.ll_pdf_dict_puts(font, "ToUnicode", stream.m_internal)


def _mapped(text: bytes, most: int) -> list[int]:
    """The codes below `most` that a character map says something of: looking up all 65,536 takes a font 50 ms."""
    found: set[int] = set()
    for section in _RANGES.findall(text):
        for first, last in _RANGE.findall(section):
            found.update(range(int(first, 16), min(int(last, 16) + 1, most)))
    for section in _SINGLES.findall(text):
        found.update(int(code, 16) for code in _SINGLE.findall(section))
    return sorted(code for code in found if code < most)


def meaning_of(name: str, *, is_dingbats: bool = False) -> str:
    """What a glyph is by its name, by Adobe's glyph lists; empty where the name does not tell."""
    if is_dingbats and name in _dingbats():
        return _dingbats()[name]
    base = name.partition(".")[0]
    if not base or _TELLS_NOTHING.match(name):
        return ""
    meaning = "".join(_character(part) for part in base.split("_"))
    return "" if readable(meaning) != meaning or count_unknown(meaning) else meaning


def _character(name: str) -> str:
    if re.fullmatch(r"[a-zA-Z]\d+", name):
        return "\N{REPLACEMENT CHARACTER}"  # a number of the font's maker
    code = mupdf.fz_unicode_from_glyph_name(name)
    return _LIGATURES.get(code) or chr(_SYMBOLS.get(code, code) or 0xFFFD)


def _is_unknown(code: int) -> bool:
    character = chr(code)
    return readable(character) != character or count_unknown(character) > 0


@cache
def _dingbats() -> dict[str, str]:
    """The names of ZapfDingbats, from the font that MuPDF has for it: its makers name glyphs as Adobe does."""
    font = pymupdf.Font("zadb")
    return {
        mupdf.fz_get_glyph_name2(font.this, font.has_glyph(code)): chr(code)
        for code in font.valid_codepoints()
        if code != 0xA0
    }


def _values(dictionary: Any) -> Iterator[Any]:
    if dictionary and mupdf.ll_pdf_is_dict(dictionary):
        for place in range(mupdf.ll_pdf_dict_len(dictionary)):
            yield mupdf.ll_pdf_dict_get_val(dictionary, place)
