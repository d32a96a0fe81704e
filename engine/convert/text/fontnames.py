"""What a font's name says of its style, for files whose fonts do not say so themselves."""

import re
from functools import lru_cache
from typing import NamedTuple

_BOLD = re.compile(r"bold|black|heavy|semibd|demi(?!u)|(?<![a-z])cmbx|[,-]bd\b", re.IGNORECASE)
_ITALIC = re.compile(r"ital|oblique|slanted|(?<![a-z])cm(ti|sl)|[,-]it\b", re.IGNORECASE)
_MONOSPACED = re.compile(
    r"mono(?!type)|courier|consol|typewriter|[cl]mtt|menlo|inconsolata|source ?code|cascadia|fixed", re.IGNORECASE
)


class Traits(NamedTuple):
    """How a font looks."""

    bold: bool
    italic: bool
    monospaced: bool


@lru_cache(maxsize=1024)
def traits(name: str) -> Traits:
    """The traits that a font's name tells."""
    return Traits(bool(_BOLD.search(name)), bool(_ITALIC.search(name)), bool(_MONOSPACED.search(name)))
