"""Finds what a document's outline, or the links of its table of contents, call headings among the blocks of a page.

An outline names a heading and the place it leads to, mostly a little above the heading. Its words may be in several
blocks (the number in one of its own, a title in two sizes), in a part of one (a heading that its paragraph runs on
from), or differ in what a font or a hyphen made of them. So the words decide, and the place between equal words.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import NamedTuple

from engine.convert.page.blocks import FURNITURE, Block, Box, Kind, RefinedPage
from engine.convert.refine.headings.headingnumbers import folded, forms, is_number, is_numbered_word
from engine.convert.refine.headings.headingstyles import full_text

_LONGEST = 300
"""Characters of a heading in an outline; and of a block that are looked at."""
_MOST_BLOCKS = 4
"""That a heading is in."""
_ABOVE = 8.0
"""Points that an entry usually leads above the heading, for viewers to leave room."""
_FAR = 60.0
"""Points off that weigh as much as words that match less well."""
_WIDE = 200.0
"""Points right of where an entry leads that are in another column."""
_OTHER_COLUMN = 300.0
"""Points that this weighs."""
_NEAR = 120.0
"""Points within which words that match in part alone are believed."""
_ALIKE = 0.86
"""Of words that are the same but for what a font has made of some characters, by difflib."""
_SHORTEST_ALIKE = 8
"""Characters."""
_APART = 2.5
"""Between the blocks of one heading, in sizes of its text."""
_KINDS = (
    frozenset({Kind.HEADING, Kind.PARAGRAPH, Kind.LIST_ITEM, Kind.CAPTION, Kind.FORMULA, Kind.FOOTNOTE}) | FURNITURE
)


_ENDING = " .:—–-\n"
"""What ends the words of a heading that its paragraph runs on from."""


class Stated(NamedTuple):
    """What the document calls a heading."""

    title: str
    page: int
    """From 1."""
    y: float | None
    """Points from the top of the page, if it says so."""
    level: int = 0
    """0 where it does not say."""
    x: float | None = None
    """Points from the left, if it says so."""


class Found(NamedTuple):
    """A heading among the blocks of a page."""

    place: int
    """Of its first block among the page's."""
    blocks: int
    """It is in so many, one after the other."""
    start: int
    """Characters of its block before it, and up to its end."""
    end: int
    level: int


@dataclass(slots=True)
class _Candidate:
    """A block that a heading may be in."""

    place: int
    text: str
    box: Box
    size: float
    kind: Kind
    bold_to: int
    """So many characters from the beginning are set apart from those after them; 0 if none are."""
    start: int = 0
    """Up to here it is another heading's."""
    taken: bool = False
    _forms: tuple[int, tuple[str, ...]] = (-1, ())

    @property
    def rest(self) -> str:
        return self.text[self.start :]

    @property
    def forms(self) -> tuple[str, ...]:
        """Of the rest, made once."""
        if self._forms[0] != self.start:
            self._forms = (self.start, forms(self.rest))
        return self._forms[1]


@dataclass(slots=True)
class _Match:
    cost: float
    candidates: Sequence[_Candidate] = field(default_factory=list)
    end: int = 0


