"""The words of a line without the marks that say how they are meant."""

import time

import pytest

from tui.dashboard.reader.tones import Tone, toned


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("plain", [("plain", Tone.PLAIN)]),
        ("a **b** c", [("a ", Tone.PLAIN), ("b", Tone.STRONG), (" c", Tone.PLAIN)]),
        ("*a* _b_", [("a", Tone.ITALIC), (" ", Tone.PLAIN), ("b", Tone.ITALIC)]),
        ("***x***", [("x", Tone.STRONG | Tone.ITALIC)]),
        ("snake_case_name", [("snake_case_name", Tone.PLAIN)]),
        ("2 * 3 * 4", [("2 * 3 * 4", Tone.PLAIN)]),
        (r"\*no\* \_no\_", [("*", Tone.PLAIN), ("no", 0), ("*", 0), (" ", 0), ("_", 0), ("no", 0), ("_", 0)]),
        ("`a*b*`", [("a*b*", Tone.CODE)]),
        ("`` a`b ``", [("a`b", Tone.CODE)]),
        ("[so **much**](http://x.y/(1))", [("so ", Tone.LINK), ("much", Tone.LINK | Tone.STRONG)]),
        ("![](<images/a b.png>)", [("[picture: images/a b.png]", Tone.QUIET)]),
        ("a<br>b", [("a", 0), ("\n", 0), ("b", 0)]),
        ("x<sup>2</sup> <b>y</b>", [("x", 0), ("2", 0), (" ", 0), ("y", Tone.STRONG)]),
        ("~~gone~~", [("gone", Tone.STRUCK)]),
        ("$x_1$ costs $5", [("x_1", Tone.CODE), (" costs $5", 0)]),
        ("a &amp; b", [("a ", 0), ("&", 0), (" b", 0)]),
        ("5 < 6", [("5 < 6", 0)]),
        ("", [("", 0)]),
    ],
)
def test_marks_become_tones(text: str, pieces: list[tuple[str, int]]) -> None:
    assert toned(text) == pieces


def test_an_entity_cannot_smuggle_what_steers_a_terminal() -> None:
    assert "".join(text for text, _ in toned("&#27;[2J &#x202e;fdp &#155;")) == r"[2J \u202efdp ›"


@pytest.mark.parametrize("part", ["*", "[a", "`", "$a ", "**a ", "<a ", "<!--", "![a", "[a](<", "[a]((a", "&a", "_a*"])
def test_no_line_takes_long_however_it_is_made(part: str) -> None:
    started = time.process_time()
    toned(part * 10_000)
    assert time.process_time() - started < 5  # some hundredths are usual; what grows with the square takes minutes
