"""Text from outside is shown truthfully and cannot steer a terminal."""

import os
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.display import display_name, display_text

HARMFUL = {"Cc", "Cf", "Cs", "Zl", "Zp"}


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("plain name (1).pdf", "plain name (1).pdf"),
        ("[/]x.pdf", "[/]x.pdf"),
        ("déjà vu 中文.pdf", "déjà vu 中文.pdf"),
        ("a\x1b[31m.pdf", "a\\x1b[31m.pdf"),
        ("two\nlines\tand\rmore.pdf", "two\\x0alines\\x09and\\x0dmore.pdf"),
        ("evil\u202efdp.exe", "evil\\u202efdp.exe"),
        ("zero\u200bwidth.pdf", "zero\\u200bwidth.pdf"),
        ("c1\x9b31m.pdf", "c1\\x9b31m.pdf"),
        ("tag\U000e0041.pdf", "tag\\U000e0041.pdf"),
        (b"caf\xe9.pdf", "caf\\xe9.pdf"),
        (Path("folder", "a\x07.pdf"), "folder/a\\x07.pdf"),
        ("", ""),
    ],
)
def test_a_name_shows_what_is_in_it(name: str | bytes | Path, shown: str) -> None:
    assert display_name(name) == shown


@given(st.binary(max_size=60))
def test_no_bytes_whatever_make_a_name_that_steers_a_terminal(name: bytes) -> None:
    shown = display_name(name)
    assert not {unicodedata.category(char) for char in shown} & HARMFUL
    shown.encode("utf-8")


@given(st.text(max_size=60))
def test_a_name_of_visible_characters_is_shown_as_it_is(name: str) -> None:
    if not {unicodedata.category(char) for char in name} & HARMFUL:
        assert display_name(name) == name


def test_a_name_is_shown_alike_as_bytes_text_and_path() -> None:
    name = b"caf\xe9 \x1b.pdf"
    text = os.fsdecode(name)
    assert display_name(name) == display_name(text) == display_name(Path(text))


def test_text_of_several_lines_keeps_its_lines_and_tabs() -> None:
    assert display_text("one\r\ntwo\tthree\nfour") == "one\ntwo\tthree\nfour"


def test_text_of_several_lines_loses_its_power_over_the_terminal() -> None:
    assert display_text("a\x1b]0;title\x07b\rc\u2028d") == "a\\x1b]0;title\\x07b\\x0dc\\u2028d"
