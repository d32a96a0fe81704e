"""Listings out of the places of their characters."""

import re

import pytest

from engine.convert.text.codetext import advance_width, is_code, line_pitch, write_code
from engine.convert.text.textline import Font, Line, Word

_MONO = Font("Courier", 10.0, bold=False, italic=False, mono=True, strike=False, color=0, visible=True)
_SERIF = Font("Times", 10.0, bold=False, italic=False, mono=False, strike=False, color=0, visible=True)
_LEFT, _ADVANCE = 50.0, 6.0
"""Points: where the first column begins, and how wide each is."""


def _row(text: str, y: float, *, font: Font = _MONO, lead: int | None = None) -> Line:
    """A line with each character in its column; a blank at the end is one that the document has there."""
    words = []
    for found in re.finditer(r"\S+", text):
        edges = [_LEFT + _ADVANCE * column for column in range(found.start(), found.end() + 1)]
        box = (edges[0], y - 8, edges[-1], y + 2)
        words.append(Word(found[0], font, edges, y, box, blank_after=text[found.end() :][:1] == " "))
    if lead is not None:
        words[0].lead = _LEFT + _ADVANCE * lead
    return Line(words)


def _written(*texts: str, columns: int | None = None) -> str:
    right = None if columns is None else _LEFT + _ADVANCE * columns
    return write_code([_row(text, 100.0 + 12 * number) for number, text in enumerate(texts)], right)


def test_each_character_stands_in_its_column() -> None:
    listing = ("def f(x):", "    if x:", "        return  x   # so", "    return 0")
    assert _written(*listing) == "\n".join(listing)


def test_the_first_column_is_that_of_the_leftmost_character() -> None:
    assert _written("      yy = 2", "    xx = 1") == "  yy = 2\nxx = 1"


def test_the_first_column_is_that_of_a_blank_where_a_line_begins_with_some() -> None:
    assert write_code([_row("    xx = 1", 100, lead=2), _row("    yy = 2", 112, lead=2)]) == "  xx = 1\n  yy = 2"


@pytest.mark.parametrize(("step", "blanks"), [(12, 0), (24, 1), (36, 2), (48, 3), (120, 3)])
def test_there_are_blank_lines_where_there_is_room_for_them_but_no_more_than_three(step: float, blanks: int) -> None:
    rows = [_row("aa = 1", 100), _row("bb = 2", 112), _row("cc = 3", 124), _row("dd = 4", 124 + step)]
    assert write_code(rows) == "aa = 1\nbb = 2\ncc = 3\n" + "\n" * blanks + "dd = 4"


def test_lines_are_written_from_top_to_bottom_and_what_stands_on_one_is_one() -> None:
    rows = [_row("bb = 2", 112), _row("          # so", 100), _row("aa = 1", 100)]
    assert write_code(rows) == "aa = 1    # so\nbb = 2"


def test_a_listing_of_single_characters_is_the_text_of_its_lines() -> None:
    assert write_code([_row("}", 100), _row(")", 112)]) == "}\n)"
    assert write_code([]) == ""


@pytest.mark.parametrize(
    ("rows", "joined"),
    [
        (("make(first_argument=1, second=22,", "third=3)"), "make(first_argument=1, second=22, third=3)"),
        (("open(https://example.org/some/path/", "and/more)"), "open(https://example.org/some/path/and/more)"),
        (("call --with an --option --and then ", "another one"), "call --with an --option --and then another one"),
        (("call --with an --option --and then", "    ↪ another"), "call --with an --option --and then another"),
        (("call --with=/usr/share/option/and/", "    ↪ then"), "call --with=/usr/share/option/and/then"),
    ],
)
def test_a_line_that_ends_for_want_of_room_is_joined_with_the_rest_of_it(rows: tuple[str, ...], joined: str) -> None:
    assert _written(*rows, columns=34) == joined


