"""Reads the fields of a form on a page: what is chosen, as signs in the text.

A check box is drawn as a tick or not, which is a glyph of any font (PDF 32000-1, 12.7.4.2), and a list box shows what
was not chosen too. So these are hidden while a page is read, and their signs are read in the place of their glyphs.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pymupdf
from pymupdf import mupdf

from engine.convert.page.blocks import Box
from engine.convert.text.textline import Font, Line, Word

CHOSEN, NOT_CHOSEN = "☑", "☐"
SIGNS = frozenset({CHOSEN, NOT_CHOSEN})
_MOST_OPTIONS = 30
"""Of a list box; of a longer one only those that are chosen are told."""
_HIDDEN = 2
_NOT_SHOWN = _HIDDEN | 32
_RADIO, _PUSHBUTTON, _COMBO = 1 << 15, 1 << 16, 1 << 17
_FONT = Font("form field", 10.0, bold=False, italic=False, mono=False, strike=False, color=0, visible=True)
_HEIGHT = 1.2
"""Of a line, by the size of its font."""
_LARGEST = 11.0
"""In points: what stands in a larger field, as no text is beside it, is set no larger than this."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field on a page."""

    box: Box
    """As PyMuPDF gives text its places: without the page's rotation."""
    text: str | None
    """What it says; None of one whose text is read from what it shows."""
    is_button: bool
    annotation: Any
    """What MuPDF has it in."""

    def moved(self, matrix: pymupdf.Matrix) -> "Field":
        """The same on a page that was turned."""
        return replace(self, box=tuple(pymupdf.Rect(self.box) * matrix))


def fields_of(page: pymupdf.Page) -> list[Field]:
    """The fields that a page shows."""
    pdf_page = pymupdf._as_pdf_page(page, required=False)
    widget = mupdf.pdf_first_widget(pdf_page) if pdf_page.m_internal else None
    found: list[Field] = []
    while widget is not None and widget.m_internal:
        annotation = mupdf.pdf_annot_obj(widget)
        if not mupdf.pdf_to_int(_get(annotation, "F")) & _NOT_SHOWN:
            text, is_button = _text(annotation), _kind(annotation) == "Btn"
            if text is not None or not is_button:
                rect = pymupdf.Rect(mupdf.pdf_bound_widget(widget)) * page.derotation_matrix
                found.append(Field(tuple(rect), text, is_button, annotation))
        widget = mupdf.pdf_next_widget(widget)
    return found


def with_texts(page: pymupdf.Page, fields: Iterable[Field]) -> list[Field]:
    """A page's fields, with the text that those show of which it is not known what they say."""
    return [
        replace(field, text=" ".join(page.get_textbox(field.box).split())) if field.text is None else field
        for field in fields
    ]


@contextmanager
def hidden(fields: Iterable[Field]) -> Iterator[None]:
    """Within, what MuPDF reads of a page is without those of these fields that are known to say something."""
    before = [(field.annotation, _get(field.annotation, "F")) for field in fields if field.text is not None]
    for annotation, flags in before:
        annotation.pdf_dict_put_int(pymupdf.PDF_NAME("F"), mupdf.pdf_to_int(flags) | _HIDDEN)
    try:
        yield
    finally:
        for annotation, flags in before:
            annotation.pdf_dict_put_int(pymupdf.PDF_NAME("F"), mupdf.pdf_to_int(flags))


def lines_of(fields: Iterable[Field], lines: Iterable[Line]) -> Iterator[Line]:
    """Fields as lines of text, each on the baseline of what stands beside it."""
    upright = [line for line in lines if line.is_upright]
    for field in fields:
        if field.text:
            beside = _beside(field.box, upright)
            x0, y0, _, y1 = field.box
            size = beside.size if beside is not None else min((y1 - y0) / _HEIGHT, _LARGEST)
            baseline = beside.baseline if beside is not None else (y0 + y1) / 2 + 0.35 * size
            yield Line(_words(field, size, baseline, x0))


