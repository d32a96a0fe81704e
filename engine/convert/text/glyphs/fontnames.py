"""What a font's name says of its style, for files whose fonts do not say so themselves; of one without, its widths.

Fonts without a name are the bitmaps that TeX makes of its own. Those with one say by it, or are marked, if they are
monospaced; by widths it cannot be told of them, as programs that know none make all characters the same.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

_BOLD = re.compile(r"bold|black|heavy|semibd|demi(?!u)|(?<![a-z])cmbx|[,-]bd\b", re.IGNORECASE)
_ITALIC = re.compile(r"ital|oblique|slanted|(?<![a-z])cm(ti|sl)|[,-]it\b", re.IGNORECASE)
_MONOSPACED = re.compile(
    r"mono(?!type)|courier|consol|typewriter|[cl]mtt|menlo|inconsolata|source ?code|cascadia|fixed|nimbusmonl|txtt"
    r"|qcr(?:r|b)|cursor-|monaco|lettergothic|fira ?code|iosevka|anonymous ?pro|^hack-",
    re.IGNORECASE,
)

_NARROW, _WIDE = frozenset("fijlrtI1.,:;!|'"), frozenset("mwMWGOQD@%&")
_SAME = 0.01
"""Of the font size: widths that differ by less are one, rounded differently."""
_NAMELESS = re.compile(r"[A-Z][A-Za-z]?_?\d+|Unnamed.*")
"""What is in the place of a name: what the page calls the font."""
_UPRIGHT = (1.0, 0.0)
_LEAST = 6
"""Different characters that are as wide as each other; a page number's font has digits alone."""


class Traits(NamedTuple):
    """How a font looks."""

    bold: bool
    italic: bool
    monospaced: bool


@lru_cache(maxsize=1024)
def traits(name: str) -> Traits:
    """The traits that a font's name tells."""
    return Traits(bool(_BOLD.search(name)), bool(_ITALIC.search(name)), bool(_MONOSPACED.search(name)))


def is_nameless(name: str) -> bool:
    """Whether what a font is called says nothing of it."""
    return _NAMELESS.fullmatch(name) is not None


def monospaced_fonts(raw: Mapping[str, Any]) -> frozenset[str]:
    """What a page's raw dictionary calls nameless fonts whose narrow letters are as wide as their wide ones."""
    widths: dict[str, dict[str, float]] = {}
    proportional: set[str] = set()
    for block in raw["blocks"]:
        for line in block["lines"] if block["type"] == 0 else ():
            for span in line["spans"] if line["dir"] == _UPRIGHT else ():
                name = span["font"]
                if not is_nameless(name):
                    continue
                if name not in proportional and not _are_alike(span, widths.setdefault(name, {})):
                    proportional.add(name)
    return frozenset(name for name, found in widths.items() if name not in proportional and _tells(found))


def _are_alike(span: Mapping[str, Any], found: dict[str, float]) -> bool:
    """Whether a span's characters are as wide as those found before; adds them."""
    for char in span["chars"]:
        letter = char["c"]
        if letter in found or not "!" <= letter <= "~" or char["synthetic"]:
            continue
        found[letter] = (char["bbox"][2] - char["bbox"][0]) / span["size"]
        if abs(found[letter] - next(iter(found.values()))) > _SAME:
            return False
    return True


def _tells(found: Mapping[str, float]) -> bool:
    return len(found) >= _LEAST and not _NARROW.isdisjoint(found) and not _WIDE.isdisjoint(found)