@pytest.mark.parametrize(
    ("rows", "columns"),
    [
        (("make(first_argument=1, second=22,", "third=3)"), 60),  # there was room for it
        (("a_call(1, 2, 3, 4, 5,", "7)"), 21),  # no listing is set so narrow
        (("value = compute(everything, and, more)", "# and then"), 38),
        (("print(the_very_long_name_of_a_value)", "print(another)"), 36),
        (("for each in the_whole_of_everything:", "return_nothing()"), 36),
        (("first:", "    for each in the_whole_of_it_all,", "  return_nothing()"), 36),  # less far in
        (("make(first_argument=1, second_value=22", "    third=3)"), 60),
    ],
)
def test_lines_that_only_look_like_it_stay_two(rows: tuple[str, ...], columns: int) -> None:
    assert _written(*rows, columns=columns) == "\n".join(rows)


def test_lines_with_a_blank_one_between_are_never_one() -> None:
    rows = [_row("a = 1", 76), _row("b = 2", 88), _row("make(first_argument=1, second=22,", 100), _row("third)", 124)]
    assert write_code(rows, _LEFT + 34 * _ADVANCE).endswith("second=22,\n\nthird)")


def test_a_line_that_has_blanks_before_it_is_one_of_its_own() -> None:
    rows = [_row("make(first_argument=1, second=22,", 100), _row("third=3)", 112, lead=0)]
    assert write_code(rows, _LEFT + 34 * _ADVANCE) == "make(first_argument=1, second=22,\nthird=3)"


def test_code_is_what_is_set_in_a_monospaced_font_alone() -> None:
    assert is_code([_row("make test", 100)])
    assert not is_code([_row("make", 100), _row("then see", 112, font=_SERIF)])
    assert not is_code([])


def test_signs_of_another_font_between_code_are_code_too() -> None:
    quoted = _row("cannot borrow   foo  ", 100)
    quoted.words += _row("              `   `", 100, font=_SERIF).words
    assert is_code([quoted])
    assert not is_code([_row("`   `", 100, font=_SERIF)])
    spoken = _row("x       y", 100)
    spoken.words += _row("  , and ", 100, font=_SERIF).words
    assert not is_code([spoken])


@pytest.mark.parametrize("sign", ["↪", "→", "\N{REPLACEMENT CHARACTER}→"])
def test_what_stands_behind_a_sign_is_the_rest_of_the_row_above(sign: str) -> None:
    rest = _row(f"{' ' * len(sign)}  --verbose", 112)
    rest.words = [*_row(sign, 112, font=_SERIF).words, *rest.words]
    below = _row("make clean", 124)
    assert write_code([_row("make test,", 100), rest, below]) == "make test, --verbose\nmake clean"


def test_a_character_is_as_wide_as_most_are() -> None:
    assert advance_width([_row("make test", 100)]) == _ADVANCE
    assert advance_width([_row("a b c", 100)]) == 0
    wide = Word("abcd", _MONO, [0.0, 6.0, 6.0, 20.0, 26.0], 100.0, (0, 92, 26, 102))
    assert advance_width([Line([wide]), _row("make test", 112)]) == _ADVANCE


@pytest.mark.parametrize(
    ("steps", "pitch"),
    [
        ([12.0, 12.0, 24.0], 12.0),
        ([24.0, 12.0, 1.0], 12.0),
        ([19.0, 40.0], 19.0),
        ([24.0, 24.0], 24.0),  # each line is a paragraph
        ([24.0, 40.0], 12.0),  # a blank line between all of them
        ([25.0, 25.0], 12.0),
        ([], 12.0),
        ([3.0, 5.0], 12.0),
        ([2.0] * 9 + [11.0, 24.0], 11.0),
        ([11.0] * 2 + [13.0] * 14, 13.0),
    ],
)
def test_the_pitch_of_lines_is_their_shortest_usual_distance(steps: list[float], pitch: float) -> None:
    assert line_pitch(steps, 10.0) == pitch
