"""Puts words together: lines by their place, and text with styles out of lines."""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import groupby, pairwise

from engine.convert.page.blocks import Span, merged, stripped
from engine.convert.text.textline import Line, Word, dominant_size

_HYPHENS = ("-", "‐")
_SOFT_HYPHEN = "\u00ad"
_PAINTED = 0.1
"""Of the font size: a soft hyphen that is wider can be seen."""
_BAND = 20.0
_SCRIPT_SIZE = 0.85
"""A raised or lowered character is smaller than this share of its line; usual are 0.58 to 0.7."""
_DIGIT = re.compile("[0-9]")
_RAISED, _LOWERED = 0.25, 0.34
"""Of the size above the baseline: where the ink of a small raised character begins, and that of a lowered one ends."""
_UNSPACED_DASHES = ("—", "―")
"""Set without blanks around them where they stand right after a word."""
_INNER = ("_", ".", "/", "=", "(", ":", "&", "?")
"""After which TeX and browsers cut names and addresses in code."""
_CLOSING = (".", ",", ";", ":", ")", "]", "!", "?")
_CONJUNCTIONS = ("and", "und", "oder")
"""After the first half of a pair, as in "pre- and post-war"; shorter ones are also ends of words, as in "col-or"."""
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_STRIPPED = ".,;:!?()[]{}\"'“”‘’"
# Scripts written without blanks between words: kana, CJK ideographs and their punctuation, full-width forms.
_UNSPACED = re.compile("[\u3000-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uff65\U00020000-\U0003ffff]")


def visual_lines(fragments: Iterable[Line]) -> list[Line]:
    """Fragments of lines as the lines that a reader sees, from top to bottom.

    Text of another direction than most comes last, in lines of its own.
    """
    groups: dict[tuple[float, float, bool], list[Line]] = {}
    for fragment in fragments:
        cos, sin = fragment.direction
        groups.setdefault((round(cos, 2), round(sin, 2), fragment.is_vertical), []).append(fragment)
    if len(groups) == 1:
        return _side_by_side(next(iter(groups.values())))
    ordered = sorted(groups.values(), key=lambda group: -sum(len(w.text) for f in group for w in f.words))
    return [line for group in ordered for line in _side_by_side(group)]


def compose(lines: Sequence[Line], vocabulary: Collection[str] = frozenset()) -> list[Span]:
    """Lines as running text: joined by blanks, without the hyphens that only a line's end has brought.

    `vocabulary` are the page's words in lower case: a word that also stands there whole, or with its hyphen, says what
    a hyphen at a line's end is.
    """
    spans: list[Span] = []
    for number, line in enumerate(lines):
        pieces = styled(line)
        if number and spans and pieces:
            join(spans, pieces, vocabulary)
        spans += pieces
    return stripped(spans)


def set_lines(lines: Sequence[Line], vocabulary: Collection[str], right: Callable[[], float | None]) -> list[Span]:
    """A paragraph's lines as running text, or with line feeds where they are lines of their own, as in an address.

    They are if most end although the next one's first word would have fitted into the paragraph's width, and not all
    near the same place, as beside a picture. The longest is one too if it does not reach what `right` tells.
    """
    broken = [ends_early(before, after, max(line.end for line in lines)) for before, after in pairwise(lines)]
    if not broken or not all(line.is_upright for line in lines) or sum(broken) < 0.6 * len(broken):
        return compose(lines, vocabulary)
    ends = [line.end for line, is_broken in zip(lines, broken, strict=False) if is_broken]
    if len(ends) > 2 and max(ends) - min(ends) < 3 * lines[0].size:
        return compose(lines, vocabulary)
    limit = right()
    if limit is not None:
        broken = [ends_early(before, after, limit) for before, after in pairwise(lines)]
    spans: list[Span] = []
    first = 0
    for last in range(1, len(lines) + 1):
        if last == len(lines) or broken[last - 1]:
            spans += [Span("\n")] if spans else []
            spans += compose(lines[first:last], vocabulary)
            first = last
    return merged(spans)


def ends_early(before: Line, after: Line, right: float) -> bool:
    """Whether a line ends although the next one's first word would have fitted, with room to spare."""
    word = after.words[0]
    return before.end + 0.3 * before.size + (word.end - word.start) < right - 2 * before.size


