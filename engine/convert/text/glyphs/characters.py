"""Which characters say something, and what stands for a glyph of which the PDF does not say what it means."""

import re

UNKNOWN = "\N{REPLACEMENT CHARACTER}"
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
"""No text has them: they are codes of a font that were taken for characters."""
_INVISIBLE = re.compile("[\u200b\u2060\ufeff]")
"""Of no width, they only say where a line may end: Typst (0.15) joins page numbers in an outline to their leaders."""
_UNKNOWN = re.compile("[\ufffd\ue000-\uf8ff\U000f0000-\U0010fffd]")


def readable(text: str) -> str:
    """Text with `UNKNOWN` for what is no character of any text, such as a control character."""
    return text if text.isascii() and text.isprintable() else _CONTROLS.sub(UNKNOWN, text)


def without_invisible(text: str) -> str:
    """Text without characters that are nothing to read."""
    return text if text.isascii() else _INVISIBLE.sub("", text)


def count_unknown(text: str) -> int:
    """How many of its characters nobody but the font's maker knows: `UNKNOWN`, and those for private use."""
    return 0 if text.isascii() else len(_UNKNOWN.findall(text))
