"""Puts the lines of a column together: paragraphs, list items, listings."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from engine.convert.fastlayout.pageparts import is_bold, is_mono
from engine.convert.text.listlabels import Label, find_label, successor
from engine.convert.text.pagetext import PageText
from engine.convert.text.textflow import ends_early
from engine.convert.text.textline import Line

_SAME_SIZE = 0.08
"""Sizes of text that differ by less, as a part of them, are one."""
_APART = 1.22
"""Lines of a paragraph are at most so many times as far apart as most lines are."""
_USUAL = 1.25
"""So far lines are apart, in sizes of their text, where there are too few to tell."""
_MOST = 2.3
"""Lines that are further apart, in sizes of their text, are no neighbours."""
_INDENT = 0.8
"""So far the first line of a paragraph is set in, in sizes of its text."""
_DOUBTFUL = frozenset("-–—*+·§")
"""What may begin any line; other bullets begin a list's item alone."""
_ENDS = (".", "!", "?", ":", "。", "！", "？", "：", ".”", '."', ".)")


class Pitches:
    """How far the lines of a page are apart, by the size of their text."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._counts: dict[float, Counter[float]] = {}
        self._usual: dict[float, float] = {}
        for before, after in pairwise(lines):
            step = after.baseline - before.baseline
            size = round(before.size, 1)
            is_near = abs(before.size - after.size) < _SAME_SIZE * before.size and 0.9 < step / before.size < _MOST
            if is_near and min(before.end, after.end) > max(before.start, after.start):
                self._counts.setdefault(size, Counter())[round(step * 2) / 2] += 1

    def of(self, size: float) -> float:
        """For text of a size, in points."""
        size = round(size, 1)
        if size not in self._usual:
            counts = self._counts.get(size, Counter())
            if sum(counts.values()) < 3:
                self._usual[size] = min([*counts, _USUAL * size])
            else:
                most = max(counts.values())
                self._usual[size] = min(step for step, count in counts.items() if count >= 0.3 * most)
        return self._usual[size]


@dataclass(slots=True)
class Group:
    """Lines that belong together."""

    lines: list[Line]
    label: Label | None = None
    """What its first line begins with."""


def groups_of(lines: Iterable[Line], right: float, pitches: Pitches, text: PageText) -> list[Group]:
    """The lines of a column, from top to bottom, in groups; `right` is where the column ends."""
    groups: list[Group] = []
    open_: list[Group] = []
    for line in lines:
        label = find_label(line, text)
        open_ = [group for group in open_ if line.baseline - group.lines[-1].baseline < _MOST * 1.3 * line.size]
        for group in reversed(open_):
            if _shares(group.lines[-1], line):
                if _goes_on(group, line, label, right, pitches):
                    group.lines.append(line)
                    break
                open_.remove(group)
        else:
            groups.append(Group([line], label))
            open_.append(groups[-1])
            continue
    return groups


def _shares(above: Line, line: Line) -> bool:
    if is_mono(above) and is_mono(line):
        return True
    return min(above.end, line.end) > max(above.start, line.start)


def _goes_on(group: Group, line: Line, label: Label | None, right: float, pitches: Pitches) -> bool:
    """Whether a line is the next one of a group."""
    above = group.lines[-1]
    size = max(above.size, line.size)
    step = line.baseline - above.baseline
    if abs(above.size - line.size) > _SAME_SIZE * size:
        return False
    is_code = is_mono(above)
    if is_code != is_mono(line) and ends_early(above, line, right):
        return False
    if is_code and is_mono(line):
        return step < _MOST * size
    if step > _APART * pitches.of(line.size) or step <= 0.2 * size:
        return False
    is_early = ends_early(above, line, right)
    if is_bold(above) != is_bold(line) and (is_early or is_bold(line)):
        return False
    if label is not None and _begins_item(label, group.label, is_early=is_early):
        return False
    if is_early and (group.label is not None or above.text.endswith(_ENDS)):
        return False
    is_indented = line.start - above.start > _INDENT * size and group.lines[0].start < line.start
    return group.label is not None or not is_indented or not is_early


def _begins_item(label: Label, last: Label | None, *, is_early: bool) -> bool:
    """Whether a label is one, and not a word that begins a line by chance; `last` is that of the group's first line."""
    if is_early or not (label.is_number or label.text in _DOUBTFUL):
        return True
    return last is not None and last.is_number and label.is_number and successor(last.text, label.text)
