"""Runs of glyphs that stand on a line from left to right become runs of text in its order."""

from engine.convert.tags.leftwardruns import in_order
from engine.convert.tags.structuretext import Run


def glyphs(text: str, *, at: float, baseline: float = 100.0, font: str = "F") -> list[tuple[Run, str]]:
    """A run for each character, six points wide, from left to right."""
    return [
        (Run(c, (at + 6 * n, baseline - 8, at + 6 * n + 6, baseline + 2), baseline, font, 10.0), font)
        for n, c in enumerate(text)
    ]


def texts(runs: list[tuple[Run, str]]) -> list[tuple[str, str]]:
    return [(run.text, style) for run, style in in_order(runs)]


def test_glyphs_become_text_a_run_for_each_style() -> None:
    runs = [*glyphs("תנש ", at=50, font="bold"), *glyphs("2024 ןאכ", at=74)]
    assert texts(runs) == [("כאן 2024", "F"), (" שנת", "bold")]


def test_a_gap_without_a_blank_is_one() -> None:
    assert texts([*glyphs("םולש", at=50), *glyphs("הלא", at=80)]) == [("אלה שלום", "F")]


def test_lines_stay_apart_and_those_of_other_scripts_as_they_are() -> None:
    first, second = glyphs("םולש", at=50), glyphs("one", at=50, baseline=120)
    assert texts([*first, *second]) == [("שלום", "F"), ("o", "F"), ("n", "F"), ("e", "F")]


def test_a_run_of_several_letters_is_taken_to_be_in_order() -> None:
    run = Run("שלום", (50, 92, 74, 102), 100.0, "F", 10.0)
    assert texts([(run, "F")]) == [("שלום", "F")]
    placed = Run("לאב", (50, 92, 62, 102), 100.0, "F", 10.0, places=((56, 62), (62, 62), (50, 56)))
    assert texts([(placed, "F")]) == [("לאב", "F")]
