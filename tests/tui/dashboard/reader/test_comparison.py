"""What differs between two conversions, as rows."""

from tui.dashboard.reader.comparison import change_rows
from tui.dashboard.reader.tones import Tone


def test_changed_lines_are_shown_with_what_is_around_them_and_the_words_that_differ() -> None:
    old = "\n".join(["same"] * 20 + ["The quick fox"] + ["alike"] * 20 + ["gone"])
    new = "\n".join(["same"] * 20 + ["The slow fox"] + ["alike"] * 20 + ["come", "too"])
    rows, starts = change_rows(old, new, 40)
    plain = ["".join(text for text, _ in row) for row in rows]
    assert plain[:6] == ["  same", "  same", "- The quick fox", "+ The slow fox", "  alike", "  alike"]
    assert plain[6].startswith("──")
    assert plain[-3:] == ["- gone", "+ come", "+ too"]
    assert starts == [2, 9]
    assert ("quick", Tone.REMOVED | Tone.STRONG) in rows[2]
    assert ("slow", Tone.ADDED | Tone.STRONG) in rows[3]


def test_the_same_text_has_no_changes() -> None:
    assert change_rows("a\nb", "a\nb", 40) == ([], [])


def test_a_long_line_is_wrapped_behind_its_mark() -> None:
    rows, _ = change_rows("x", "one two three", 10)
    assert ["".join(text for text, _ in row) for row in rows] == ["- x", "+ one two", "  three"]
