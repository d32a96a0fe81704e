"""Text of structure elements: runs of one font into spans with styles and links, and the lines of listings."""

import re
from bisect import bisect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

from engine.convert.page.blocks import Kind, Span, stripped
from engine.convert.tags.leftwardruns import in_order
from engine.convert.tags.structuretext import Run
from engine.convert.text.glyphs.bidi import has_right_to_left
from engine.convert.text.glyphs.characters import without_invisible
from engine.convert.text.linktargets import LinksByHeight

_INNER_HYPHEN = re.compile(r"\xad(?=.)")
"""A soft hyphen within a line: it is in the page's content because it is painted."""
_LEADER = re.compile(r"\s*(?:(?:[.·․]\s?){4,}|[‥…]{2,})\s*")
"""The dots between a title and its page number, in a table of contents."""
_CJK = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uff60]")


@dataclass(frozen=True, slots=True)
class Style:
    """What structure elements say of the text in them."""

    bold: bool = False
    italic: bool = False
    code: bool = False
    strike: bool = False
    script: int = 0


def apart(runs: list[tuple[Run, Style]], kind: Kind) -> Iterator[tuple[Kind, list[tuple[Run, Style]]]]:
    """Runs of a block of some kind, those of formulas that are set apart as blocks of their own."""
    for is_apart, part in groupby(runs, key=lambda pair: id(pair[0]) if pair[0].formula is Kind.FORMULA else 0):
        yield (Kind.FORMULA if is_apart else kind), list(part)


def spans_of(runs: list[tuple[Run, Style]], links: LinksByHeight) -> list[Span]:
    """Runs as spans, with the blanks between them that have no character of their own."""
    if any(has_right_to_left(run.text) for run, _ in runs):
        runs = in_order(runs)
    spans: list[Span] = []
    last: Run | None = None
    scripts = _scripts([run for run, _ in runs])
    for number, (run, style) in enumerate(runs):
        if run.formula is not None:
            before = spans[-1].text if spans else " "
            if last is not None and _gap(last, run, before, "") and not before.endswith((" ", "\n")):
                spans.append(Span(" "))
            spans.append(Span(run.text, link=_link_of(run, links), math=True))
            last = run
            continue
        text = run.text
        if not text.isascii():
            text = _INNER_HYPHEN.sub("-", without_invisible(text).replace("\xa0", " "))
        if last is not None and spans:
            before = spans[-1].text
            gap = _gap(last, run, before, text)
            if before.endswith("\xad"):
                spans[-1].text = before[:-1] + ("" if _is_next_line(last, run) else "-")
            elif before.endswith(" ") and not (style.code or run.is_monospaced):
                text = text.lstrip(" ")  # what stood between two blanks is no text, as the leaders of contents
                if not text:
                    continue
            elif gap and not before.endswith((" ", "\n")) and not text.startswith(" "):
                # The blank belongs to neither style; to the one before, if that is what the next one is as well.
                spans.append(Span(" "))
        spans.append(
            Span(
                text,
                bold=style.bold or run.is_bold,
                italic=style.italic or run.is_italic,
                code=style.code or run.is_monospaced,
                strike=style.strike or run.is_struck,
                script=style.script or scripts[number],
                link=_link_of(run, links),
                hidden=run.is_hidden,
            )
        )
        last = run
    _bridge(spans)
    return spans


def without_leaders(spans: Iterable[Span]) -> list[Span]:
    """The spans of a table of contents without the dots in it."""
    return stripped(replace(span, text=_LEADER.sub(" ", span.text)) for span in spans)


def _scripts(runs: list[Run]) -> list[int]:
    """1 for what stands above the line in smaller letters, -1 for what stands below it, else 0."""
    if len({run.size for run in runs}) == 1:  # as in most blocks
        return [0] * len(runs)
    usual = usual_size(runs)
    found = []
    for number, run in enumerate(runs):
        beside = runs[max(number - 1, 0) : number] + runs[number + 1 : number + 2]
        rise = [other.baseline - run.baseline for other in beside if other.size > 1.1 * run.size]
        rise = [step for step in rise if 0.08 * usual < abs(step) < 0.6 * usual]
        is_small = run.size < 0.9 * usual and len(run.text.strip()) <= 12
        # The letters of a logo, as that of TeX, are no exponents: these are digits, or end a word.
        following = runs[number + 1].text[:1] if number + 1 < len(runs) else ""
        is_small &= not (run.text[-1:].isalpha() and following.isalpha())
        found.append((1 if rise[0] > 0 else -1) if rise and is_small else 0)
    return found


