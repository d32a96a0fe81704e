"""Puts characters that are read off the page from left to right into the order of their text.

This turns the Unicode bidirectional algorithm (UAX #9) round: what it shows from right to left is read that way, and
within it Latin words and numbers from left to right. Of two texts that look alike, it gives the more usual one: a
number right of a Latin word belongs to it, as in a model's name.
"""

import math
import re
import unicodedata
from collections.abc import Sequence
from functools import partial

_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")
_PRESENTATION_FORM = re.compile("[\ufb1d-\ufdff\ufe70-\ufefc]")
_LETTERS = {"R": "r", "AL": "r", "L": "l", "EN": "d", "AN": "d", "CS": "s", "ES": "e", "ET": "t"}
"""Classes of characters as letters, to look for runs with expressions; all others are `n`."""
_WORDS = r"(?=[^r]*l)(?:t*d|l)(?:[^r]*[dl])?(?:(?<=d)t+)?"
"""Latin words and the numbers among them, with all that is between."""
_RIGHTWARD = re.compile(_WORDS + r"|t*d(?:d|[se](?=d))*t*")
_RIGHTWARD_IN_ARABIC = re.compile(_WORDS + r"|d(?:d|s(?=d))*")
"""After Arabic letters, signs such as `%` do not go with a number, nor does a hyphen join two."""
_LEFTWARD = re.compile(r"r(?:[^l]*r)?")
_MIRRORED = str.maketrans("()[]{}<>«»‹›⟨⟩", ")(][}{><»«›‹⟩⟨")
_NO_WIDTH = 0.02
"""In points."""
_OPENING, _CLOSING = frozenset("([{⟨"), frozenset(")]}⟩")


def has_right_to_left(text: str) -> bool:
    """Whether a text has letters of a script that is written from right to left, such as Arabic or Hebrew."""
    return not text.isascii() and _RIGHT_TO_LEFT.search(text) is not None


def clusters(characters: Sequence[tuple[str, float, float]]) -> list[list[int]]:
    """Which characters of a line stand as one: letters with their points, and the letters of a ligature.

    Each is given with where it begins and ends; one without width belongs to the neighbour it touches. Places of one
    cluster are in the order of the text.
    """
    found: list[list[int]] = []
    apart: list[tuple[int, int]] = []
    for place, (character, left, right) in enumerate(characters):
        has_no_width = right - left < _NO_WIDTH and has_right_to_left(character)
        if has_no_width or unicodedata.category(character[:1]) == "Mn":
            apart.append((place, len(found)))
        else:
            found.append([place])
    if not found:
        return [[place] for place, _ in apart]
    owners = [
        (place, min(found[at : at + 1] + found[max(at - 1, 0) : at], key=partial(_distance, characters, place)))
        for place, at in apart
    ]
    for place, owner in owners:
        owner.append(place)
    return found


def _distance(characters: Sequence[tuple[str, float, float]], place: int, cluster: Sequence[int]) -> float:
    _, left, right = characters[place]
    text, first, last = characters[cluster[0]]
    middle = (left + right) / 2
    return max(first - middle, middle - last, 0.0) if not text.isspace() else math.inf


def logical_order(pieces: Sequence[str]) -> list[tuple[int, str]]:
    """A line's pieces in the order of its text, each with its place among those given, and as it is written there.

    They are given from left to right as they stand on the page: a character each, or several that belong together, as
    a letter with its points or the letters of a ligature, in the order of the text. Blanks are pieces too.
    """
    classes = [_class_of(piece) for piece in pieces]
    return _from_left(pieces, classes) if _runs_rightward(classes) else _from_right(pieces, classes)


def _runs_rightward(classes: Sequence[str]) -> bool:
    """Whether a line as a whole runs from left to right: most of its letters do, or those at both ends."""
    strong = [each == "L" for each in classes if each in ("L", "R", "AL")]
    rightward = sum(strong)
    return 2 * rightward > len(strong) or (3 * rightward > len(strong) and strong[0] and strong[-1])


def _from_right(pieces: Sequence[str], classes: Sequence[str]) -> list[tuple[int, str]]:
    """A line that runs from right to left: all turned round, but for words and numbers that run the other way."""
    order = list(range(len(pieces)))[::-1]
    letters = "".join(_LETTERS.get(classes[place], "n") for place in order)
    rightward = _RIGHTWARD_IN_ARABIC if "AL" in classes else _RIGHTWARD
    found: list[tuple[int, str]] = []
    at = 0
    while at < len(order):
        run = rightward.match(letters, at)
        end = run.end() if run is not None else at + 1
        found += [(place, pieces[place]) for place in reversed(order[at:end])]
        at = end
    return _with_letters(_with_brackets(found, classes))


def _from_left(pieces: Sequence[str], classes: Sequence[str]) -> list[tuple[int, str]]:
    """A line that runs from left to right: only what stands in it from its first to its last letter is turned round."""
    letters = "".join(_LETTERS.get(each, "n") for each in classes)
    found: list[tuple[int, str]] = []
    at = 0
    for run in _LEFTWARD.finditer(letters):
        found += [(place, pieces[place]) for place in range(at, run.start())]
        inner = slice(*run.span())
        found += [(run.start() + place, text) for place, text in _from_right(pieces[inner], classes[inner])]
        at = run.end()
    return [*found, *((place, pieces[place]) for place in range(at, len(pieces)))]


def _with_brackets(found: list[tuple[int, str]], classes: Sequence[str]) -> list[tuple[int, str]]:
    """With brackets that open before they close: some programs write how they look, others what they are."""
    first = next((text for place, text in found if text in _OPENING or text in _CLOSING), "")
    if first not in _CLOSING or sum(text in _OPENING or text in _CLOSING for _, text in found) < 2:
        return found
    return [(place, text.translate(_MIRRORED) if classes[place] == "ON" else text) for place, text in found]


def _with_letters(found: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """With letters in place of the forms they take at the beginning, in the middle and at the end of a word."""
    return [
        (place, unicodedata.normalize("NFKC", text) if _PRESENTATION_FORM.search(text) else text)
        for place, text in found
    ]


def _class_of(piece: str) -> str:
    for character in piece:
        kind = unicodedata.bidirectional(character)
        if kind and kind not in ("NSM", "BN"):
            return kind
    return "ON"
