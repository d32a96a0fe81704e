"""Reads the numbers that headings begin with, and compares headings whether or not they are written with them."""

import re
import unicodedata

_WORD = r"(?:chapter|section|appendix|annex|part|kapitel|abschnitt|anhang|chapitre|annexe|capítulo|§)\s*"
_ROMAN = r"(?=[IVXLC])(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})"
_NUMBER = rf"(?:\d{{1,4}}(?:\.\d{{1,4}})*|[A-Za-z](?:\.\d{{1,4}})*|{_ROMAN})[.):]?"
_NUMBERED_WORD = rf"{_WORD}(?:\d{{1,4}}|{_ROMAN}|[A-Z])[.:]?"
_PREFIX = re.compile(rf"(?:{_WORD})?{_NUMBER}(?=\s)|{_NUMBERED_WORD}", re.IGNORECASE)
_ALONE = re.compile(_NUMBER)
_WORD_ALONE = re.compile(_NUMBERED_WORD, re.IGNORECASE)
_DOTTED = re.compile(r"(\d{1,3}(?:\.\d{1,3})*)[.)]?\s+[^\W\d_]|([A-Z](?:\.\d{1,3})+)\.?\s+[^\W\d_]")


def folded(text: str) -> str:
    """The letters and digits of a heading alone, all in one form and case."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold()))


def forms(text: str) -> tuple[str, ...]:
    """A heading's folded text, and without the number before it if it has one."""
    text = text.strip()
    whole = folded(text)
    number = _PREFIX.match(text)
    bare = folded(text[number.end() :]) if number is not None else ""
    return (whole, bare) if len(bare) > 1 else (whole,)


def is_number(text: str) -> bool:
    """Whether a text is nothing but a heading's number."""
    return _ALONE.fullmatch(text.strip()) is not None


def is_numbered_word(text: str) -> bool:
    """Whether it is nothing but `Chapter 3` or the like."""
    return _WORD_ALONE.fullmatch(text.strip()) is not None


def depth_of(text: str) -> int:
    """How many parts the number has that a heading begins with: 2 of `3.1`; 0 without one."""
    number = _DOTTED.match(text)
    return 1 + (number[1] or number[2]).count(".") if number is not None else 0
