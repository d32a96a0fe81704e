"""Words of a line that has text from right to left, from the places of its characters.

MuPDF puts such text into its order run by run: numbers and signs beside it come out in another place, blanks get lost,
and letters of a ligature change places. So the line is read as it stands on the page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from engine.convert.page.blocks import around
from engine.convert.text.glyphs.bidi import clusters, logical_order
from engine.convert.text.glyphs.characters import readable
from engine.convert.text.textline import Font, Word

_GAP = 0.15
"""Of the font size: what is further apart has a blank between."""


@dataclass(slots=True)
class _Piece:
    """A character, or several that belong together."""

    text: str
    left: float
    right: float
    font: Font
    chars: list[dict[str, Any]]


def leftward_words(chars: Sequence[tuple[dict[str, Any], Font]]) -> list[Word]:
    """The words of an upright line of a raw dictionary, given by its characters in any order.

    The edges of a word go from left to right even where its letters do not.
    """
    pieces = sorted(_pieces(chars), key=lambda piece: piece.left + piece.right)
    spaced = pieces[:1]
    for before, after in pairwise(pieces):
        size = min(before.font.size, after.font.size)
        if after.left - before.right > _GAP * size and not (before.text.isspace() or after.text.isspace()):
            spaced.append(_Piece(" ", before.right, after.left, before.font, []))
        spaced.append(after)
    words: list[Word] = []
    open_: list[tuple[_Piece, str]] = []
    for place, text in logical_order([piece.text for piece in spaced]):
        piece = spaced[place]
        if open_ and (text.isspace() or piece.font is not open_[0][0].font):
            words.append(_word(open_))
            open_ = []
        if not text.isspace():
            open_.append((piece, text))
        elif words:
            words[-1].blank_after, words[-1].is_gap = True, not piece.chars
    if open_:
        words.append(_word(open_))
    return words


def _pieces(chars: Sequence[tuple[dict[str, Any], Font]]) -> list[_Piece]:
    real = [(char, font) for char, font in chars if not (char["c"].isspace() and char["synthetic"])]
    found: list[_Piece] = []
    for cluster in clusters([(char["c"], char["bbox"][0], char["bbox"][2]) for char, _ in real]):
        members = [real[place][0] for place in cluster]
        left, _, right, _ = members[0]["bbox"]
        text = readable("".join(char["c"] for char in members))
        found.append(_Piece(text, left, right, real[cluster[0]][1], members))
    return found


def _word(pieces: Sequence[tuple[_Piece, str]]) -> Word:
    edges = sorted(piece.left for piece, text in pieces for _ in text)
    edges.append(max(piece.right for piece, _ in pieces))
    box = around(tuple(char["bbox"]) for piece, _ in pieces for char in piece.chars)
    first = pieces[0][0]
    return Word("".join(text for _, text in pieces), first.font, edges, first.chars[0]["origin"][1], box)
