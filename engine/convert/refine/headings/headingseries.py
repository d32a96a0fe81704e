"""Finds headings by their numbers where these count on from one to the next: `I.`, `A.`, `1)`, `a)` and `1.2.1`.

A number says little by itself: lists, answers and clauses have them too. It tells a heading where it goes on from the
one before, or begins again below a higher one, and is set apart together with the words behind it. Those may be the
beginning of a paragraph that runs on from them, as in papers of the IEEE.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from engine.convert.page.blocks import FURNITURE, Block, Kind, RefinedPage
from engine.convert.refine.headings.headingplaces import set_apart
from engine.convert.refine.headings.headingstyles import Style, full_text, style_of
from engine.convert.text.listlabels import roman_value

_LONGEST = 200
"""Characters of a heading."""
_LONGEST_PLAIN = 90
"""Characters of one that is not set apart."""
_COUNTING = 0.8
"""Of the numbers of one kind, the part that has to count."""
_ROMAN, _LETTER, _NUMBER, _SMALL, _DOTTED = "I.", "A.", "1)", "a)", "1.1"
_FORMS = (
    (_DOTTED, re.compile(r"(\d{1,3}(?:\.\d{1,3}){1,5})\.?\s+(?=[^\W\d_])")),
    (_ROMAN, re.compile(r"([IVXL]{1,7})\.\s+(?=\S)")),
    (_LETTER, re.compile(r"([A-Z])\.\s+(?=\S)")),
    (_NUMBER, re.compile(r"(\d{1,2})\)\s+(?=\S)")),
    (_SMALL, re.compile(r"([a-z])\)\s+(?=\S)")),
)
_LETTERS = {1: 9, 5: 22, 10: 24, 50: 12}
"""The places in the alphabet of letters that are Roman numerals, by what they count."""
_LEADER = re.compile(r"(?:[.·…]\s*){3,}\d*$|\s\d{1,4}$")
"""How a line of a table of contents ends."""
_KINDS = frozenset({Kind.HEADING, Kind.PARAGRAPH, Kind.LIST_ITEM})


class Numbered(NamedTuple):
    """A block that begins with a number."""

    page: int
    """From 1."""
    place: int
    """Among the page's blocks."""
    end: int
    """Characters of it that would be the heading."""
    form: str
    values: tuple[int, ...]
    look: tuple[bool, bool, bool]
    """Bold, italic, capitals."""
    is_called: bool
    """A heading, by the layout model."""
    runs_on: bool
    """Its paragraph does, in the same line."""
    style: Style


class HeadingSeries:
    """The numbered headings of a document."""

    def __init__(self) -> None:
        self._numbered: list[Numbered] = []

    def observe(self, page: RefinedPage) -> None:
        """Note what begins with a number. Pages come in order, each once."""
        blocks = [(place, block) for place, block in enumerate(page.blocks) if block.kind not in FURNITURE]
        for number, (place, block) in enumerate(blocks):
            if block.kind in _KINDS:
                following = blocks[number + 1][1] if number + 1 < len(blocks) else None
                found = _numbered(page.number, place, block, following)
                if found is not None:
                    self._numbered.append(found)

    def scheme(self) -> list[list[Numbered]]:
        """Headings numbered by letters and the like, a list for each level from the highest down."""
        self._numbered = _told_apart(self._numbered)
        letters = self._counting(_LETTER)
        romans = self._counting(_ROMAN, least=1 if letters else 2)
        if not letters or not (romans or _are_called(letters)):
            return [romans] if len(romans) >= 2 else []
        numbers = self._counting(_NUMBER, least=1)
        return [each for each in (romans, letters, numbers, self._counting(_SMALL, least=1) if numbers else []) if each]

    def _counting(self, form: str, least: int = 2) -> list[Numbered]:
        """Of one form those that are set like most of them, if there are so many and their numbers count."""
        looks: dict[tuple[bool, bool, bool], list[Numbered]] = defaultdict(list)
        for each in self._numbered:
            if each.form == form and any(each.look):
                looks[each.look].append(each)
        best = max(looks.values(), key=len, default=[])
        return best if len(best) >= least and _count(best) else []

    def dotted(self) -> list[Numbered]:
        """Those like `1.2.1` whose number comes after one that was there, or is the first below one."""
        seen: set[tuple[int, ...]] = set()
        kept = []
        for each in self._numbered:
            if each.form != _DOTTED:
                continue
            values = each.values
            parent, last = values[:-1], values[-1]
            follows = (*parent, last - 1) in seen or (last <= 1 and (len(parent) == 1 or parent in seen))
            if follows and values not in seen:
                seen.add(values)
                kept.append(each)
        apart = [each for each in kept if each.is_called or any(each.look)]
        # Clauses are numbered too, and are text: some of the headings are set as such.
        return [each for each in kept if any(each.look) or not each.runs_on] if len(apart) >= 0.5 * len(kept) else []