class HeadingPlaces:
    """The blocks of a page that may be headings, and which of them are stated to be."""

    def __init__(self, page: RefinedPage) -> None:
        """Remember what is needed of a page, which may change."""
        self._candidates = [
            _Candidate(place, full_text(block)[:_LONGEST], block.box, block.size or 10.0, block.kind, set_apart(block))
            for place, block in enumerate(page.blocks)
            if block.kind in _KINDS and block.text.strip()
        ]

    def find(self, stated: Iterable[Stated], *, strictly: bool = False) -> list[Found]:
        """The headings that are here; `strictly` takes whole blocks with the very words alone."""
        found: list[Found] = []
        for each in stated:
            match = self._best(each, strictly=strictly)
            if match is None:
                continue
            match.candidates = self._with_number(match.candidates)
            first = match.candidates[0]
            start, end = first.start, match.end
            for candidate in match.candidates:
                candidate.taken = True
            if len(match.candidates) == 1 and end < len(first.text):
                first.taken, first.start = False, end
            found.append(Found(first.place, len(match.candidates), start, end, each.level))
        return [self._to_the_end(each) for each in found]

    def _with_number(self, candidates: Sequence[_Candidate]) -> Sequence[_Candidate]:
        """With the block before them if that is their number: beside them, or `Chapter 3` above."""
        first = candidates[0]
        number = next((number for number, each in enumerate(self._candidates) if each is first), 0)
        before = self._candidates[number - 1] if number and not first.start else None
        if before is None or before.taken or before.start or before.kind in FURNITURE:
            return candidates
        is_beside = min(before.box[3], first.box[3]) > max(before.box[1], first.box[1]) and before.box[0] < first.box[0]
        if _is_next(before, first) and (is_number(before.text) if is_beside else is_numbered_word(before.text)):
            return [before, *candidates]
        return candidates

    def _to_the_end(self, found: Found) -> Found:
        """With the rest of a block that is all of one heading, of which an outline may have the first line alone."""
        candidate = next(each for each in self._candidates if each.place == found.place)
        is_last = candidate.start == found.end and not candidate.taken
        if is_last and candidate.kind is Kind.HEADING and not candidate.bold_to:
            return found._replace(end=len(candidate.text))
        return found

    def _best(self, stated: Stated, *, strictly: bool) -> _Match | None:
        wanted = forms(stated.title[:_LONGEST])
        if not wanted[0]:
            return None
        best: _Match | None = None
        for number, candidate in enumerate(self._candidates):
            if candidate.taken:
                continue
            off = 0.0 if stated.y is None else abs(candidate.box[1] - stated.y - _ABOVE)
            match = self._match(wanted, number, strictly=strictly or off > _NEAR)
            if match is None:
                continue
            if stated.x and (candidate.box[2] < stated.x or candidate.box[0] > stated.x + _WIDE):
                off += _OTHER_COLUMN
            match.cost += min(off / _FAR, 8.0) + 0.4 * (candidate.kind is not Kind.HEADING)
            match.cost += 0.4 * (candidate.kind in FURNITURE)
            if best is None or match.cost < best.cost:
                best = match
        return best

    def _match(self, wanted: tuple[str, ...], number: int, *, strictly: bool) -> _Match | None:
        """How well the words match those of a block, or of it and the next ones."""
        candidate = self._candidates[number]
        text, own = candidate.rest, candidate.forms
        if own[0] == wanted[0]:
            return _Match(0.0, [candidate], len(candidate.text))
        if set(own) & set(wanted):
            return _Match(0.2, [candidate], len(candidate.text))
        together = [candidate]
        begins = (
            any(form.startswith(mine) for form in wanted for mine in own) or is_number(text) or is_numbered_word(text)
        )
        for following in self._candidates[number + 1 : number + _MOST_BLOCKS] if begins else ():
            if following.taken or not _is_next(together[-1], following) or not own[0]:
                break
            together.append(following)
            whole = forms(" ".join(each.rest for each in together))
            if set(whole) & set(wanted):
                return _Match(0.6, together, len(candidate.text))
        if strictly:
            return None
        end = _end_of(text, wanted)
        if end:
            at = candidate.start + end
            apart = candidate.bold_to and abs(candidate.bold_to - at) <= 2
            if apart or candidate.kind is Kind.HEADING or "\n" in text[end - 1 : end + 1]:
                return _Match(2.0, [candidate], at)
        if min(len(own[-1]), len(wanted[-1])) >= _SHORTEST_ALIKE and len(own[0]) < 1.5 * len(wanted[0]):
            ratio = max(_likeness(one, other) for one in own for other in wanted)
            if ratio >= _ALIKE:
                return _Match(2.0 + 4 * (1 - ratio), [candidate], len(candidate.text))
        return None


def _likeness(one: str, other: str) -> float:
    """0 to 1; 0 where it is soon clear that they are not alike."""
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return matcher.ratio() if min(matcher.real_quick_ratio(), matcher.quick_ratio()) >= _ALIKE else 0.0


def set_apart(block: Block) -> int:
    """How many characters at a block's beginning are bold or slanted, while what follows them is not.

    Counted with its label. A colon or full stop after them, and blanks, are theirs; so is code between such words, and
    code that ends the block.
    """
    label = len(block.label) + 1 if block.label else 0
    said = [span for span in block.spans if any(map(str.isalnum, span.text))]
    apart = [number for number, span in enumerate(said) if span.bold or span.italic]
    if all(span.code or span.bold or span.italic for span in said):
        return 0
    count = 0
    for span in block.spans:
        if not (span.bold or span.italic) and any(span is each for each in said):
            number = next(number for number, each in enumerate(said) if each is span)
            if not (span.code and number + 1 in apart):
                break
        count += len(span.text)
    return label + count if 0 < count < len(block.text.rstrip()) else 0


def _end_of(text: str, wanted: tuple[str, ...]) -> int:
    """How many characters of a text its beginning with these words takes up, with what ends them; 0 if it has not."""
    for form in wanted:
        for start in _beginnings(text):
            length = 0
            for place in range(start, len(text)):
                length += len(folded(text[place]))
                if length < len(form):
                    continue
                if folded(text[start : place + 1]) != form or text[place + 1 : place + 2].isalnum():
                    break
                end = place + 1
                while end < len(text) and not text[end].isalnum() and text[end] not in "([{\"'“‘":
                    end += 1
                return end if end < len(text) else 0
    return 0


def _beginnings(text: str) -> Iterable[int]:
    """Where the words of a text begin: with its number, or behind it."""
    yield 0
    whole = forms(text)
    if len(whole) > 1:
        yield len(text) - len(text.lstrip()) + text.strip().index(" ") if " " in text.strip() else 0


def _is_next(one: _Candidate, other: _Candidate) -> bool:
    """Whether two blocks may be of one heading: side by side, or one right below the other."""
    size = max(one.size, other.size)
    gap = other.box[1] - one.box[3]
    return other.place == one.place + 1 and -_APART * size < gap < _APART * size
