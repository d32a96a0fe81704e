"""Reads letters that TeX has set into a circle as the sign that they are: © is a `c` and a circle in its old fonts."""

from collections.abc import Sequence

from engine.convert.text.textline import Line, Word

_CIRCLES = frozenset("\u25ef\u20dd")
"""What MuPDF (2.0) gives for the glyph `circlecopyrt`, and what names of glyphs say."""
_BLANK = 0.2
"""In sizes: such a gap is a blank."""
_SIGNS = {"c": "©", "C": "©", "r": "®", "R": "®", "p": "℗", "P": "℗"}


def join_circled(lines: Sequence[Line]) -> None:
    """Put the sign in place of the circle, and leave out the letter that stands in it."""
    for line in lines:
        for circle in [word for word in line.words if word.text in _CIRCLES]:
            at = next(number for number, word in enumerate(line.words) if word is circle)
            for letter, place in ((at - 1, -1), (at + 1, 0)):
                if 0 <= letter < len(line.words) and _is_in(circle, line.words[letter], place):
                    circle.text = _SIGNS[line.words[letter].text[place]]
                    following = line.words[at + 1 : at + 2] if place else line.words[letter + 1 : letter + 2]
                    gap = following[0].start - circle.end if following else 0.0
                    circle.blank_after |= gap > _BLANK * circle.font.size  # which MuPDF measures from the letter
                    line.words[letter : letter + 1] = _without(line.words[letter], place)
                    break


def _is_in(circle: Word, word: Word, place: int) -> bool:
    """Whether the first letter of a word, or its last, is one that stands in the circle."""
    start, end = word.edges[:2] if place == 0 else word.edges[-2:]
    return word.text[place] in _SIGNS and circle.start < (start + end) / 2 < circle.end


def _without(word: Word, place: int) -> list[Word]:
    if len(word.text) == 1:
        return []
    first, last = word.split(1 if place == 0 else len(word.text) - 1)
    return [last if place == 0 else first]