def _words(field: Field, size: float, baseline: float, start: float) -> list[Word]:
    """The words of a field, set as wide as there is room for."""
    x0, _, x1, _ = field.box
    told = field.text or ""
    step = min((x1 - x0) / len(told), size)
    font = replace(_FONT, size=size)
    found = []
    for text in told.split():
        edges = [start + number * step for number in range(len(text) + 1)]
        box = (edges[0], baseline - 0.8 * size, edges[-1], baseline + 0.2 * size)
        found.append(Word(text, font, edges, baseline, box, blank_after=True))
        start = edges[-1] + step
    return found


def _beside(box: Box, lines: Iterable[Line]) -> Line | None:
    """The nearest line at the height of a box."""
    x0, y0, x1, y1 = box
    near = [line for line in lines if y0 < line.baseline - 0.3 * line.size < y1]
    return min(near, key=lambda line: max(line.start - x1, x0 - line.end), default=None)


def _text(annotation: Any) -> str | None:
    """What a field says by what is chosen; None of a field that shows its text, or that chooses nothing."""
    flags = mupdf.pdf_to_int(_inherited(annotation, "Ff"))
    match _kind(annotation):
        case "Btn" if not flags & _PUSHBUTTON:
            return CHOSEN if _is_chosen(annotation) else NOT_CHOSEN
        case "Ch" if not flags & _COMBO:
            return _options(annotation)
    return None


def _kind(annotation: Any) -> str:
    return str(mupdf.pdf_to_name(_inherited(annotation, "FT")))


def _is_chosen(annotation: Any) -> bool:
    """By the field's value, or by what is shown where several buttons of a field have that value."""
    state, value = _value(_get(annotation, "AS")), _value(_inherited(annotation, "V"))
    own = _own_state(annotation)
    siblings = _get(_get(annotation, "Parent"), "Kids")
    count = siblings.pdf_array_len() if not mupdf.pdf_to_text_string(_get(annotation, "T")) else 0
    if count > 1:
        shown = [_value(_get(siblings.pdf_array_get(number), "AS")) for number in range(count)]
        if any(_is_on(each) for each in shown) or not _is_on(value):
            return _is_on(state)
        return own == value
    if not value:
        return _is_on(state)
    return _is_on(value) and (not own or value == own or _is_on(state))


def _own_state(annotation: Any) -> str:
    """The name of the state in which a button is chosen; empty if it has no appearance to say so."""
    states = mupdf.pdf_dict_getp(annotation, "AP/N")
    if states.pdf_is_dict() and not states.pdf_is_stream():
        for number in range(states.pdf_dict_len()):
            name = states.pdf_dict_get_key(number).pdf_to_name()
            if _is_on(name):
                return str(name)
    return ""


def _is_on(state: str) -> bool:
    return state not in ("", "Off")


def _options(annotation: Any) -> str:
    values = _inherited(annotation, "V")
    chosen = {_value(each) for each in _items(values)} if values.pdf_is_array() else {_value(values)}
    found: list[tuple[str, bool]] = []
    for option in _items(_inherited(annotation, "Opt")):
        # What is exported, and what is shown; or both in one.
        parts = [_value(part) for part in _items(option)] if option.pdf_is_array() else [_value(option)]
        if parts:
            found.append((parts[-1], not chosen.isdisjoint(parts)))
    if len(found) > _MOST_OPTIONS:
        found = [each for each in found if each[1]]
    return " ".join(" ".join(f"{CHOSEN if is_chosen else NOT_CHOSEN} {text}".split()) for text, is_chosen in found)


def _items(array: Any) -> Iterator[Any]:
    for number in range(array.pdf_array_len() if array.pdf_is_array() else 0):
        yield array.pdf_array_get(number)


def _value(value: Any) -> str:
    return str(value.pdf_to_name() if value.pdf_is_name() else value.pdf_to_text_string())


def _get(dictionary: Any, name: str) -> Any:
    return dictionary.pdf_dict_gets(name)


def _inherited(annotation: Any, name: str) -> Any:
    return annotation.pdf_dict_gets_inheritable(name)
