"""A line as it stands on the page, from left to right, becomes text in its order."""

import pytest

from engine.convert.text.glyphs.bidi import has_right_to_left, logical_order


@pytest.mark.parametrize(
    ("seen", "text"),
    [
        ("ץבוק הז", "זה קובץ"),
        (".ץבוק הז", "זה קובץ."),
        ("2024 תנש", "שנת 2024"),
        ("ח״ש 3,499 הלוע iPhone 15 םגד", "דגם iPhone 15 עולה 3,499 ש״ח"),
        ("22 15 םגד", "דגם 15 22"),
        ("7.5% לש", "של 7.5%"),
        ("12-10 םימי", "ימים 12-10"),
        ("%7.5 ةبسن", "نسبة 7.5%"),
        ("10-12 مايأ", "أيام 12-10"),
        (".(2024 תנש) ןאכ", "כאן (שנת 2024)."),
        (".)2024 תנש( ןאכ", "כאן (שנת 2024)."),
        ("the word םולש is here", "the word שלום is here"),
        ("say םלוע םולש twice", "say שלום עולם twice"),
        ("ﺔﺒﺴﻧ", "نسبة"),
        ("no such letters (2024) 7%", "no such letters (2024) 7%"),
        ("", ""),
    ],
)
def test_a_line_is_put_into_the_order_of_its_text(seen: str, text: str) -> None:
    assert "".join(piece for _, piece in logical_order(list(seen))) == text


def test_pieces_of_several_characters_stay_together_and_tell_where_they_stood() -> None:
    assert logical_order(["ب", " ", "لا"]) == [(2, "لا"), (1, " "), (0, "ب")]


def test_letters_of_other_scripts_do_not_run_from_right_to_left() -> None:
    assert has_right_to_left("aא")
    assert not has_right_to_left("äЯ漢1(")
