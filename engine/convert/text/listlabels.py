"""Tells what stands before a list item: a bullet, a number, or a small drawing."""

import re
from dataclasses import dataclass

from engine.convert.text.pagetext import PageText
from engine.convert.text.textline import Line, Word

_BULLETS = frozenset("•◦▪▫‣●○■□◼◻⁃∙◾◆◇❖➢➤►▶▸▹✓✔✗✘☐☑☒→⇒»❑❒❏❍⦁⚫⚪🔹🔸")
_DASHES = frozenset("-–—*∗·+§\N{REPLACEMENT CHARACTER}")
"""Bullets too, where a blank follows; of TeX's bitmap fonts, nobody knows which character they are."""
_NUMBER = re.compile(
    r"""\(?(?:\d{1,3}|[a-zA-Z]|[ivxlc]{1,6}|[IVXLC]{1,6})[.)]   # 1. 1) (1) a. a) iv.
      |\d{1,2}(?:\.\d{1,2}){1,4}\.?                             # 1.2 1.2.3.
      |\[\d{1,3}\]                                              # [1]
      |[①-⑳❶-❿]""",
    re.VERBOSE,
)

_DECIMAL = re.compile(r"\d{1,3}\.\d{1,3}")


@dataclass(frozen=True, slots=True)
class Label:
    """What a list item begins with."""

    text: str
    """As it stands in the document; `•` for a drawing or a character of a symbol font."""
    words: int
    """So many words of its line are the label; 0 for a drawing."""
    left: float
    """Where it begins, in points."""
    is_number: bool


def find_label(line: Line, text: PageText) -> Label | None:
    """The label a line begins with, if any; the whole line is never one."""
    first = line.words[0]
    if len(line.words) > 1:
        sign = first.text
        if len(sign) == 1 and (sign in _BULLETS or is_symbol(sign)):
            return Label(sign if sign in _BULLETS else "•", 1, first.start, False)
        if len(sign) == 1 and sign in _DASHES and (first.blank_after or _has_gap(line)):
            return Label(sign, 1, first.start, False)
        if sign in ("o", "O", "l", "n", "u", "q", "v") and _is_other_font(line) and _has_gap(line):
            return Label("•", 1, first.start, False)  # Courier and Wingdings, as word processors use them.
        if _NUMBER.fullmatch(sign) and (first.blank_after or _has_gap(line)) and not _is_measure(line):
            return Label(sign, 1, first.start, True)
    drawn = drawn_bullet(line, text)
    return Label("•", 0, drawn, False) if drawn is not None else None


def split_glued(line: Line) -> Line:
    """The line with a bullet that is glued to its first word as a word of its own."""
    first = line.words[0]
    if len(first.text) > 1 and (first.text[0] in _BULLETS or is_symbol(first.text[0])) and first.text[1].isalnum():
        return Line([*first.split(1), *line.words[1:]], line.direction, line.is_vertical)
    return line


def is_symbol(character: str) -> bool:
    """Whether it is of the private use area, where symbol fonts have their bullets."""
    return "\ue000" <= character <= "\uf8ff"


def is_bullet(text: str) -> bool:
    """Whether a text is nothing but a bullet."""
    return len(text) == 1 and (text in _BULLETS or text == "·" or is_symbol(text))


def is_label(text: str) -> bool:
    """Whether a text is nothing but a bullet or a list item's number."""
    return is_bullet(text) or _NUMBER.fullmatch(text) is not None


def drawn_bullet(line: Line, text: PageText) -> float | None:
    """The left edge of a small graphic as high as it is wide, left of a line, at half the height of its letters.

    MuPDF gives a stroke's box with room for pointed corners, twenty times its width on each side, so go by the centre.
    """
    size = line.size
    middle = line.baseline - 0.3 * size
    for drawing in text.marks_near(middle):
        x0, y0, x1, y1 = drawing.box
        width, height = x1 - x0, y1 - y0
        most = 4.5 if drawing.is_stroked else 0.8
        if 0.12 * size < height < most * size and abs((y0 + y1) / 2 - middle) < 0.35 * size:
            radius = min(width / 2, 0.2 * size)
            centre = (x0 + x1) / 2
            if 0.2 * size < line.start - centre - radius < 2.5 * size:
                return centre - radius
    return None


def successor(before: str, after: str) -> bool:
    """Whether a numeral comes right after another: `2.` after `1.`, `1.3` after `1.2`, `v.` after `iv.`."""
    one, two = before.strip("()[]. "), after.strip("()[]. ")
    if one.isdigit() and two.isdigit():
        return int(two) == int(one) + 1
    if "." in one and "." in two:
        head, _, tail = one.rpartition(".")
        next_head, _, next_tail = two.rpartition(".")
        return head == next_head and tail.isdigit() and next_tail.isdigit() and int(next_tail) == int(tail) + 1
    if len(one) == len(two) == 1 and ord(two) == ord(one) + 1:
        return True
    values = [roman_value(text) for text in (one, two)]
    return bool(values[0]) and values[1] == values[0] + 1


_ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}


def roman_value(text: str) -> int:
    """What a Roman numeral counts; 0 of a text that is none."""
    digits = [_ROMAN.get(c, 0) for c in text.lower()]
    if not digits or 0 in digits:
        return 0
    return sum(-d if d < max(digits[i:]) else d for i, d in enumerate(digits))


def _is_measure(line: Line) -> bool:
    """Whether a line begins with a decimal and what it counts, as `1.5 mm`: titles of sections have capitals."""
    return _DECIMAL.fullmatch(line.words[0].text) is not None and line.words[1].text[:1].islower()


def _has_gap(line: Line) -> bool:
    first, second = line.words[0], line.words[1]
    return second.start - first.end > 0.2 * first.font.size


def _is_other_font(line: Line) -> bool:
    first, second = line.words[0], line.words[1]
    return first.font.name != second.font.name


def text_start(line: Line, label: Label | None) -> float:
    """Where the text of an item's first line begins, in points."""
    rest: list[Word] = line.words[label.words :] if label is not None else line.words
    return rest[0].start if rest else line.start