def _bridge(spans: list[Span]) -> None:
    """A blank between two pieces of one style is of that style too."""
    for number, (before, blank, after) in enumerate(zip(spans, spans[1:], spans[2:], strict=False), start=1):
        if blank.text == " " and before.style == after.style:
            spans[number] = replace(before, text=" ")


def _gap(last: Run, run: Run, before: str, text: str) -> bool:
    """Whether there is a blank between two runs that has no character of its own."""
    size = max(run.size, last.size)
    if _is_next_line(last, run):
        if before.endswith(("-", "\u2010", "/")) and len(before) > 1 and before[-2].isalnum() and text[:1].isalnum():
            return False
        return not (_CJK.match(before[-1:]) and _CJK.match(text[:1]))
    return run.box[0] - last.box[2] > 0.18 * size


def _is_next_line(last: Run, run: Run) -> bool:
    return abs(run.baseline - last.baseline) > 0.6 * max(run.size, last.size)


def _link_of(run: Run, links: LinksByHeight) -> str:
    left, top, right, bottom = run.box
    middle = (top + bottom) / 2
    for (x0, y0, x1, y1), target in links.near(middle):
        if y0 - 1 <= middle <= y1 + 1 and min(right, x1) - max(left, x0) >= 0.8 * (right - left):
            return target
    return ""


def code_text(runs: list[Run]) -> str:
    """Lines as they stand on the page: indentation from where they begin, blank lines from the gaps between them."""
    lines = _lines(runs)
    if not lines:
        return ""
    left = min(run.box[0] for run in runs)
    widths = [(run.box[2] - run.box[0]) / len(run.text) for run in runs if len(run.text) > 2]
    advance = sorted(widths)[len(widths) // 2] if widths else runs[0].size * 0.6
    baselines = [line[0].baseline for line in lines]
    steps = [b - a for a, b in pairwise(baselines) if b - a > runs[0].size * 0.5]
    pitch = min(steps, default=0.0)
    right = max(run.box[2] for run in runs)
    written: list[str] = []
    before: Run | None = None
    for line in lines:
        text = ""
        for run in line:
            column = round((run.box[0] - left) / advance) if advance > 0 else 0
            text += " " * (column - len(text)) + run.text
        text = text.replace("\xa0", " ")
        if before is not None and written and _is_wrapped(before, text, right, advance):
            written[-1] += text
        else:
            if before is not None and pitch and line[0].baseline > before.baseline:
                written += [""] * min(round((line[0].baseline - before.baseline) / pitch) - 1, 5)
            written.append(text)
        before = line[-1]
    return "\n".join(line.rstrip() for line in written).strip("\n")


def _lines(runs: list[Run]) -> list[list[Run]]:
    """Runs by line, in the order in which lines begin; a run is on a line whose baseline is near its own."""
    lines: list[list[Run]] = []
    places: list[tuple[float, int]] = []  # baseline and number of each line, sorted
    for run in runs:
        at = bisect(places, (run.baseline, -1))
        near = min(places[max(at - 1, 0) : at + 1], key=lambda place: abs(place[0] - run.baseline), default=None)
        if near is not None and abs(near[0] - run.baseline) <= 0.3 * run.size:
            lines[near[1]].append(run)
        else:
            places.insert(at, (run.baseline, len(lines)))
            lines.append([run])
    return lines


def _is_wrapped(last: Run, following: str, right: float, advance: float) -> bool:
    """Whether a line of a listing was cut because it was too long.

    The blank at the cut is still there, as Chromium leaves it, and the first word of the rest would not have fitted.
    """
    word = following.split(" ", 1)[0]
    return bool(word) and last.text.endswith(" ") and last.box[2] + advance * (len(word) - 0.5) > right


def usual_size(runs: Iterable[Run]) -> float:
    """The font size of most of the text, in points."""
    sizes: dict[float, int] = {}
    for run in runs:
        sizes[run.size] = sizes.get(run.size, 0) + len(run.text)
    usual: float = max(sizes, key=sizes.__getitem__, default=0.0) if len(sizes) != 1 else next(iter(sizes))
    return round(usual, 1)