def styled(line: Line) -> list[Span]:
    """A line's text with its styles; blanks between words belong to the word before."""
    size, baseline = line.size, line.baseline
    spans: list[Span] = []
    last = len(line.words) - 1
    for number, word in enumerate(line.words):
        font = word.font
        if font.math:
            span = Span(word.text, link=word.link, math=True)
            if number and line.words[number - 1].blank_after:
                spans.append(_blank(spans[-1], span))
            spans.append(span)
            continue
        written = _with_hyphens(word, is_last=number == last) if _SOFT_HYPHEN in word.text else word.text
        script = _script(word, size, baseline)
        parts = [(written, script)]
        if not script and line.is_upright and written == word.text:
            parts = _scripts_by_ink(word)
        made = [
            Span(part, font.bold, font.italic, font.mono, font.strike, place, word.link, hidden=font.hidden)
            for part, place in parts
        ]
        if number and line.words[number - 1].blank_after:
            spans.append(_blank(spans[-1], made[0]))
        spans += made
    return merged(spans)


def _scripts_by_ink(word: Word) -> list[tuple[str, int]]:
    """A word in parts with their places, where the font has small digits of its own for what is raised or lowered.

    They have the size and the baseline of their line; only their ink is elsewhere. Old-style digits reach higher.
    """
    font = word.font
    if not font.visible or len(word.raw) != len(word.text) or not _DIGIT.search(word.text):
        return [(word.text, 0)]
    places = [_place_of_ink(char["bbox"], word, character) for char, character in zip(word.raw, word.text, strict=True)]
    return [
        ("".join(character for character, _ in group), place)
        for place, group in groupby(zip(word.text, places, strict=True), key=lambda pair: pair[1])
    ]


def _place_of_ink(box: Sequence[float], word: Word, character: str) -> int:
    """1 above the line, -1 below it, 0 on it."""
    if not (character.isascii() and character.isalnum()):
        return 0
    top, bottom = (word.baseline - box[1]) / word.font.size, (word.baseline - box[3]) / word.font.size
    if bottom > _RAISED:
        return 1
    return -1 if character.isdigit() and top < _LOWERED and bottom < 0 else 0


def _with_hyphens(word: Word, *, is_last: bool) -> str:
    """A word's text with hyphens for the soft ones that are painted; at the line's end they wait for the next one."""
    if is_last and word.text.endswith(_SOFT_HYPHEN):
        return _with_hyphens(word.split(len(word.text) - 1)[0], is_last=False) + _SOFT_HYPHEN
    return "".join(
        (character if character != _SOFT_HYPHEN else "-" if right - left > _PAINTED * word.font.size else "")
        for character, (left, right) in zip(word.text, pairwise(word.edges), strict=True)
    )


def _blank(before: Span, after: Span) -> Span:
    """Between two words: it has the styles that both have."""
    return Span(
        " ",
        before.bold and after.bold,
        before.italic and after.italic,
        before.code and after.code,
        before.strike and after.strike,
        before.script if before.script == after.script else 0,
        before.link if before.link == after.link else "",
        hidden=before.hidden and after.hidden,
    )


def _script(word: Word, size: float, baseline: float) -> int:
    """1 for a superscript, -1 for a subscript; the line's size and baseline are those of most of it."""
    if word.font.size > size * _SCRIPT_SIZE:
        return 0
    rise = baseline - word.baseline
    if rise > size * 0.15:
        return 1
    return -1 if rise < -size * 0.05 else 0