def _numbered(page: int, place: int, block: Block, following: Block | None) -> Numbered | None:
    text = full_text(block)
    for form, pattern in _FORMS:
        number = pattern.match(text)
        if number is None:
            continue
        apart = set_apart(block)
        style = style_of(block)
        runs_on = number.end() < apart <= _LONGEST
        head = text[:apart] if runs_on else text
        capitals = head[number.end() :].isupper()
        is_called = block.kind is Kind.HEADING and not runs_on
        if form is _ROMAN and not capitals and (not is_called or style.italic):
            continue  # the letter
        if form is _LETTER and capitals and not runs_on and not (style.bold or style.italic):
            continue
        look = (any(s.bold for s in block.spans[:1]), any(s.italic for s in block.spans[:1]), capitals)
        if not runs_on:
            if len(text) > _LONGEST or _LEADER.search(text):
                return None
            # What was set in small capitals is in small letters by now.
            look = (style.bold, style.italic, capitals or (form is _ROMAN and not style.bold))
            if not any(look) and not _is_plain_heading(text, following):
                return None
        values = _values(form, number[1])
        return Numbered(page, place, len(head), form, values, look, block.kind is Kind.HEADING, runs_on, style)
    return None


def _is_plain_heading(text: str, following: Block | None) -> bool:
    """Whether a line that is not set apart may be a heading: short, no sentence, and with text below it."""
    if len(text) > _LONGEST_PLAIN or text.endswith((".", ",", ";", ":")) or following is None:
        return False
    return not any(pattern.match(full_text(following)) for _, pattern in _FORMS)


def _values(form: str, number: str) -> tuple[int, ...]:
    if form is _DOTTED:
        return tuple(int(part) for part in number.split("."))
    if form is _ROMAN:
        return (roman_value(number),)
    return (int(number) if number.isdigit() else ord(number.lower()) - ord("a") + 1,)


def _told_apart(numbered: Sequence[Numbered]) -> list[Numbered]:
    """With `I.`, `V.`, `X.` and `L.` as letters where they come right after the letter before them, set alike."""
    told: list[Numbered] = []
    last: dict[tuple[bool, bool], int] = {}
    for each in numbered:
        if each.form is _ROMAN and each.values[0] in _LETTERS:
            letter = _LETTERS[each.values[0]]
            if last.get(each.style[1:]) == letter - 1:
                each = each._replace(form=_LETTER, values=(letter,), look=(*each.style[1:], False))
        if each.form is _LETTER:
            last[each.style[1:]] = each.values[0]
        told.append(each)
    return told


def _count(numbered: Sequence[Numbered]) -> bool:
    """Whether numbers come after others, of which pages in columns may not be in order, or are the first."""
    values = {each.values[0] for each in numbered} | {0}
    return sum(each.values[0] - 1 in values for each in numbered) >= _COUNTING * len(numbered)


def _are_called(numbered: Iterable[Numbered]) -> bool:
    """Whether the layout model takes half of them for headings."""
    called = [each.is_called for each in numbered]
    return bool(called) and 2 * sum(called) >= len(called)
