"""Text from outside is shown truthfully and cannot steer a terminal."""

import os
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.base.safetext import display_name, display_text

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


def one_by_one(text: str) -> str:
    """What `display_text` is to give, a character at a time."""
    shown = []
    for char in text.replace("\r\n", "\n"):
        code = ord(char)
        if char in "\n\t" or unicodedata.category(char) not in HARMFUL:
            shown.append(char)
        elif 0xDC80 <= code <= 0xDCFF:
            shown.append(f"\\x{code - 0xDC00:02x}")
        elif code <= 0xFF:
            shown.append(f"\\x{code:02x}")
        else:
            shown.append(f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}")
    return "".join(shown)


AWKWARD = "a]^-\\[ \n\r\t\x00\x1b\x7f\x85\xa0\xad\u200b\u2028\u202e\u3000\ue000\u0378\ud800\udc80\udcff\U000e0041語👩"


@given(st.text(st.characters(), max_size=80) | st.text(st.sampled_from(AWKWARD), max_size=40))
@example(AWKWARD)
@example("\xa0\u3000\ue000 printable for no one, and harmless")
@example("\r\r\n\n")
def test_text_is_shown_as_a_look_at_each_character_would_have_it(text: str) -> None:
    assert display_text(text) == one_by_one(text)


def test_every_character_is_shown_as_a_look_at_it_would_have_it() -> None:
    # All of the first two planes and of the one with tags; of the others, which hold one kind each, some.
    dense = (range(0x20000), range(0xE0000, 0xE1000), range(0x20000, sys.maxunicode + 1, 251))
    text = "".join(chr(number) for numbers in dense for number in numbers)
    assert display_text(text) == one_by_one(text)