def _side_by_side(fragments: list[Line]) -> list[Line]:
    """Lines of fragments of one direction: first by those of the usual size, to which the small ones are added."""
    reaches = [_extent(fragment) for fragment in fragments]
    if all(after[0] >= before[1] for before, after in pairwise(reaches)):
        return fragments  # each below the one before, as most come
    usual = dominant_size(fragments)
    rows: list[list[Line]] = []
    extents: list[tuple[float, float]] = []
    bands: dict[int, list[int]] = {}  # the rows by where they are, lest each fragment be compared with all
    small = [fragment for fragment in fragments if fragment.size < usual * _SCRIPT_SIZE]
    large = [fragment for fragment in fragments if fragment.size >= usual * _SCRIPT_SIZE]
    for fragment in sorted(large, key=lambda f: f.baseline) + sorted(small, key=lambda f: f.baseline):
        extent = _extent(fragment)
        covered = range(int(extent[0] // _BAND), int(extent[1] // _BAND) + 1)
        near = {row for band in covered for row in bands.get(band, ())}
        place = max(near, key=lambda i: (_overlap(extents[i], extent), -i), default=None)
        if place is not None and _overlap(extents[place], extent) >= 0.5:
            rows[place].append(fragment)
        else:
            for band in covered:
                bands.setdefault(band, []).append(len(rows))
            rows.append([fragment])
            extents.append(extent)
    order = sorted(range(len(rows)), key=lambda i: extents[i][1])
    return [_row(rows[i]) for i in order]


def _extent(line: Line) -> tuple[float, float]:
    """From about the top of its capitals to the bottom of its descenders, across the direction of writing."""
    baseline, size = line.baseline, line.size
    return (baseline - 0.7 * size, baseline + 0.2 * size)


def _overlap(one: tuple[float, float], other: tuple[float, float]) -> float:
    """As a share of the lower one's height."""
    height = min(one[1] - one[0], other[1] - other[0])
    return (min(one[1], other[1]) - max(one[0], other[0])) / height if height > 0 else 0.0


def _row(fragments: list[Line]) -> Line:
    """One line of fragments that stand side by side."""
    if len(fragments) == 1:
        return fragments[0]
    # A line that runs from right to left has its first word at the right end.
    leftward = sum(
        len(f.words) if f.words[0].start > f.words[-1].start else -len(f.words) for f in fragments if len(f.words) > 1
    )
    fragments.sort(key=lambda fragment: fragment.start, reverse=leftward > 0)
    words: list[Word] = []
    for fragment in fragments:
        if words and not words[-1].blank_after:
            before, first = words[-1], fragment.words[0]
            gap = max(first.start - before.end, before.start - first.end)
            if gap > 0.12 * min(before.font.size, first.font.size):
                before.blank_after = before.is_gap = True
        words += fragment.words
    return Line(words, fragments[0].direction, fragments[0].is_vertical)


def join(spans: list[Span], following: list[Span], vocabulary: Collection[str]) -> None:
    """Make the end of `spans` fit what follows on the next line: a blank, a hyphen less, or nothing."""
    last, first = spans[-1], following[0]
    text = last.text
    if last.math or first.math:
        if not (last.math and first.text.startswith(_CLOSING)):
            spans.append(Span(" "))
        return
    if text.endswith(_SOFT_HYPHEN):
        spans[-1] = Span(text.rstrip(_SOFT_HYPHEN), *last.style)
        return
    before = "".join(span.text for span in spans[-8:]).split()[-1]
    after = "".join(span.text for span in following[:8]).split()[0]
    if text.endswith(_HYPHENS) and (before[-2:-1].isalnum() or last.code) and after[:1].isalnum():
        if not last.code:
            spans[-1] = Span(past_hyphen(text, before, after, vocabulary), *last.style)
        return
    if text.endswith(_UNSPACED_DASHES) and before != text[-1:] and after[:1].isalnum():
        return
    if (before[-2:-1].isalnum() and text.endswith("_")) or (last.code and first.code and text.endswith(_INNER)):
        return  # A name that is cut at a line's end.
    if last.link and last.link == first.link and len(before) > 3 and before + after in last.link:
        return  # An address that is cut at a line's end.
    if _UNSPACED.match(text[-1:]) and _UNSPACED.match(first.text[:1]):
        return
    blank = _blank(last, first)
    if blank.style == last.style:
        spans[-1] = Span(text + " ", *last.style)
    else:
        spans.append(blank)


def past_hyphen(text: str, before: str, after: str, vocabulary: Collection[str]) -> str:
    """A `text` that ends with a hyphen, as the next line goes on from it: without it, with it, or with a blank too.

    `before` and `after` are the last word of the line and the first of the next.
    """
    if is_cut(before, after, vocabulary):
        return text[:-1]
    return text + " " if after in _CONJUNCTIONS else text


def is_cut(before: str, after: str, vocabulary: Collection[str]) -> bool:
    """Whether the hyphen at the end of `before` is there only because its line ended.

    `before` and `after` are the last word of one line and the first of the next.
    """
    before, after = before.lstrip(_STRIPPED), after.rstrip(_STRIPPED)
    if not after[:1].islower() or not before[-2:-1].isalpha():
        return False
    head, tail = before[:-1].lower(), after.lower()
    if head + tail in vocabulary:
        return True
    if f"{head}-{tail}" in vocabulary or "-" in head or "-" in tail or tail in _CONJUNCTIONS:
        return False
    if before[-2:-1].isupper() or not _WORD.fullmatch(tail):
        return False  # "PDF-based", "rust-lang/rust": no program cuts there but at a hyphen
    return not (head in vocabulary and tail in vocabulary)
