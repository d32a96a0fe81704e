"""Signs that are a letter in a circle."""

import pytest

from engine.convert.text.glyphs.circledletters import join_circled
from engine.convert.text.textline import Font, Line, Word

FONT = Font("CMR10", 10.0, bold=False, italic=False, mono=False, strike=False, color=0, visible=True)


def line(*words: tuple[str, float, bool]) -> Line:
    """Words by text, where they begin and whether a blank follows; their letters are 5 points wide, circles 11."""
    made = []
    for text, left, blank in words:
        width = 11 if text == "\u25ef" else 5
        edges = [left + width * place for place in range(len(text) + 1)]
        made.append(Word(text, FONT, edges, 100.0, (left, 90, edges[-1], 102), blank_after=blank))
    return Line(made)


@pytest.mark.parametrize(("letter", "sign"), [("c", "©"), ("R", "®"), ("P", "℗")])
def test_a_letter_in_a_circle_is_a_sign(letter: str, sign: str) -> None:
    for words in ([(letter, 53, False), ("\u25ef", 50, False)], [("\u25ef", 50, False), (letter, 53, False)]):
        read = line(("Copyright", 0, True), *words, ("1990", 62, True))
        join_circled([read])
        assert read.text == f"Copyright {sign}1990"


def test_a_gap_after_the_circle_is_a_blank() -> None:
    read = line(("c", 53, False), ("\u25ef", 50, False), ("1990", 64, True))
    join_circled([read])
    assert read.text == "© 1990"


def test_the_rest_of_a_word_stays() -> None:
    read = line(("abc", 43, False), ("\u25ef", 50, True), ("x", 70, False))
    join_circled([read])
    assert read.text == "ab© x"
    read = line(("\u25ef", 50, False), ("cd", 53, False))
    join_circled([read])
    assert read.text == "©d"


@pytest.mark.parametrize(
    "words", [[("c", 44, False), ("\u25ef", 50, False)], [("x", 53, False), ("\u25ef", 50, False)]]
)
def test_a_letter_beside_it_and_another_letter_stay(words: list[tuple[str, float, bool]]) -> None:
    read = line(*words)
    before = read.text
    join_circled([read])
    assert read.text == before
