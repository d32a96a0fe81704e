"""Says how long a text is, in characters or in tokens, and where it may be cut.

Tokens are estimated, since every model has a vocabulary of its own and none may be fetched: the first 8 letters of a
word are one, and so are the next 5, and so on; 3 figures; 3 letters of a word with accents or in Cyrillic, 2 in other
scripts; a Chinese, Japanese or Korean character; a sign, or a row of the same. Blanks and line ends are none, so a text
cut at these has as many as its parts. docs/configuration.md has how far that is off.
"""

import re
from collections.abc import Callable
from unicodedata import category

from engine.job.options import ChunkUnit

_WIDE = "\u1100-\u11ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uffdc\U00020000-\U0003ffff"
"""Chinese, Japanese and Korean."""
_RARE = "\u0370-\u03ff\u0530-\u10ff\u1200-\u1dff"
"""Greek, Hebrew, Arabic, the scripts of India and others of which vocabularies know few words."""
_TOKEN = re.compile(
    r"(?<![A-Za-z])[A-Za-z]{1,8}|[A-Za-z]{1,5}|\d{1,3}|"
    rf"[{_WIDE}]|[{_RARE}]{{1,2}}|[^\W\d_A-Za-z{_WIDE}{_RARE}][^\W\d_{_WIDE}{_RARE}]{{0,2}}|"
    r"([^\w\s]|_)\1{0,15}"
)
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”’»)\]]*+(?=\s)|(?<=[。！？；…])[”’」』）]*+(?=[^\s。！？；…”’」』）])|\n")
_ABBREVIATED = re.compile(
    r"\b(?:[^\W\d_]|Dr|Mr|Mrs|Ms|Prof|St|Nr|No|Figs?|Eq|Sec|vs|al|etc|cf|ca|bzw|vgl|Abb|Art|Bd|Inc|Co|Jr|Sr|Vol|pp)\.$"
)
_WORD_END = re.compile(rf"\s+|(?<=[{_WIDE}])(?=\w)")


def measure(unit: ChunkUnit) -> Callable[[str], int]:
    """What counts a text in this unit."""
    return tokens if unit is ChunkUnit.TOKENS else len


def tokens(text: str) -> int:
    """About how many tokens a language model takes a text for."""
    return len(_TOKEN.findall(text))


def sentence_starts(text: str) -> list[int]:
    """Where sentences begin, the first one aside."""
    starts = []
    for found in _SENTENCE_END.finditer(text):
        at = found.end()
        while at < len(text) and text[at].isspace():
            at += 1
        if at < len(text) and not _goes_on(text, found.start(), at):
            starts.append(at)
    return starts


def word_starts(text: str) -> list[int]:
    """Where words begin, the first one aside; each Chinese, Japanese or Korean character counts as one."""
    return [found.end() for found in _WORD_END.finditer(text) if 0 < found.end() < len(text)]


def character_starts(text: str) -> list[int]:
    """Where characters begin as people see them, the first one aside."""
    return [at for at in range(1, len(text)) if category(text[at])[0] != "M" and "\u200d" not in text[at - 1 : at + 1]]


def _goes_on(text: str, end: int, following: int) -> bool:
    """Whether what looks like a sentence's end is within one: after an abbreviation, or before a small letter."""
    if text[end : end + 1] == "\n" or text[max(end - 1, 0)] != ".":
        return False
    return text[following].islower() or bool(_ABBREVIATED.search(text, max(0, end - 8), end))
