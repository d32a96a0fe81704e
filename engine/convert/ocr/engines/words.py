"""Parts a line into words, by the columns in which the recognition model has seen its characters."""

from collections.abc import Sequence
from itertools import accumulate, pairwise
from statistics import fmean, median

import numpy as np

_WIDE_GAP = 2.6
"""Characters so many times as far apart as usual are two words, though no blank was read between them."""
_NO_BLANKS = ((0x2E80, 0x9FFF), (0xF900, 0xFAFF), (0xFF00, 0xFFEF), (0x20000, 0x3FFFF))
"""Scripts without blanks between words: Chinese and Japanese."""


def is_cjk(character: str) -> bool:
    """Whether it is a character of a script without blanks between words."""
    return any(first <= ord(character) <= last for first, last in _NO_BLANKS)


def parts(text: str, places: Sequence[float]) -> list[tuple[str, float, float]]:
    """The words of a line, each with where it begins and ends.

    `places` are the middles of its characters without blanks, in shares of the line's width, from left to right.
    """
    characters = [(character, index) for index, character in enumerate(text) if not character.isspace()]
    if not characters or len(characters) != len(places):
        return [(text.strip(), 0.0, 1.0)] if text.strip() else []
    advances = [
        after - before
        for (before, after), ((_, i), (_, j)) in zip(pairwise(places), pairwise(characters), strict=True)
        if j == i + 1
    ]
    advance = median(advances) if advances else 1.0 / max(len(text), 1)
    first = 0
    words: list[tuple[int, int]] = []
    for number in range(1, len(characters) + 1):
        if number < len(characters):
            (before, i), (after, j) = characters[number - 1], characters[number]
            is_far = places[number] - places[number - 1] > _WIDE_GAP * advance
            if j == i + 1 and not (is_far and not is_cjk(before) and not is_cjk(after)):
                continue
        words.append((first, number))
        first = number
    result = []
    for start, end in words:
        left = places[start] - 0.5 * advance
        right = places[end - 1] + 0.5 * advance
        if start:
            left = max(left, places[start] - 0.45 * (places[start] - places[start - 1]))
        if end < len(places):
            right = min(right, places[end - 1] + 0.45 * (places[end] - places[end - 1]))
        word = "".join(character for character, _ in characters[start:end])
        result.append((word, float(np.clip(left, 0, 1)), float(np.clip(right, 0, 1))))
    return result


def confidences(words: Sequence[str], characters: Sequence[float]) -> list[float | None]:
    """The mean confidence of each of a line's words, from those of the line's characters, one after the other.

    None of any where these are not as many.
    """
    if sum(map(len, words)) != len(characters):
        return [None] * len(words)
    ends = [*accumulate(map(len, words), initial=0)]
    return [fmean(characters[start:end]) for start, end in pairwise(ends)]
