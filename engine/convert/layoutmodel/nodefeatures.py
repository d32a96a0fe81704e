"""What the graph model is told of each box besides its place: how its text is set, and what it looks like as signs."""

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any

import numpy as np
from pymupdf import mupdf

_BY_KIND = {"is_text": "text", "is_image": "image", "is_vector": "vector"}
_BY_KIND |= {"is_hline_vector": "h-line-vector", "is_vline_vector": "v-line-vector"}
_SEEN = ("num_numerals", "num_non_numerals", "invisible")
_CODES = 20
"""Signs of a pattern that are told, two digits each."""
_SIGNS = "•-*+<>()→✓#□■‣◦▪.:※"
_LETTER, _DIGIT, _OTHER, _BLANK, _FIRST_SIGN = 10, 11, 12, 13, 14


def setting_features(data: dict[str, Any], names: Sequence[str]) -> np.ndarray:
    """Numbers by their names for each box of the library's dictionary; takes boxes out of it that nobody can see.

    As the library has it: they go if some other text can be seen, and their kinds stay where they are.
    """
    from pymupdf import features

    listed = tuple(name for name in names if name not in _BY_KIND and name != "num_ratio")
    of = attrgetter(*_SEEN, *listed)
    rows, unseen, has_text = [], [], False
    for number, (box, text) in enumerate(zip(data["bboxes"], data["text"], strict=True)):
        numerals, others, invisible, *values = of(
            features.fz_features_for_region(data["stext_page"], mupdf.FzRect(*box), 0)
        )
        has_text = has_text or (numerals + others > 0 and invisible == 0)
        if invisible == 1:
            unseen.append(number)
        known = dict(zip(listed, values, strict=True))
        kind = data["box_type"][number]
        known |= {name: float(kind == wanted) for name, wanted in _BY_KIND.items()}
        known["num_ratio"] = sum(map(str.isdigit, text)) / len(text) if text else 0.0
        rows.append([float(known[name]) for name in names])
    if has_text and unseen:
        rows = [row for number, row in enumerate(rows) if number not in unseen]
        for number in reversed(unseen):
            del data["bboxes"][number], data["text"][number]
    return np.array(rows, np.float32)


def sign_features(texts: Sequence[str]) -> np.ndarray:
    """The patterns of texts: which kinds of signs follow each other, and how often."""
    return np.array([_pattern(text) for text in texts], np.float32)


class _Kinds(dict[int, str]):
    """Characters as what they are in a pattern, each found out once: its code, as a character."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        if char in _SIGNS:
            kind = _FIRST_SIGN + _SIGNS.index(char)
        elif char.isspace():
            kind = _BLANK
        elif char.isdigit():
            kind = _DIGIT
        else:
            kind = _LETTER if char.isalnum() else _OTHER
        self[code] = chr(kind)
        return self[code]


_KINDS = _Kinds()


def _pattern(text: str) -> list[float]:
    codes: list[int] = []
    for kind, group in groupby(text.translate(_KINDS)):
        codes.append(ord(kind))
        codes += map(int, str(len([*group])))
        if len(codes) >= _CODES:
            break
    digits = [digit / 8 for code in codes[:_CODES] for digit in divmod(code, 8)]
    return digits + [0.0] * (2 * _CODES - len(digits))
