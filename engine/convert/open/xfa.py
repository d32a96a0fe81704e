"""Reads what was filled into an XFA form: its data, with the captions that its template has for them.

Such a form is XML that a viewer builds pages from; those in the PDF say no more than that this viewer is needed. Data
and template are two parts of the XML, and what stands in the data belongs to the field of its name, or to one that
refers to it (XFA 3.3, "Basic Data Binding").
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser

import pymupdf
from pymupdf import mupdf

from engine.convert.page.formentry import FormEntry
from engine.convert.text.formfields import CHOSEN, NOT_CHOSEN
from engine.convert.text.glyphs.characters import readable

_MOST_BYTES = 32 << 20
_MOST_PARTS = 200
_MOST_ENTRIES = 20_000
_MOST_ALIKE = 30
"""Fields of one name."""
_DEEPEST = 50
_XHTML = "{http://www.w3.org/1999/xhtml}"
_LINES = frozenset({"p", "li", "br", "div"})
_LINE_ENDS = re.compile(r"\s*\n\s*")
_NOT_TEXT = frozenset({"button", "imageEdit", "signature", "passwordEdit"})
_TEMPLATE, _DATASETS = "template", "datasets"


@dataclass(frozen=True, slots=True)
class _Field:
    """What the template says of a field, or of the buttons of which one is chosen."""

    path: tuple[str, ...]
    """The names of what it lies in."""
    caption: str
    kind: str
    """Of how it is filled in: `textEdit`, `choiceList`, `checkButton`, `exclGroup` and so on."""
    shown: Mapping[str, str]
    """What stands for a value of the data on the form, where that is something else."""


def read_xfa(pdf: pymupdf.Document) -> list[FormEntry]:
    """What was filled into the form, in the order of its data; if nothing was, what it asks for, without names.

    Raises `ValueError` where the XML cannot be read, and what PyMuPDF raises on bad files.
    """
    template: Element | None = None
    data: Element | None = None
    for root in _roots(pdf):
        for part in root.iter():
            if _name(part) == _TEMPLATE and template is None:
                template = part
            elif _name(part) == _DATASETS and data is None:
                data = next((child for child in part if _name(child) == "data"), None)
    fields = {} if template is None else _fields(template)
    filled = [] if data is None else _filled([*_entries(data, fields)])
    return filled or ([] if template is None else [*islice(_asked(template), _MOST_ENTRIES)])


def _roots(pdf: pymupdf.Document) -> list[Element]:
    """The XML: one stream for all, or a stream for each part of it (PDF 32000-1, 12.7.8).

    Where these are not well-formed together, the two parts that matter may still be by themselves.
    """
    document = pymupdf._as_pdf_document(pdf).m_internal
    found = mupdf.ll_pdf_dict_getp(mupdf.ll_pdf_trailer(document), "Root/AcroForm/XFA")
    if not mupdf.ll_pdf_is_array(found):
        return [_parsed(_content(found))]
    parts = [
        (mupdf.ll_pdf_to_text_string(mupdf.ll_pdf_array_get(found, place)), mupdf.ll_pdf_array_get(found, place + 1))
        for place in range(0, min(mupdf.ll_pdf_array_len(found), _MOST_PARTS) - 1, 2)
    ]
    try:
        return [_parsed(b"".join(_content(part) for _, part in parts))]
    except ValueError:
        return [_parsed(_content(part)) for name, part in parts if name in (_TEMPLATE, _DATASETS)]


def _content(stream: Any) -> bytes:
    if not mupdf.ll_pdf_is_stream(stream):
        raise ValueError("a part of it is missing")
    buffer = mupdf.ll_pdf_load_stream(stream)
    try:
        if mupdf.ll_fz_buffer_storage(buffer)[0] > _MOST_BYTES:
            raise ValueError("its XML is too large")
        return bytes(mupdf.ll_fz_buffer_extract_copy(buffer))
    finally:
        mupdf.ll_fz_drop_buffer(buffer)


class _Builder(TreeBuilder):
    """No form has a document type; one that has is to fill the memory with its entities."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise ValueError("its XML has a document type")


def _parsed(source: bytes) -> Element:
    parser = XMLParser(target=_Builder())
    try:
        parser.feed(source)
        root: Element = parser.close()
    except ParseError as error:
        raise ValueError(f"its XML is damaged: {error}") from error
    return root


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _fields(template: Element) -> dict[str, list[_Field]]:
    """The fields of the form, by their own names and the last ones of what they refer to."""
    found: dict[str, list[_Field]] = {}
    waiting: list[tuple[Element, tuple[str, ...]]] = [(template, ())]
    while waiting:
        element, path = waiting.pop()
        name = element.get("name", "")
        if _name(element) in ("field", "exclGroup"):
            bind = next((child for child in element if _name(child) == "bind"), None)
            reference = "" if bind is None else bind.get("ref", "").rpartition(".")[2].partition("[")[0]
            one = _field(element, path)
            for each in {name, reference} - {""}:
                alike = found.setdefault(each, [])
                if len(alike) < _MOST_ALIKE:
                    alike.append(one)
        else:
            inner = (*path, name)[-_DEEPEST:] if name else path
            waiting += [(child, inner) for child in element]
    return found


