"""Makes pieces of a page's characters, as letters, numbers, words and signs, and finds its horizontal lines."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from engine.convert.formulas.mathpieces import Piece, Role, Rule
from engine.convert.formulas.mathsymbols import (
    ACCENTS,
    BINARY,
    CLOSING,
    NEGATION,
    OPENING,
    OPERATORS,
    PRIMES,
    RELATIONS,
    TEXTUAL,
    is_upright_letter,
    latex_of,
    plain_letter,
)
from engine.convert.page.blocks import Box, around
from engine.convert.text.glyphs.characters import count_unknown
from engine.convert.text.glyphs.mathfonts import SPACING, MathFont, math_font
from engine.convert.text.pagetext import PageText
from engine.convert.text.textline import Line, Word

_TOKENS = re.compile(r"[^\W\d_]+(?:[-’'][^\W\d_]+)*|\d+(?:[.,]\d+)*|.", re.DOTALL)
_PARTS = frozenset("─⎛⎜⎝⎞⎟⎠⎡⎢⎣⎤⎥⎦⎧⎨⎩⎫⎬⎭⎪⏐│⎸⎹╭╮╰╯⎷┌")
_BEHIND = 0.4
"""So far, in sizes, is the middle of a letter before the place of an accent that has no width."""
_SLANTED = MathFont("", True)
_CAPITALS = frozenset("ΓΔ∆ΘΛΞΠΣΥΦΨΩ")
_OLD_TEX = re.compile(r"(?:cm|lm)(?:r|bx|roman)", re.IGNORECASE)
"""Text fonts of TeX that have the Greek capitals of mathematics, and no other Greek."""
_THIN = 0.16
"""Of the text's size is a line that counts as one, at most."""


@dataclass(frozen=True, slots=True)
class Glyph:
    """A character of a page by its place in its lines."""

    line: int
    word: int
    first: int
    """The first character of the word that it stands for."""
    last: int
    """The one after the last."""


@dataclass(slots=True)
class MathPage:
    """The pieces of a page, and what they are made of."""

    pieces: list[Piece]
    glyphs: list[Glyph]
    """By the numbers that pieces call their members."""
    starts: list[float]
    """Where each of them begins."""
    rules: list[Rule]


def has_mathematics(text: PageText) -> bool:
    """Whether a page uses a font for mathematics: a look at the names of its fonts."""
    return any(
        math_font(span["font"]) is not None
        for block in text.raw["blocks"]
        for line in block.get("lines", ())
        for span in line["spans"]
    )


def math_page(text: PageText) -> MathPage:
    """The upright characters of a page as pieces."""
    page = MathPage([], [], [], [])
    for number, line in enumerate(text.lines):
        if not line.is_upright:
            continue
        for place, word in enumerate(line.words):
            if not word.font.hidden and len(word.raw) == len(word.text):
                for first, last in _tokens(word):
                    page.pieces.append(_piece(word, first, last, len(page.glyphs)))
                    page.glyphs.append(Glyph(number, place, first, last))
                    page.starts.append(word.edges[first])
    _mark_letters(page, text.lines)
    page.pieces += _lost_accents(text, page.pieces)
    page.rules = list(_rules(text))
    return page


def _mark_letters(page: MathPage, lines: Sequence[Line]) -> None:
    """Take single letters in italics for mathematics where the fonts of its signs have none, as beside Times.

    There must be signs that text has not, as bullets are; and a letter among words in italics is one of theirs.
    """
    italic = []
    tells = False
    for piece, glyph in zip(page.pieces, page.glyphs, strict=True):
        if piece.is_math and piece.latex == piece.char and piece.char.isascii() and piece.char.isalpha():
            return
        tells = tells or (piece.is_math and piece.char not in TEXTUAL)
        if piece.role is Role.WORD and piece.is_italic and len(piece.latex) == 1:
            italic.append((piece, glyph))
    for piece, glyph in italic if tells else ():
        if not _is_among_italics(lines, glyph):
            piece.is_math, piece.role = True, Role.ORDINARY


def _is_among_italics(lines: Sequence[Line], glyph: Glyph) -> bool:
    """Whether a word in italics is beside a glyph's; a wide blank cuts a line in two."""
    own = lines[glyph.line]
    beside = [*own.words[max(glyph.word - 1, 0) : glyph.word], *own.words[glyph.word + 1 : glyph.word + 2]]
    if glyph.word == 0:
        beside += [line.words[-1] for line in lines[max(glyph.line - 1, 0) : glyph.line] if _is_level(line, own)]
    if glyph.word == len(own.words) - 1:
        beside += [line.words[0] for line in lines[glyph.line + 1 : glyph.line + 2] if _is_level(line, own)]
    return any(word.font.italic and sum(map(str.isalpha, word.text)) > 1 for word in beside)


def _is_level(line: Line, other: Line) -> bool:
    return abs(line.baseline - other.baseline) < 0.1 * other.size


