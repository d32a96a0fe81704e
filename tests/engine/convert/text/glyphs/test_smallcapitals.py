"""Small capitals read as small letters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.convert.text.glyphs.smallcapitals import lower_small_capitals
from engine.convert.text.textline import Font, Line, Word


def _font(size: float, *, mono: bool = False) -> Font:
    return Font("Times", size, bold=False, italic=False, mono=mono, strike=False, color=0, visible=True)


def _line(*words: tuple[str, float, bool], baseline: float = 100.0) -> Line:
    """Words by text, size and whether a blank follows."""
    made, x = [], 50.0
    for text, size, blank in words:
        edges = [x + 0.6 * size * place for place in range(len(text) + 1)]
        made.append(Word(text, _font(size), edges, baseline, (x, 90, edges[-1], 102), blank_after=blank))
        x = edges[-1] + 3 * blank
    return Line(made)


def test_smaller_capitals_that_go_on_a_word_are_its_small_letters() -> None:
    line = _line(("II.", 10, True), ("R", 10, False), ("ELATED", 8, True), ("W", 10, False), ("ORK", 8, False))
    lower_small_capitals([line])
    assert line.text == "II. Related Work"
    assert line.size == 10


def test_a_word_between_them_is_small_too() -> None:
    line = _line(("B", 10, False), ("READ", 8, True), ("AND", 8, True), ("B", 10, False), ("UTTER", 8, False))
    lower_small_capitals([line])
    assert line.text == "Bread and Butter"


@pytest.mark.parametrize(
    "words",
    [
        [("NASA", 8, True), ("AND", 8, False)],  # no larger capital
        [("T", 30, False), ("HIS", 10, False)],  # an initial
        [("A", 10, True), ("NASA", 8, False)],  # another word
        [("x", 10, False), ("MAX", 8, False)],  # goes on a small letter
        [("V", 10, False), ("min", 8, False)],
    ],
)
def test_other_capitals_stay(words: list[tuple[str, float, bool]]) -> None:
    line = _line(*words)
    before = line.text
    lower_small_capitals([line])
    assert line.text == before


def test_a_lowered_mark_stays() -> None:
    line = _line(("V", 10, False), ("CC", 8, False))
    line.words[1].baseline += 2
    lower_small_capitals([line])
    assert line.text == "VCC"


@given(
    st.lists(st.tuples(st.text(min_size=1, max_size=4), st.sampled_from([6.0, 8.0, 10.0]), st.booleans()), min_size=1)
)
def test_letters_keep_their_number_and_only_their_case_changes(words: list[tuple[str, float, bool]]) -> None:
    line = _line(*words)
    before = [word.text for word in line.words]
    lower_small_capitals([line])
    for text, word in zip(before, line.words, strict=True):
        assert len(word.text) == len(text) == len(word.edges) - 1
        assert word.text.lower() == text.lower()
