"""Says what groups of lines are: headings, list items, captions, footnotes, running heads and feet."""

import re
from collections.abc import Sequence
from itertools import zip_longest

from engine.convert.fastlayout.pageparts import Part, is_bold, is_mono
from engine.convert.fastlayout.textgroups import Group
from engine.convert.page.blocks import around
from engine.convert.text.listlabels import successor
from engine.convert.text.textflow import styled
from engine.convert.text.textline import dominant_size

_LARGER = 1.12
"""Times the size of most text: a heading's, without being bold."""
_LONGEST = 160
_MOST_LINES = 3
_MARGIN = 0.09
"""Of a page's height: in the upper and the lower margin."""
_APART = 1.6
"""Running heads are so far from text, in sizes of theirs."""
_CAPTION = re.compile(
    r"(?:fig(?:ure|\.)?|table|listing|algorithm|abb(?:ildung|\.)|tab(?:elle|leau|\.))\s*\d+(?:[.\d]*[.:]\s|\s*$)",
    re.IGNORECASE,
)


def name_kinds(groups: Sequence[Group], body: float, height: float, tables: Sequence[Part] = ()) -> list[Part]:
    """Groups as parts of their kind; `body` is the size of most text in points. `tables` stand among them."""
    parts = [Part.of("text", group.lines) for group in groups]
    found = {id(part): group for part, group in zip(parts, groups, strict=True)}
    ordered = sorted([*parts, *tables], key=lambda part: part.box[1])
    for part, following in zip_longest(ordered, ordered[1:]):
        group = found.get(id(part))
        if group is None:
            continue
        if group.label is not None and (not group.label.is_number or _is_counted(group, groups)):
            part.kind = "list-item"
        elif _CAPTION.match(group.lines[0].text) and len(group.lines) < 6:
            part.kind = "caption"
        elif _is_heading(part, following, body):
            part.kind = "section-header"
        elif _is_note(part, body, height):
            part.kind = "footnote"
    _call_furniture(parts, height)
    return parts


def _is_counted(group: Group, groups: Sequence[Group]) -> bool:
    """Whether another group at the same place has the number before or after that of this one."""
    label = group.label
    assert label is not None
    if is_bold(group.lines[0]):
        return False
    size = group.lines[0].size
    return any(
        other.label is not None
        and other.label.is_number
        and other is not group
        and abs(other.label.left - label.left) < size
        and (successor(label.text, other.label.text) or successor(other.label.text, label.text))
        for other in groups
    )


def _is_heading(part: Part, following: Part | None, body: float) -> bool:
    lines = part.lines
    text = " ".join(line.text for line in lines)
    if len(lines) > _MOST_LINES or len(text) > _LONGEST or not any(map(str.isalpha, text)):
        return False
    if following is None or text.endswith((",", ";")):
        return False
    size = dominant_size(lines)
    if size >= _LARGER * body:
        return True
    if size < 0.95 * body or all(map(is_mono, lines)) or text.endswith("."):
        return False
    return all(map(is_bold, lines)) and (following.kind == "table" or not all(map(is_bold, following.lines)))


def _is_note(part: Part, body: float, height: float) -> bool:
    if dominant_size(part.lines) > 0.93 * body or part.box[1] < 0.5 * height:
        return False
    first = styled(part.lines[0])[0]
    return first.script == 1 or first.text.strip() in ("*", "†", "‡")


def _call_furniture(parts: Sequence[Part], height: float) -> None:
    """Call single lines in the margins, well apart from text, running heads and feet."""
    ordered = sorted(parts, key=lambda part: part.box[1])
    for is_top in (True, False):
        rest = ordered if is_top else sorted(parts, key=lambda part: -part.box[3])
        for number, part in enumerate(rest):
            size = part.lines[0].size
            edge = part.box[3] if is_top else height - part.box[1]
            if edge > _MARGIN * height or len(part.lines) > 2:
                break
            inner = rest[number + 1 :]
            if not inner:
                break
            beyond = around(other.box for other in inner if not _is_beside(part, other))
            gap = beyond[1] - part.box[3] if is_top else part.box[1] - beyond[3]
            beside = [other for other in rest[:number] if _is_beside(part, other)]
            if gap < _APART * size and not beside:
                break
            part.kind = "page-header" if is_top else "page-footer"


def _is_beside(part: Part, other: Part) -> bool:
    return min(part.box[3], other.box[3]) > max(part.box[1], other.box[1])