def _lost_accents(text: PageText, pieces: Iterable[Piece]) -> Iterator[Piece]:
    """The accents of OpenType fonts that PyMuPDF leaves out of the lines: all those that begin one, having no width."""
    fonts = {span["font"] for block in text.raw["blocks"] for line in block.get("lines", ()) for span in line["spans"]}
    if text.page is None or text.page.rotation or all((math_font(font) or _SLANTED).is_slanted for font in fonts):
        return
    known = {(round(piece.box[0]), round(piece.baseline)) for piece in pieces if piece.role is Role.ACCENT}
    for span in text.page.get_texttrace():
        if (math_font(span["font"]) or _SLANTED).is_slanted:
            continue
        for code, _, (x, y), _ in span["chars"]:
            char = SPACING.get(chr(code), chr(code))
            if char in SPACING.values() and char != NEGATION and (round(x), round(y)) not in known:
                size = span["size"]
                box = (x, y - 0.73 * size, x, y - 0.56 * size)
                start = x - _BEHIND * size
                yield Piece(latex_of(char), box, y, size, Role.ACCENT, start, start, char=char, is_math=True)


def _tokens(word: Word) -> Iterator[tuple[int, int]]:
    """The parts of a word that are one piece each: of text whole words and numbers, of mathematics single letters."""
    font = math_font(word.font.name)
    takes_words = font is None or not (font.alphabet or font.is_slanted)
    for found in _TOKENS.finditer(word.text):
        first, last = found.span()
        if last - first == 1:
            yield first, last
        elif found[0][0].isdigit() or (takes_words and (font is None or found[0].isascii())):
            yield from _unbroken(word, first, last)
        else:
            yield from ((place, place + 1) for place in range(first, last))


def _unbroken(word: Word, first: int, last: int) -> Iterator[tuple[int, int]]:
    """A part of a word, cut where the next character does not stand right beside the one before."""
    size = word.font.size
    for place in range(first + 1, last):
        before, after = word.raw[place - 1], word.raw[place]
        gap = after["bbox"][0] - before["bbox"][2]
        if abs(after["origin"][1] - before["origin"][1]) > 0.05 * size or not -0.4 * size < gap < 0.3 * size:
            yield first, place
            first = place
    yield first, last


def _piece(word: Word, first: int, last: int, number: int) -> Piece:
    shown = word.text[first:last]
    font = math_font(word.font.name)
    latex, role, is_bold = _meaning(shown, word)
    box: Box = around(char["bbox"] for char in word.raw[first:last])
    size, baseline = word.font.size, word.raw[first]["origin"][1]
    start, end = word.edges[first], box[2]
    piece = Piece(
        latex,
        box,
        baseline,
        size,
        role,
        start,
        max(end, start + 0.05 * size),
        char=shown if len(shown) == 1 else "",
        is_math=font is not None or (shown in _CAPITALS and _OLD_TEX.match(word.font.name) is not None),
        is_bold=is_bold,
        is_italic=word.font.italic and font is None,
        members=[number],
        has_blank=last == len(word.text) and word.blank_after,
    )
    if role is Role.ACCENT and piece.width < 0.05 * size:
        # It stands behind what it belongs to, having no width.
        piece.start, piece.end = start - _BEHIND * size, start - _BEHIND * size
    is_large = role in (Role.OPENING, Role.CLOSING, Role.BAR) and piece.height > 1.15 * size
    if role is Role.OPERATOR or is_large:
        piece.axis = piece.middle[1]
    return piece


def _meaning(shown: str, word: Word) -> tuple[str, Role, bool]:
    """What a token is, as LaTeX, and whether it is a bold word."""
    font = math_font(word.font.name)
    if len(shown) > 1:
        is_number = shown[0].isdigit()
        return shown, Role.NUMBER if is_number else Role.WORD, word.font.bold
    role = _role(shown)
    if role is not Role.ORDINARY:
        return "\\setminus" if shown == "\\" and font is not None else latex_of(shown), role, False
    plain, alphabet = plain_letter(shown)
    alphabet = alphabet or (font.alphabet if font is not None and plain.isalnum() and plain.isascii() else "")
    latex = latex_of(plain)
    if alphabet:
        return f"\\{alphabet}{{{latex}}}", Role.ORDINARY, False
    if font is None and shown.isalpha() and shown.isascii():
        return shown, Role.WORD, word.font.bold
    is_upright = font is not None and not font.is_slanted
    if (is_upright and shown.isascii() and shown.isalpha()) or (shown != plain and is_upright_letter(shown)):
        return plain, Role.WORD, False
    if word.font.bold and plain.isalpha():
        return f"\\boldsymbol{{{latex}}}", Role.ORDINARY, False
    return latex, Role.NUMBER if shown.isdigit() else Role.ORDINARY, False


def _role(char: str) -> Role:
    if char in OPERATORS:
        return Role.OPERATOR
    if char == "√":
        return Role.RADICAL
    if char in _PARTS:
        return Role.PART
    if char == NEGATION:
        return Role.NEGATION
    if char in PRIMES:
        return Role.PRIME
    if char in RELATIONS and char not in "∣∥":
        return Role.RELATION
    if char in BINARY or char == "\\":
        return Role.BINARY
    if char in OPENING:
        return Role.OPENING
    if char in CLOSING:
        return Role.CLOSING
    if char in "|‖∥∣":
        return Role.BAR
    if char in ACCENTS:
        return Role.ACCENT
    return Role.COMMA if char in ",;" else Role.ORDINARY


def is_unknown(piece: Piece) -> bool:
    """Whether nobody can say what a glyph is."""
    return count_unknown(piece.latex) > 0


def _rules(text: PageText) -> Iterator[Rule]:
    thin = _THIN * max(text.body_size, 6.0)
    for drawing in text.drawings:
        x0, y0, x1, y1 = drawing.box
        if y1 - y0 <= thin and x1 - x0 > 2 * (y1 - y0):
            yield Rule(x0, x1, (y0 + y1) / 2)
