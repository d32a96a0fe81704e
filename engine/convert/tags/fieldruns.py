"""Puts the fields of a form into the text of a tagged page: what they show is in no element, and may be a glyph."""

from collections.abc import Iterable, Iterator, Sequence

from engine.convert.page.blocks import Box
from engine.convert.tags.structuretext import Element, Run
from engine.convert.text.formfields import Field

_NEAR = 2.0
"""Times the size of a label's font: a button goes with the label to its right if that is no further away."""


def place_fields(root: Element, fields: Sequence[Field]) -> None:
    """Have each field follow its label, or a button stand before it, as near runs of its line tell."""
    places = list(_places(root))
    for field in sorted(fields, key=lambda field: (field.box[1], field.box[0])):
        if not field.text:
            continue
        found = _nearest(field, places)
        if found is None:
            continue
        parent, run, is_before = found
        size = run.size
        left, _, right, _ = field.box
        # As wide as there is room for beside the label, lest the two overlap.
        box = (left, run.box[1], max(min(right, run.box[0] - 0.3 * size), left) if is_before else right, run.box[3])
        told = Run(f"{field.text} " if is_before else f" {field.text}", box, run.baseline, run.font, size)
        at = next(number for number, kid in enumerate(parent.kids) if kid is run)
        parent.kids.insert(at if is_before else at + 1, told)
        places.append((parent, told))


def _places(element: Element) -> Iterator[tuple[Element, Run]]:
    for kid in element.kids:
        if isinstance(kid, Element):
            yield from _places(kid)
        elif kid.text.strip():
            yield element, kid


def _nearest(field: Field, places: Iterable[tuple[Element, Run]]) -> tuple[Element, Run, bool] | None:
    """The run that a field belongs to, the element it is in, and whether the field stands before it."""
    x0, y0, x1, y1 = field.box
    best: tuple[float, Element, Run, bool] | None = None
    above: tuple[float, Element, Run] | None = None
    for parent, run in places:
        if y0 < run.baseline - 0.3 * run.size < y1:
            is_before = run.box[0] >= x1 - 1
            gap = run.box[0] - x1 if is_before else x0 - run.box[2]
            if is_before and field.is_button and gap < _NEAR * run.size:
                gap = -1.0  # a label stands right of its button, whatever is left of it
            elif is_before and not field.is_button:
                gap += 1000.0
            if best is None or gap < best[0]:
                best = (gap, parent, run, is_before)
        elif run.baseline <= y0 + 1 and _overlap(run.box, field.box) and (above is None or run.baseline > above[0]):
            above = (run.baseline, parent, run)
    if best is not None:
        return best[1:]
    return (*above[1:], False) if above is not None else None


def _overlap(one: Box, other: Box) -> bool:
    return min(one[2], other[2]) > max(one[0], other[0])