def _asked(template: Element) -> Iterator[FormEntry]:
    """What stands on a form that nobody has filled in: its texts, and the captions of its fields."""
    for element in template.iter():
        text = ""
        if _name(element) == "draw" and element.get("presence", "visible") == "visible":
            text = " ".join(_text(part) for part in element if _name(part) == "value")
        elif _name(element) == "field" and (field := _field(element, ())).kind not in _NOT_TEXT:
            text = field.caption
        if text := " ".join(text.split()):
            yield FormEntry(1, text)


def _field(element: Element, path: tuple[str, ...]) -> _Field:
    if _name(element) == "exclGroup":
        buttons = [_field(child, path) for child in element if _name(child) == "field"]
        shown = {value: button.caption for button in buttons for value in [*button.shown][:1]}
        return _Field(path, _caption(element), "exclGroup", shown)
    parts = {_name(child): child for child in element}
    looks = [_name(child) for child in parts["ui"]] if "ui" in parts else []
    kind = next((look for look in looks if look != "picture"), "textEdit")
    lists = [[_text(item) for item in child] for child in element if _name(child) == "items"]
    saved = [child.get("save") == "1" for child in element if _name(child) == "items"]
    values = next((items for items, is_saved in zip(lists, saved, strict=True) if is_saved), lists[0] if lists else [])
    texts = next((items for items, is_saved in zip(lists, saved, strict=True) if not is_saved), values)
    shown = dict(zip(values, texts, strict=False)) or ({"1": ""} if kind == "checkButton" else {})
    return _Field(path, _caption(element), kind, shown)


def _caption(element: Element) -> str:
    """What stands beside a field, else what is said of it where the mouse rests, else its name."""
    for child in element:
        if _name(child) == "caption":
            value = next((part for part in child if _name(part) == "value"), None)
            if value is not None and (text := " ".join(_text(value).split())):
                return text
    tips = (part for child in element if _name(child) == "assist" for part in child if _name(part) == "toolTip")
    return next((text for tip in tips if (text := " ".join(_text(tip).split()))), element.get("name", ""))


def _text(element: Element) -> str:
    """The text in an element, a line for each paragraph of formatted text."""
    for part in element.iter():
        if part.tag.startswith(_XHTML) and _name(part) in _LINES:
            part.text = f"\n{part.text or ''}"
    return readable(_LINE_ENDS.sub("\n", "".join(element.itertext())).strip())


def _entries(data: Element, fields: Mapping[str, Sequence[_Field]]) -> Iterator[tuple[FormEntry, bool]]:
    """What stands in the data, each with whether it holds others; what holds all others is left out."""
    waiting = _inside(data, (), "")
    first = 0 if len(waiting) == 1 else 1
    count = 0
    while waiting and count < _MOST_ENTRIES:
        element, path, name = waiting.pop()
        if len(path) > _DEEPEST:
            raise ValueError("its data is nested too deep")
        depth = len(path) + first
        field = max(fields.get(_name(element), ()), key=lambda each: len({*each.path} & {*path}), default=None)
        parts = _parts(element)
        if not parts or (field is not None and all(_name(part) == "value" for part in parts)):
            values = [_text(part) for part in parts or [element]]
            is_picture = any(value.startswith("image/") for value in element.attrib.values())
            found = [] if is_picture else [*_answers(field, _name(element), values, max(depth, 1), name)]
            yield from ((entry, False) for entry in found)
            count += len(found)
            continue
        if depth:
            yield FormEntry(depth, _name(element)), True
            count += 1
        waiting += _inside(element, (*path, _name(element)), f"{name}.")
    if waiting:
        yield FormEntry(1, f"[More than {_MOST_ENTRIES:,} values were filled in; the others are left out.]"), False


def _inside(element: Element, path: tuple[str, ...], before: str) -> list[tuple[Element, tuple[str, ...], str]]:
    """What an element of the data holds, the last first, each with its path and its name."""
    parts = _parts(element)
    counts, seen = Counter(map(_name, parts)), Counter[str]()
    found = []
    for part in parts:
        number = f"[{seen[_name(part)]}]" if counts[_name(part)] > 1 else ""
        seen[_name(part)] += 1
        found.append((part, path, f"{before}{_name(part)}{number}"))
    return found[::-1]


def _parts(element: Element) -> list[Element]:
    """What an element of the data holds, if that is no formatted text."""
    return [part for part in element if not part.tag.startswith(_XHTML)]


def _answers(field: _Field | None, own: str, values: list[str], depth: int, name: str) -> Iterator[FormEntry]:
    """What was filled into one field, if anything was."""
    value = "\n".join(values)
    caption = (field.caption if field else "") or own
    shown = field.shown if field else {}
    if not value or (field is not None and field.kind in _NOT_TEXT):
        return
    if field is not None and field.kind == "checkButton":
        yield FormEntry(depth, f"{CHOSEN if value == next(iter(shown)) else NOT_CHOSEN} {caption}", name, value)
    elif field is not None and field.kind == "exclGroup" and value in shown:
        yield FormEntry(depth, caption, name, value)
        for each, text in shown.items():
            yield FormEntry(depth + 1, f"{CHOSEN if each == value else NOT_CHOSEN} {text}")
    else:
        said = " ".join(", ".join(shown.get(each) or each for each in values).split())
        yield FormEntry(depth, f"{caption}{' ' if caption.endswith(('?', ':')) else ': '}{said}", name, value)


def _filled(entries: list[tuple[FormEntry, bool]]) -> list[FormEntry]:
    """Without what holds nothing."""
    found: list[FormEntry] = []
    for entry, is_group in reversed(entries):
        if not is_group or (found and found[-1].depth > entry.depth):
            found.append(entry)
    return found[::-1]
